import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { UsageError } from "../errors.ts";
import { readBytes, writeFileAtomic, writeJsonAtomic } from "../files/atomic.ts";
import { mayReplace } from "../files/outputs.ts";
import { decodeNpz, encodeNpz } from "./npz.ts";
import { type Tensor, tensor, toFloat32 } from "../files/tensor.ts";

/** States that an agent visited, with the Q-values it gave them: what conversions and classifiers are made from. */
export interface Replay {
  readonly size: number;
  readonly observationSize: number;
  /** [size, observationSize] */
  readonly states: Float32Array;
  /** [size, actions], or null where only the states are known. */
  readonly outputs: Float32Array | null;
  /** Where the states were visited, if that's known: the original's folders don't say. */
  readonly environment?: string;
}

const INPUTS = "memory_inputs.npz";
const OUTPUTS = "memory_outputs.npz";
const FACTS = "replay.json";
const factsSchema = z.looseObject({ environment: z.string().optional() });

/**
 * Reads a replay folder as the original and `dsqn collect` write it: `memory_inputs.npz` with the states and, if it is there,
 * `memory_outputs.npz` with the Q-values, each under the key arr_0, of any float type. `replay.json` names the environment.
 */
export async function loadReplay(folder: string): Promise<Replay> {
  const inputs = await readMatrix(join(folder, INPUTS));
  const environment = existsSync(join(folder, FACTS)) ? await environmentOf(join(folder, FACTS)) : undefined;
  const outputs = existsSync(join(folder, OUTPUTS)) ? await readMatrix(join(folder, OUTPUTS)) : null;
  if (outputs && outputs.shape[0] !== inputs.shape[0])
    throw new UsageError(
      "REPLAY_MISMATCH",
      `${folder} holds ${inputs.shape[0]} states, but Q-values for ${outputs.shape[0]}.`,
      {
        hint: `Delete ${OUTPUTS}: whoever needs Q-values computes them again.`,
      },
    );
  return {
    size: inputs.shape[0],
    observationSize: inputs.shape[1],
    states: inputs.data as Float32Array,
    outputs: outputs && (outputs.data as Float32Array),
    ...(environment !== undefined && { environment }),
  };
}

async function environmentOf(path: string): Promise<string | undefined> {
  try {
    return factsSchema.parse(JSON.parse(Buffer.from(await readBytes(path)).toString("utf8"))).environment;
  } catch (cause) {
    throw new UsageError("REPLAY_MISMATCH", `${path} does not say where the states come from.`, {
      cause,
      hint: 'It should read {"environment": "CartPole-v1"}; deleted, nothing is checked.',
    });
  }
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

/** The first array of an .npz as rows; dimensions beyond the first are flattened, as some of the original's files have a 1 among them. */
export async function readMatrix(path: string): Promise<Tensor> {
  const arrays = decodeNpz(await readBytes(path), path);
  const array = arrays.arr_0 ?? Object.values(arrays)[0];
  const columns = array?.shape.slice(1).reduce((product, n) => product * n, 1);
  if (!array || array.shape.length < 2 || array.shape[0] === 0 || columns === 0)
    throw new UsageError(
      "REPLAY_MISMATCH",
      `${path} holds no rows of values (shape [${array?.shape.join(", ") ?? ""}]).`,
    );
  const data = toFloat32(array);
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new UsageError("REPLAY_NOT_FINITE", `${path} holds ${data[bad]} in row ${Math.floor(bad / columns)}.`);
  return { dtype: "float32", data, shape: [array.shape[0], columns] };
}
