import { gameOf } from "../environments/atari-id.ts";
import { UsageError } from "../errors.ts";
import { loadReplay } from "../formats/replay.ts";

/**
 * The states of a replay folder, [n, observationSize]. Throws REPLAY_MISMATCH when they are not the network's: of another width, or
 * visited in another `environment` (where both are known; an Atari game is one environment under all its ids).
 */
export async function loadReplayStates(
  folder: string,
  observationSize: number,
  environment?: string,
): Promise<Float32Array> {
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
  const { environment: visited } = replay;
  if (environment !== undefined && visited !== undefined && gameOf(visited) !== gameOf(environment))
    throw new UsageError(
      "REPLAY_MISMATCH",
      `The states in ${folder} were visited in ${visited}; the network acts in ${environment}.`,
      {
        hint: "Collect the states with this network in its own environment: dsqn collect <model> --env ID --size N --out DIR.",
        facts: { folder, replay: visited, network: environment },
      },
    );
  return replay.states;
}
