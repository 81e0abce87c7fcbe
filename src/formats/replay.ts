import { existsSync } from "node:fs";
import { join } from "node:path";
import { readBytes, writeFileAtomic, writeJsonAtomic } from "../files/atomic.ts";
import { mayReplace } from "../files/outputs.ts";
import { encodeNpz } from "./npz.ts";
import { tensor } from "../files/tensor.ts";
import { decodeReplay, FACTS, INPUTS, OUTPUTS, type Replay, type ReplayFiles } from "./replay-bytes.ts";

export type { Replay } from "./replay-bytes.ts";

/**
 * Reads a replay folder as the original and `dsqn collect` write it: `memory_inputs.npz` with the states and, if it is there,
 * `memory_outputs.npz` with the Q-values, each under the key arr_0, of any float type. `replay.json` names the environment.
 */
export async function loadReplay(folder: string): Promise<Replay> {
  const files: ReplayFiles = {
    inputs: await readBytes(join(folder, INPUTS)),
    outputs: existsSync(join(folder, OUTPUTS)) ? await readBytes(join(folder, OUTPUTS)) : undefined,
    facts: existsSync(join(folder, FACTS)) ? await readBytes(join(folder, FACTS)) : undefined,
  };
  return decodeReplay(files, (name) => (name === "" ? folder : join(folder, name)));
}

/** Refuses (OUTPUT_TAKEN) a folder with states that `dsqn collect`, which says where they come from, did not write. */
export function mayWriteReplay(folder: string): void {
  if (existsSync(join(folder, FACTS))) return;
  for (const name of [INPUTS, OUTPUTS]) mayReplace(join(folder, name));
}

/** Writes a replay folder that the original's code reads too. */
export async function saveReplay(
  folder: string,
  { size, observationSize, states, outputs, environment }: Omit<Replay, "size"> & { size?: number },
): Promise<void> {
  const n = size ?? states.length / observationSize;
  await writeFileAtomic(join(folder, INPUTS), encodeNpz({ arr_0: tensor(states, [n, observationSize]) }));
  if (outputs)
    await writeFileAtomic(join(folder, OUTPUTS), encodeNpz({ arr_0: tensor(outputs, [n, outputs.length / n]) }));
  if (environment !== undefined) await writeJsonAtomic(join(folder, FACTS), { environment });
}
