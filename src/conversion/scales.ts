import type { DenseLayer, DenseNetwork } from "../network/old/dense-network.ts";
import { UsageError } from "../errors.ts";
import { denseActivations } from "./activations.ts";
import { pow } from "../numeric/elementary.ts";

/**
 * Where a layer's scale lambda comes from. The spiking layer computes activation / lambda as a firing rate of at most one
 * spike per step, so lambda is the largest activation that it can express.
 * - model: the largest input that weights and biases allow when every input is at most 1 (Diehl et al. 2015)
 * - data: the largest activation over a set of states (Diehl et al. 2015)
 * - robust: a percentile of it, which gives up the rare peaks for a finer resolution (Rueckauer et al. 2017)
 */
export type Normalisation = "robust" | "data" | "model";

/**
 * What the percentile is taken of:
 * - layer-maxima: the largest activation of the layer in each state (the thesis's; stricter)
 * - activations: all activations of the layer (Rueckauer et al. 2017)
 */
export type PercentileOf = "layer-maxima" | "activations";

/** How the scale of each layer is chosen from the activations of the states. */
export interface ScaleOptions {
  readonly method?: Normalisation;
  /** In (0, 1]; `data` is `robust` at 1. */
  readonly percentile?: number;
  readonly percentileOf?: PercentileOf;
  /** One scale for the whole layer, or one for each neuron (its own activations' percentile). */
  readonly granularity?: "layer" | "neuron";
  /**
   * Room above the percentile for activations beyond those of the states, and for spikes that come late: layer l = 0, 1, ... has headroom^l
   * times its scale. 1 (none) unless given.
   */
  readonly headroom?: number;
  /** Only the first so many states are looked at. */
  readonly maxStates?: number;
}

export const scaleDefaults = {
  method: "robust",
  percentile: 0.99,
  percentileOf: "layer-maxima",
  granularity: "layer",
  headroom: 1,
  maxStates: 20_000,
} as const satisfies Required<ScaleOptions>;

/**
 * Scales per layer: one number, or [outputs] with granularity "neuron". As in the thesis's code a layer's scale is never
 * below its largest weight and bias, which also keeps it positive where all outputs are negative.
 * `states`: [n, inputs]; not looked at by method "model".
 */
export function layerScales(network: DenseNetwork, states: Float32Array, options: ScaleOptions = {}): Float64Array[] {
  const o = { ...scaleDefaults, ...options };
  if (!(o.percentile > 0 && o.percentile <= 1))
    throw new UsageError("BAD_ARGUMENT", `The percentile has to lie in (0, 1], not ${o.percentile}.`, {
      hint: "0.99 stands for the 99th percentile.",
    });
  if (o.method === "model") return network.layers.map((layer) => perGranularity(neuronBounds(layer), o.granularity));
  const percentile = o.method === "data" ? 1 : o.percentile;
  const activations = denseActivations(network, states.subarray(0, o.maxStates * network.layers[0].inputs));
  return network.layers.map((layer, l) =>
    o.granularity === "neuron"
      ? neuronScales(layer, activations[l], percentile).map((scale) => pow(o.headroom, l) * scale)
      : Float64Array.of(
          Math.max(
            largest(layer.weights),
            largest(layer.biases),
            pow(o.headroom, l) * layerStatistic(layer, activations[l], percentile, o.percentileOf),
          ),
        ),
  );
}

/** sorted[floor(p (n - 1))]: the percentile as the thesis's code takes it, without interpolation. */
export function percentileOf(values: Float32Array, p: number): number {
  const sorted = Float32Array.from(values).sort();
  return sorted[Math.floor(p * (sorted.length - 1))];
}

function layerStatistic(layer: DenseLayer, activations: Float32Array, p: number, of: PercentileOf): number {
  if (of === "activations") return percentileOf(activations, p);
  const maxima = new Float32Array(activations.length / layer.outputs);
  for (let k = 0; k < maxima.length; k++)
    maxima[k] = largest(activations.subarray(k * layer.outputs, (k + 1) * layer.outputs));
  return percentileOf(maxima, p);
}

/**
 * Each neuron's own percentile. A neuron that is hardly ever active gets at least a twentieth of the layer's largest scale:
 * a smaller one would blow its weights up for states that nobody has seen.
 */
function neuronScales(layer: DenseLayer, activations: Float32Array, p: number): Float64Array {
  const n = activations.length / layer.outputs;
  const column = new Float32Array(n);
  const scales = new Float64Array(layer.outputs);
  for (let j = 0; j < layer.outputs; j++) {
    for (let k = 0; k < n; k++) column[k] = activations[k * layer.outputs + j];
    scales[j] = percentileOf(column, p);
  }
  const floor = 0.05 * largest(scales);
  return scales.map((scale) => Math.max(scale, floor > 0 ? floor : 1));
}

/** The largest input of each neuron when every presynaptic value lies in [0, 1]: its positive weights and bias summed. */
function neuronBounds({ inputs, outputs, weights, biases }: DenseLayer): Float64Array {
  const bounds = Float64Array.from(biases, (b) => Math.max(b, 0));
  for (let i = 0; i < inputs; i++) for (let j = 0; j < outputs; j++) bounds[j] += Math.max(weights[i * outputs + j], 0);
  const fallback = largest(bounds) > 0 ? largest(bounds) : 1;
  return bounds.map((bound) => (bound > 0 ? bound : fallback));
}

function perGranularity(neurons: Float64Array, granularity: "layer" | "neuron"): Float64Array {
  return granularity === "neuron" ? neurons : Float64Array.of(largest(neurons));
}

/** The largest of some numbers. */
export function largest(values: ArrayLike<number>): number {
  let max = -Infinity;
  for (let i = 0; i < values.length; i++) if (values[i] > max) max = values[i];
  return max;
}
