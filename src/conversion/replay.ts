import { UsageError } from "../errors.ts";
import { loadReplay } from "../formats/replay.ts";

/** The states of a replay folder, [n, observationSize]; an error when they are not the network's. */
export async function loadReplayStates(folder: string, observationSize: number): Promise<Float32Array> {
  const replay = await loadReplay(folder);
  if (replay.observationSize !== observationSize)
    throw new UsageError(
      "REPLAY_MISMATCH",
      `The states in ${folder} have ${replay.observationSize} values each; the network takes ${observationSize}.`,
      {
        hint: "Collect the states with this network in its own environment: dsqn collect <model> --env ID --size N --out DIR.",
        facts: { folder, replay: replay.observationSize, network: observationSize },
      },
    );
  return replay.states;
}
