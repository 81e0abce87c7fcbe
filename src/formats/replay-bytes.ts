import * as z from "zod/mini";
import { UsageError } from "../errors.ts";
import { type Tensor, toFloat32 } from "../files/tensor.ts";
import { decodeNpz } from "./npz.ts";

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

/** The files of a replay folder. */
export const INPUTS = "memory_inputs.npz";
export const OUTPUTS = "memory_outputs.npz";
export const FACTS = "replay.json";
const factsSchema = z.looseObject({ environment: z.optional(z.string()) });

export interface ReplayFiles {
  /** memory_inputs.npz */
  readonly inputs: Uint8Array;
  /** memory_outputs.npz */
  readonly outputs?: Uint8Array;
  /** replay.json */
  readonly facts?: Uint8Array;
}

/**
 * The replay in the bytes of its files. `pathOf` names one of them, or with "" all together, in errors.
 *
 * @throws UsageError REPLAY_MISMATCH, REPLAY_NOT_FINITE
 */
export function decodeReplay(
  files: ReplayFiles,
  pathOf: (name: string) => string = (name) => name || "The replay",
): Replay {
  const inputs = matrixIn(files.inputs, pathOf(INPUTS));
  const environment = files.facts && environmentIn(files.facts, pathOf(FACTS));
  const outputs = files.outputs ? matrixIn(files.outputs, pathOf(OUTPUTS)) : null;
  if (outputs && outputs.shape[0] !== inputs.shape[0])
    throw new UsageError(
      "REPLAY_MISMATCH",
      `${pathOf("")} holds ${inputs.shape[0]} states, but Q-values for ${outputs.shape[0]}.`,
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

function environmentIn(bytes: Uint8Array, path: string): string | undefined {
  try {
    return factsSchema.parse(JSON.parse(new TextDecoder().decode(bytes))).environment;
  } catch (cause) {
    throw new UsageError("REPLAY_MISMATCH", `${path} does not say where the states come from.`, {
      cause,
      hint: 'It should read {"environment": "CartPole-v1"}; deleted, nothing is checked.',
    });
  }
}

/** The first array of an .npz as rows; dimensions beyond the first are flattened, as some of the original's files have a 1 among them. `path` names it in errors. */
function matrixIn(bytes: Uint8Array, path: string): Tensor {
  const arrays = decodeNpz(bytes, path);
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
