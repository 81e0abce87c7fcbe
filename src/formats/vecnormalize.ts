import { DsqnError } from "../errors.ts";
import { readBytes } from "../files/atomic.ts";
import { type PickleValue, readPickle } from "./pickle.ts";
import { isNoted, noted, numpyArray, objectOpcodes } from "./pickle-objects.ts";

/** What observations go through before a network sees them: (x - mean) / sqrt(variance + epsilon), each [values]. */
export interface Standardisation {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  readonly epsilon: number;
  /** What lies further out, in standard deviations, was clipped. */
  readonly clip: number;
}

/**
 * The statistics of observations in what stable-baselines3's `VecNormalize.save` wrote. It is a pickle of the object itself; nothing in it is run,
 * and no class is looked for: see `noted`.
 */
export async function readVecNormalize(path: string): Promise<Standardisation> {
  const invalid = (problem: string, cause?: unknown): DsqnError =>
    new DsqnError("VECNORMALIZE_INVALID", `${path}: ${problem}.`, {
      cause,
      hint: "It must be what VecNormalize.save(FILE) of stable-baselines3 wrote.",
      facts: { path },
    });
  const bytes = await readBytes(path);
  let value: PickleValue;
  try {
    ({ value } = readPickle(bytes, { globals: {}, unknown: noted, opcodes: objectOpcodes, source: path }));
  } catch (cause) {
    throw invalid(`it is no pickle that could be read (${(cause as Error).message})`, cause);
  }
  const state = fieldsOf(value);
  const statistics = fieldsOf(state?.get("obs_rms") ?? null);
  if (!state || !isNoted(value, /VecNormalize$/)) throw invalid("it holds no VecNormalize");
  if (state.get("norm_obs") === false)
    throw invalid("it normalises rewards alone: the network sees observations as they are");
  if (!statistics) throw invalid("it holds no statistics of one kind of observation (obs_rms)");
  const [mean, variance] = ["mean", "var"].map((name) => {
    const found = numpyArray(statistics.get(name) ?? null);
    if (!found || !found.dtype.startsWith("float") || found.shape.length !== 1)
      throw invalid(`its ${name} is no list of values`);
    return Float64Array.from(found.data as Float64Array);
  });
  const [epsilon, clip] = ["epsilon", "clip_obs"].map((name) => {
    const number = state.get(name);
    if (typeof number !== "number" || !Number.isFinite(number)) throw invalid(`its ${name} is no number`);
    return number;
  });
  if (
    mean.length !== variance.length ||
    ![...mean, ...variance].every(Number.isFinite) ||
    variance.some((v) => v + epsilon <= 0)
  )
    throw invalid("its statistics are no means and variances");
  return { mean, variance, epsilon, clip };
}

function fieldsOf(value: PickleValue): Map<PickleValue, PickleValue> | undefined {
  return isNoted(value) && value.state instanceof Map ? value.state : undefined;
}
