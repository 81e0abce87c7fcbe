import type { Layer } from "./layer.ts";
import { type SpikingNetwork, spikingLayers } from "./network.ts";
import { fanOut } from "./synapses.ts";

/**
 * A price on spikes, added to the loss (the upper bound of Zenke & Vogels 2021, without a lower one):
 *
 *   R = strength sum_l 1 / (B N_l) sum_b sum_j max(0, r_bj - rate)^2,   r_bj = 1/T sum_t s_bj[t]
 *
 * over the layers l that spike, their N_l neurons and the B states of a batch. Of operations instead of spikes, a layer's part counts as often as it has
 * synapses to the next one, beside the mean of all layers: a spike then costs in proportion to the additions that it causes.
 */
export interface SpikeRegulariser {
  readonly strength: number;
  /** Spikes per step that cost nothing. */
  readonly rate: number;
  /** What is paid for; spikes unless given. */
  readonly of?: "spikes" | "operations";
}

/** The price on each layer that spikes: of operations in proportion to what its neurons' spikes cause. */
export function layerPrices(price: SpikeRegulariser, network: SpikingNetwork): SpikeRegulariser[] {
  const spiking = spikingLayers(network);
  if (price.of !== "operations") return Array.from({ length: spiking }, () => price);
  const synapses = Array.from({ length: spiking }, (_, l) =>
    l + 1 < network.layers.length ? synapsesOf(network.layers[l + 1]) : 0,
  );
  const all = synapses.reduce((sum, n) => sum + n, 0);
  return synapses.map((n) => ({ ...price, strength: all && (price.strength * n * spiking) / all }));
}

const synapsesOf = (layer: Layer): number =>
  fanOut({ ...layer, weights: layer.weights.map(() => 1) }).reduce((sum, n) => sum + n, 0);

/**
 * One neuron's part of R in one state, and the derivative with respect to each of its spikes, from its number of
 * spikes.
 */
export function spikePenalty(
  { strength, rate }: SpikeRegulariser,
  spikes: number,
  steps: number,
  neurons: number,
  batch: number,
): { penalty: number; gradient: number } {
  const excess = Math.max(0, spikes / steps - rate);
  const weight = strength / (batch * neurons);
  return { penalty: weight * excess * excess, gradient: (2 * weight * excess) / steps };
}

/**
 * R of one layer, whose derivatives are added to those at its spikes: `s` and `gs` [states, rows, neurons]; outside of
 * these rows nothing spikes.
 */
export function addSpikePenalty(
  regulariser: SpikeRegulariser,
  s: ArrayLike<number>,
  gs: Float32Array | Float64Array,
  { states, neurons, steps, batch }: { states: number; neurons: number; steps: number; batch: number },
  round: (x: number) => number = (x) => x,
): number {
  const size = s.length / states;
  let sum = 0;
  for (let from = 0; from < s.length; from += size)
    for (let j = from; j < from + neurons; j++) {
      let count = 0;
      for (let k = j; k < from + size; k += neurons) count += s[k];
      const { penalty, gradient } = spikePenalty(regulariser, count, steps, neurons, batch);
      sum += penalty;
      if (gradient !== 0) for (let k = j; k < from + size; k += neurons) gs[k] = round(gs[k] + gradient);
    }
  return sum;
}
