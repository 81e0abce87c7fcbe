import type { Work } from "./engine.ts";
import type { SpikingNetwork } from "./network.ts";
import { fanOut } from "./synapses.ts";

/**
 * Effective operations per decision, as NeuroBench counts them (Yik et al. 2025): a synapse works when its input is not zero, and one
 * of weight zero never does.
 *
 * `arrivals`: per layer, [values that its synapses start from, in the first layer the negative parts of signed inputs after them], how often
 * each was not zero, over the batch: spikes in every step, constant input once per decision. With max pooling that is what left the
 * windows; choosing the largest is no synaptic operation. `spikeCounts`: per layer that spikes, [neurons], over batch and steps.
 */
export function countWork(
  network: SpikingNetwork,
  batch: number,
  arrivals: readonly ArrayLike<number>[],
  spikeCounts: readonly ArrayLike<number>[],
): Work {
  const [first, ...operations] = network.layers.map((layer, l) => {
    const fan = fanOut(layer);
    let sum = 0;
    for (let i = 0; i < arrivals[l].length; i++) sum += arrivals[l][i] * fan[i % fan.length];
    return sum;
  });
  const spikes = spikeCounts.flatMap((counts) => Array.from(counts)).reduce((sum, n) => sum + n, 0);
  const analog = network.encoding === "constant";
  const accumulates = operations.reduce((sum, n) => sum + n, analog ? 0 : first);
  const multiplyAccumulates = analog ? first / batch : 0;
  return {
    spikes: spikes / batch,
    accumulates: accumulates / batch,
    multiplyAccumulates,
    synOps: accumulates / batch + multiplyAccumulates,
  };
}
