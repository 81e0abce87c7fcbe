import { withFilters } from "../ann/convolution.ts";
import type { SpikingLayer } from "./network.ts";

/** The synapses of a layer, without its neurons. */
export type Synapses = Pick<SpikingLayer, "weights" | "outputs" | "convolution">;

/** Larger populations aren't looked for. */
const LARGEST = 64;

/**
 * How many neurons side by side (in a convolution: channels) have equal synapses, all over the layer; 1: none have. Such are the populations of
 * a converted network (conversion/population.ts): they differ in bias and initial potential only, so their sums of weights are equal in every step.
 */
export function populationOf({ weights, outputs, convolution }: Synapses): number {
  const columns = convolution ? convolution.output[2] : outputs;
  for (let size = Math.min(columns, LARGEST); size > 1; size--)
    if (columns % size === 0 && repeats(weights, size, 1)) return size;
  return 1;
}

/** Whether `values` are runs of `size` equal rows of `row` values each. */
export function repeats(values: Float32Array, size: number, row: number): boolean {
  for (let first = 0; first < values.length; first += size * row)
    for (let k = first + row; k < first + size * row; k++) if (values[k] !== values[k - row]) return false;
  return true;
}

/** The synapses of the first neuron of each population of `size`. */
export function synapsesOfOne({ weights, outputs, convolution }: Synapses, size: number): Synapses {
  if (size === 1) return { weights, outputs, convolution };
  return {
    weights: Float32Array.from({ length: weights.length / size }, (_, k) => weights[k * size]),
    outputs: outputs / size,
    convolution: convolution && withFilters(convolution, convolution.output[2] / size),
  };
}
