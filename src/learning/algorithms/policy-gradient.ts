import type { TrainableNetwork } from "../../network/trainable.ts";
import { mean, standardDeviation } from "../../numeric/statistics.ts";
import { exp, log } from "../../numeric/elementary.ts";

/** One episode as the network saw it. */
export interface Episode {
  /** [length, observationSize] */
  readonly observations: Float32Array;
  /** [length] */
  readonly actions: Int32Array;
  readonly rewards: Float64Array;
}

/** G_t = r_t + gamma G_{t+1} per episode, less the mean and over the deviation of its episode or of all of them. */
export function discountedReturns(
  episodes: readonly Episode[],
  gamma: number,
  over: "episode" | "update",
): Float64Array[] {
  const returns = episodes.map(({ rewards }) => {
    const discounted = new Float64Array(rewards.length);
    for (let t = rewards.length - 1, next = 0; t >= 0; t--) discounted[t] = next = rewards[t] + gamma * next;
    return discounted;
  });
  const normalise = (values: Float64Array, sample: ArrayLike<number>): Float64Array => {
    const m = mean(sample);
    const deviation = standardDeviation(sample) + Number.EPSILON; // an episode of one step has none
    return values.map((value) => (value - m) / deviation);
  };
  if (over === "episode") return returns.map((values) => normalise(values, values));
  const all = returns.flatMap((values) => Array.from(values));
  return returns.map((values) => normalise(values, all));
}

/**
 * Writes the gradient of  -mean_t [ G_t log pi(a_t | o_t) + entropy H(pi(. | o_t)) ]  over all steps of all episodes into
 * `gradients`, flat like the network's parameters.
 */
export function policyGradient(
  network: TrainableNetwork,
  episodes: readonly Episode[],
  returns: readonly Float64Array[],
  entropy: number,
  gradients: Float32Array,
): void {
  const { observationSize: n, actions, maxBatch } = network;
  const total = episodes.reduce((sum, { actions: taken }) => sum + taken.length, 0);
  const outputGradients = new Float32Array(maxBatch * actions);
  const row = (values: Float32Array, k: number): Float32Array => values.subarray(k * actions, (k + 1) * actions);
  gradients.fill(0);
  for (const [e, episode] of episodes.entries())
    for (let start = 0; start < episode.actions.length; start += maxBatch) {
      const size = Math.min(maxBatch, episode.actions.length - start);
      const outputs = network.forward(episode.observations.subarray(start * n, (start + size) * n), size);
      for (let k = 0; k < size; k++)
        stepGradient(row(outputs, k), row(outputGradients, k), {
          taken: episode.actions[start + k],
          weight: returns[e][start + k],
          entropy,
          total,
        });
      network.backward(outputGradients.subarray(0, size * actions));
      for (let i = 0; i < gradients.length; i++) gradients[i] += network.gradients[i];
    }
}

/** Writes one step's part of the gradient with respect to the outputs into `into`; both [actions]. */
function stepGradient(
  outputs: Float32Array,
  into: Float32Array,
  { taken, weight, entropy, total }: { taken: number; weight: number; entropy: number; total: number },
): void {
  const top = outputs.reduce((a, b) => Math.max(a, b), -Infinity);
  const logSum = log(outputs.reduce((sum, value) => sum + exp(value - top), 0));
  let h = 0;
  for (const value of outputs) h -= exp(value - top - logSum) * (value - top - logSum);
  for (let j = 0; j < outputs.length; j++) {
    const logProbability = outputs[j] - top - logSum;
    const p = exp(logProbability);
    // d(-log pi(a)) / dz_j = p_j - [j = a];  d(-H) / dz_j = p_j (log p_j + H)
    into[j] = (weight * (p - Number(j === taken)) + entropy * p * (logProbability + h)) / total;
  }
}
