import type { Work } from "./engine.ts";
import { isSpiking, type Network } from "./network.ts";
import { fanOut } from "./synapses.ts";

/** Whether what arrives at layer l's synapses may be another number than 0 and 1: means, sums, several spikes in a step. */
function graded({ layers }: Network, l: number): boolean {
  const before = l > 0 ? layers[l - 1].activation : undefined;
  const kind = layers[l].pooling?.kind;
  return kind === "average" || kind === "sum" || (before?.kind === "lif" && before.maxSpikes > 1);
}

/**
 * Effective operations per decision, as NeuroBench counts them (Yik et al. 2025): a synapse works when its input is not
 * zero, and one of weight zero never does. Where its input is a spike that is an accumulation; where it is a value (in
 * a network without spikes, a constant input, a mean of spikes) it is a multiply-accumulation.
 *
 * `arrivals`: per layer, [values that its synapses start from, in the first layer the negative parts of signed inputs
 * after them], how often each was not zero, over the batch: spikes in every step, constant input once per decision.
 * With pooling that is what left the windows; pooling itself is no synaptic operation. `spikeCounts`: per layer that
 * spikes, [neurons], over batch and steps. `fans`: per layer its `fanOut`, where it is known already.
 */
export function countWork(
  network: Network,
  batch: number,
  arrivals: readonly ArrayLike<number>[],
  spikeCounts: readonly ArrayLike<number>[],
  fans: readonly Float64Array[] = network.layers.map(fanOut),
): Work {
  const analog = network.coding?.encoding === "constant";
  let [accumulates, multiplyAccumulates, spikes] = [0, 0, 0];
  for (const [l, fan] of fans.entries()) {
    let sum = 0;
    for (let i = 0; i < arrivals[l].length;) for (let k = 0; k < fan.length; k++) sum += arrivals[l][i++] * fan[k];
    const values = !isSpiking(network) || (l === 0 && analog) || graded(network, l);
    if (values) multiplyAccumulates += sum;
    else accumulates += sum;
  }
  for (const counts of spikeCounts) spikes += total(counts);
  let active = spikes;
  if (!isSpiking(network)) for (const counts of arrivals.slice(1)) active += total(counts);
  [accumulates, multiplyAccumulates, spikes, active] = [accumulates, multiplyAccumulates, spikes, active].map(
    (n) => n / batch,
  );
  return { spikes, accumulates, multiplyAccumulates, synOps: accumulates + multiplyAccumulates, active };
}

function total(counts: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) sum += counts[i];
  return sum;
}
