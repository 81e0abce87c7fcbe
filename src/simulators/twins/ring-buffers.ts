import { forEachSynapse } from "../../network/convolution.ts";
import { columnsOf, type Layer, outputsOf } from "../../network/layer.ts";
import type { SpikingNetwork } from "../../network/network.ts";
import { exponentOf, powerOfTwo } from "../../numeric/elementary.ts";
import { roundHalfEven } from "./accum.ts";

/** What of a layer its synapses are made of. */
export type Weighted = Pick<Layer, "synapses" | "weights">;

/**
 * What bounds the weights that arrive at a neuron in one step:
 * - sums: the largest sum of one sign's weights over the synapses of a neuron. No more can arrive while sources spike
 *   once in a step at most. The bridge tells it to sPyNNaker (`max_expected_summed_weight`)
 * - spynnaker: sPyNNaker's own where it is told nothing and all delays are alike, (largest weight) x (largest number of
 *   synapses of one sign that reach one neuron). It counts one spike per source and step, of Poisson sources too, whose
 *   buffers can so run full
 */
export type Bound = "sums" | "spynnaker";

/** Each layer's bound: sums, but sPyNNaker's own where a `tauM` is asked for, and behind Poisson sources on the chip. */
export function layerBounds(
  { layers, coding }: Pick<SpikingNetwork, "layers" | "coding">,
  { tauM, poissonOnChip }: { readonly tauM?: number; readonly poissonOnChip?: boolean },
): Bound[] {
  const drawn = poissonOnChip === true && coding.encoding === "poisson";
  return layers.map((_, l) => (tauM !== undefined || (l === 0 && drawn) ? "spynnaker" : "sums"));
}

/**
 * How a layer's weights fit into 16 bits. Ring buffers are 16 bits wide and hold what arrives at a neuron within one
 * step; excitatory (0) and inhibitory (1) inputs have buffers of their own. sPyNNaker takes the next power of two
 * 2^shift strictly above the bound, and scales weights by 2^(15 - shift). Source: `get_ring_buffer_shifts` and `_Stats`
 * of sPyNNaker 7.4, population_vertex.py.
 */
export interface RingBuffers {
  /** Excitatory, inhibitory. */
  readonly shifts: readonly [number, number];
  /** Laid out as the layer's weights: the words 0 .. 65535 that are written, those of inhibitory synapses negated. */
  readonly words: Int32Array;
}

export function ringBuffers(layer: Weighted, bound: Bound): RingBuffers {
  const { weights } = layer;
  const [excitatory, inhibitory] = (bound === "sums" ? largestSums(layer) : largestProducts(layer)).map(
    ringBufferShift,
  );
  const words = Int32Array.from(weights, (w) => {
    const word = roundHalfEven(Math.abs(w) * powerOfTwo(15 - (w < 0 ? inhibitory : excitatory))) & 0xffff;
    return w < 0 ? -word : word;
  });
  return { shifts: [excitatory, inhibitory], words };
}

/** The smallest power of two, from 2^0 on, that is strictly above `bound`. */
export function ringBufferShift(bound: number): number {
  return bound < 1 ? 0 : exponentOf(bound) + 1;
}

/** Of either sign: the largest sum of a neuron's weights; at the border of an image a convolution has no more. */
function largestSums(layer: Weighted): [number, number] {
  const { weights } = layer;
  const columns = columnsOf(layer);
  const [excitatory, inhibitory] = [new Float64Array(columns), new Float64Array(columns)];
  weights.forEach((w, k) => (w > 0 ? (excitatory[k % columns] += w) : (inhibitory[k % columns] -= w)));
  const largest = (sums: Float64Array): number => sums.reduce((a, b) => Math.max(a, b), 0);
  return [largest(excitatory), largest(inhibitory)];
}

/** Of either sign: its largest weight times its largest fan-in. */
function largestProducts(layer: Weighted): [number, number] {
  const { synapses, weights } = layer;
  const outputs = outputsOf(layer);
  const [excitatory, inhibitory] = [new Uint32Array(outputs), new Uint32Array(outputs)];
  let [most, least] = [0, 0];
  const count = (target: number, w: number): void => {
    if (w > 0) excitatory[target]++;
    else if (w < 0) inhibitory[target]++;
    if (w > most) most = w;
    else if (w < least) least = w;
  };
  if (synapses.kind === "convolution")
    forEachSynapse(synapses, (_source, target, weight) => count(target, weights[weight]));
  else weights.forEach((w, k) => count(k % outputs, w));
  const largest = (counts: Uint32Array): number => counts.reduce((a, b) => Math.max(a, b), 0);
  return [most * largest(excitatory), -least * largest(inhibitory)];
}
