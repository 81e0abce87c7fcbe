import type { Random } from "../../numeric/random.ts";
import type { Minibatch } from "./ppo-gradient.ts";

/** What was done since the last update, [horizon, count] each. */
export interface Rollout {
  /** A teacher's probabilities, [steps, actions]; empty without one. */
  readonly taught: Float32Array;
  readonly actions: Int32Array;
  readonly logProbabilities: Float32Array;
  readonly values: Float32Array;
  readonly rewards: Float64Array;
  readonly ended: Uint8Array;
}

/** `taught`: actions of a teacher, 0 without one. */
export function createRollout(steps: number, taught: number): Rollout {
  return {
    taught: new Float32Array(steps * taught),
    actions: new Int32Array(steps),
    logProbabilities: new Float32Array(steps),
    values: new Float32Array(steps),
    rewards: new Float64Array(steps),
    ended: new Uint8Array(steps),
  };
}

/** All its steps in a random order, `size` of them at a time: which they are, and what they were. */
export function* minibatches(
  { actions, logProbabilities, values, taught }: Rollout,
  advantages: Float64Array,
  size: number,
  random: Random,
): Generator<{ readonly steps: Int32Array; readonly batch: Minibatch }> {
  const order = shuffled(actions.length, random);
  for (let start = 0; start < order.length; start += size) {
    const steps = order.subarray(start, start + size);
    const batch: Minibatch = {
      actions: steps.map((k) => actions[k]),
      logProbabilities: Float32Array.from(steps, (k) => logProbabilities[k]),
      advantages: Float64Array.from(steps, (k) => advantages[k]),
      returns: Float64Array.from(steps, (k) => advantages[k] + values[k]),
      ...(taught.length > 0 && { taught: rowsOf(taught, steps, taught.length / actions.length) }),
    };
    yield { steps, batch };
  }
}

/** Some rows of values [.., width]. */
function rowsOf(values: Float32Array, rows: Int32Array, width: number): Float32Array {
  const chosen = new Float32Array(rows.length * width);
  rows.forEach((k, to) => chosen.set(values.subarray(k * width, (k + 1) * width), to * width));
  return chosen;
}

/** 0 to n - 1 in a random order (Fisher & Yates). */
function shuffled(n: number, random: Random): Int32Array {
  const order = Int32Array.from({ length: n }, (_, k) => k);
  for (let k = n - 1; k > 0; k--) {
    const other = random.integer(k + 1);
    [order[k], order[other]] = [order[other], order[k]];
  }
  return order;
}
