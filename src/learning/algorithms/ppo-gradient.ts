import { exp, log } from "../../numeric/elementary.ts";
import type { Judgement } from "../actor-critic/actor-critic.ts";

/**
 * Generalised advantage estimation (Schulman et al. 2016, eqs. 11 and 16) over `horizon` steps of `count` environments, all arrays [horizon, count]:
 *
 *   delta_t = r_t + gamma V(o_{t+1}) (1 - ended_t) - V(o_t)
 *   A_t     = delta_t + gamma lambda (1 - ended_t) A_{t+1}
 *
 * `next` [count]: V of what the environments show after the last step. `ended`: an episode ended with this step, terminated or cut; where it was cut,
 * `rewards` hold gamma V of its final observation already.
 */
export function generalisedAdvantages(
  { rewards, values, ended }: { rewards: Float64Array; values: Float32Array; ended: Uint8Array },
  next: Float32Array,
  gamma: number,
  lambda: number,
): Float64Array {
  const count = next.length;
  const advantages = new Float64Array(rewards.length);
  for (let i = 0; i < count; i++)
    for (let k = rewards.length - count + i, following = next[i], later = 0; k >= 0; k -= count) {
      const open = 1 - ended[k];
      const delta = rewards[k] + gamma * following * open - values[k];
      advantages[k] = later = delta + gamma * lambda * open * later;
      following = values[k];
    }
  return advantages;
}

/** What a minibatch was, [size] each. */
export interface Minibatch {
  readonly actions: Int32Array;
  /** log pi(a | o) of the policy that acted. */
  readonly logProbabilities: Float32Array;
  readonly advantages: Float64Array;
  /** What the critic learns: advantage and value of then. */
  readonly returns: Float64Array;
  /** A teacher's probabilities of the actions, [size, actions]. */
  readonly taught?: Float32Array;
}

/** Weights of the parts of the objective. */
export interface Objective {
  /** The ratio of probabilities counts within 1 +- clipRange. */
  readonly clipRange: number;
  readonly entropy: number;
  readonly valueWeight: number;
  /** Of the cross-entropy to a teacher. */
  readonly teaching?: number;
}

/** What a minibatch showed of the policy, means over its steps. */
export interface Showed {
  /** H(pi(. | o)), nats. */
  readonly entropy: number;
  /** KL(pi_then || pi), nats, estimated as rho - 1 - log rho (Schulman 2020, http://joschu.net/blog/kl-approx.html). */
  readonly divergence: number;
  /** The share of steps whose ratio lay beyond the range. */
  readonly clipped: number;
}

/**
 * Slopes of the loss of proximal policy optimisation (Schulman et al. 2017, eqs. 7 and 9) at what the networks say:
 *
 *   L = mean_k [ -min(rho_k A_k, clip(rho_k, 1 - c, 1 + c) A_k) - entropy H(pi(. | o_k)) + valueWeight / 2 (V(o_k) - G_k)^2 ]
 *
 * with rho = pi(a | o) / pi_then(a | o) and A of mean 0 and deviation 1 over the minibatch. Where there is a teacher q, - teaching sum_a q_a log pi(a | o)
 * comes to it (Schmitt et al. 2018).
 */
export function ppoSlopes(
  { logits, values }: Judgement,
  { actions: taken, logProbabilities, advantages, returns, taught }: Minibatch,
  { clipRange, entropy, valueWeight, teaching = 0 }: Objective,
): Judgement & { readonly showed: Showed } {
  const size = taken.length;
  const n = logits.length / size;
  const normal = normalised(advantages);
  const slopes = { logits: new Float32Array(size * n), values: new Float32Array(size) };
  const showed = { entropy: 0, divergence: 0, clipped: 0 };
  for (let k = 0; k < size; k++) {
    const row = logits.subarray(k * n, (k + 1) * n);
    const logs = logSoftmax(row);
    const change = logs[taken[k]] - logProbabilities[k];
    const ratio = exp(change);
    const a = normal[k];
    // Beyond the range, and wanting to go on: no slope.
    const held = a > 0 ? ratio > 1 + clipRange : ratio < 1 - clipRange;
    const pull = held ? 0 : ratio * a;
    let h = 0;
    for (const value of logs) h -= exp(value) * value;
    showed.entropy += h / size;
    showed.divergence += (ratio - 1 - change) / size;
    showed.clipped += Number(Math.abs(ratio - 1) > clipRange) / size;
    for (let j = 0; j < n; j++) {
      const p = exp(logs[j]);
      // d(-rho A) / dz_j = rho A (p_j - [j = a]);  d(-H) / dz_j = p_j (log p_j + H)
      const own = pull * (p - Number(j === taken[k])) + entropy * p * (logs[j] + h);
      slopes.logits[k * n + j] = (taught ? own + teaching * (p - taught[k * n + j]) : own) / size;
    }
    slopes.values[k] = (valueWeight * (values[k] - returns[k])) / size;
  }
  return { ...slopes, showed };
}

/** How much of the returns' variance the critic foretold: 1 - Var(A) / Var(V + A); 0 where all returns are equal. */
export function explainedVariance(values: Float32Array, advantages: Float64Array): number {
  const whole = variance(advantages.map((advantage, k) => advantage + values[k]));
  return whole > 0 ? 1 - variance(advantages) / whole : 0;
}

/** log of the softmax of one row. */
export function logSoftmax(row: Float32Array): Float64Array {
  const top = row.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = log(row.reduce((total, value) => total + exp(value - top), 0));
  return Float64Array.from(row, (value) => value - top - sum);
}

function normalised(values: Float64Array): Float64Array {
  const deviation = Math.sqrt(variance(values));
  const mean = meanOf(values);
  return values.map((value) => (value - mean) / (deviation + 1e-8));
}

const meanOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function variance(values: Float64Array): number {
  const mean = meanOf(values);
  return meanOf(values.map((value) => (value - mean) * (value - mean)));
}
