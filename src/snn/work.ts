import type { Work } from "./engine.ts";
import { type SpikingNetwork, spikingLayers } from "./network.ts";

/**
 * Effective operations per decision, as NeuroBench counts them (Yik et al. 2025): a synapse works when its input is not zero, and one
 * of weight zero never does.
 *
 * `inputCounts` [input neurons]: over the batch, how often each input neuron was not zero; constant input counts once per decision,
 * spikes in every step. `spikeCounts`: per layer that spikes, [neurons], summed over batch and steps.
 */
export function countWork(
  network: SpikingNetwork,
  batch: number,
  inputCounts: ArrayLike<number>,
  spikeCounts: readonly ArrayLike<number>[],
): Work {
  const { layers } = network;
  let spikes = 0;
  let accumulates = 0;
  for (let l = 0; l < spikingLayers(network); l++) {
    const fan = l + 1 < layers.length ? fanOut(layers[l + 1]) : undefined;
    for (let j = 0; j < spikeCounts[l].length; j++) {
      spikes += spikeCounts[l][j];
      if (fan) accumulates += spikeCounts[l][j] * fan[j];
    }
  }
  let inputOperations = 0;
  const fan = fanOut(layers[0]);
  for (let i = 0; i < inputCounts.length; i++) inputOperations += inputCounts[i] * fan[i % fan.length];
  const analog = network.encoding === "constant";
  if (!analog) accumulates += inputOperations;
  const multiplyAccumulates = analog ? inputOperations / batch : 0;
  return {
    spikes: spikes / batch,
    accumulates: accumulates / batch,
    multiplyAccumulates,
    synOps: accumulates / batch + multiplyAccumulates,
  };
}

/** [inputs], the connections of nonzero weight that leave each input of a layer. */
export function fanOut({
  inputs,
  outputs,
  weights,
}: {
  inputs: number;
  outputs: number;
  weights: Float32Array;
}): Float64Array {
  const fan = new Float64Array(inputs);
  for (let i = 0; i < inputs; i++) for (let j = 0; j < outputs; j++) if (weights[i * outputs + j] !== 0) fan[i]++;
  return fan;
}
