import type { Work } from "./engine.ts";
import type { SpikingNetwork } from "./network.ts";
import { fanOut } from "./synapses.ts";

/**
 * Effective operations per decision, as NeuroBench counts them (Yik et al. 2025): a synapse works when its input is not zero, and one
 * of weight zero never does.
 *
 * `arrivals`: per layer, [values that its synapses start from, in the first layer the negative parts of signed inputs after them], how often
 * each was not zero, over the batch: spikes in every step, constant input once per decision. With max pooling that is what left the
 * windows; choosing the largest is no synaptic operation. `spikeCounts`: per layer that spikes, [neurons], over batch and steps. `fans`: per
 * layer its `fanOut`, for who knows it already.
 */
export function countWork(
  network: SpikingNetwork,
  batch: number,
  arrivals: readonly ArrayLike<number>[],
  spikeCounts: readonly ArrayLike<number>[],
  fans: readonly Float64Array[] = network.layers.map(fanOut),
): Work {
  const [first, ...operations] = fans.map((fan, l) => {
    let sum = 0;
    for (let i = 0; i < arrivals[l].length; i++) sum += arrivals[l][i] * fan[i % fan.length];
    return sum;
  });
  let spikes = 0;
  for (const counts of spikeCounts) for (let i = 0; i < counts.length; i++) spikes += counts[i];
  const analog = network.coding.encoding === "constant";
  const accumulates = operations.reduce((sum, n) => sum + n, analog ? 0 : first);
  const multiplyAccumulates = analog ? first / batch : 0;
  return {
    spikes: spikes / batch,
    accumulates: accumulates / batch,
    multiplyAccumulates,
    synOps: accumulates / batch + multiplyAccumulates,
  };
}
