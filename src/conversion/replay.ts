import { join } from "node:path";
import { UsageError } from "../errors.ts";
import { readBytes } from "../formats/files.ts";
import { decodeNpz } from "../formats/npz.ts";
import { toFloat32 } from "../formats/tensor.ts";

/** The states of a replay data set, [n, observationSize]: `memory_inputs.npz` in `folder`, as `dsqn collect` and the original write it. */
export async function loadReplayStates(folder: string, observationSize: number): Promise<Float32Array> {
  const path = join(folder, "memory_inputs.npz");
  const [array] = Object.values(decodeNpz(await readBytes(path), path));
  const width = array?.shape.slice(1).reduce((product, n) => product * n, 1);
  if (!array || array.shape[0] === 0 || width !== observationSize)
    throw new UsageError("REPLAY_MISMATCH", `${path} holds an array of shape [${array?.shape.join(", ") ?? ""}], not states of ${observationSize} values each, which the network takes.`, {
      hint: "Collect the states with this network in its own environment: dsqn collect <model> --env ID --size N --out DIR.",
      facts: { path, shape: array?.shape ?? [], observationSize },
    });
  return toFloat32(array);
}
