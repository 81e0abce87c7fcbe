import { UsageError } from "../errors.ts";
import { columnsOf, outputsOf } from "../network/layer.ts";
import { type Network, observationSize } from "../network/network.ts";
import { pow } from "../numeric/elementary.ts";
import { layerActivations } from "../engines/fast/activations.ts";
import { type Stage, stagesOf } from "./stages.ts";

/**
 * Where a layer's scale lambda comes from. The spiking layer computes activation / lambda as a firing rate of at most one spike per step, so
 * lambda is the largest activation that it can express.
 * - model: the largest input that weights and biases allow when every input is at most 1 (Diehl et al. 2015), an observation at most 1 / inputScale
 * - data: the largest activation over a set of states (Diehl et al. 2015)
 * - robust: a percentile of it, which gives up the rare peaks for a finer resolution (Rueckauer et al. 2017)
 */
export type Normalisation = "robust" | "data" | "model";

/**
 * What the percentile is taken of:
 * - layer-maxima: in each state the largest activation of what shares a scale: the layer (the thesis's; stricter), or the channel
 * - activations: all its activations (Rueckauer et al. 2017)
 */
export type PercentileOf = "layer-maxima" | "activations";

/**
 * What a scale never falls below, whatever the activations say:
 * - largest-weight: the largest weight and the largest bias of what it is for, the layer or the neuron (the thesis's): no single synapse can
 *   make a neuron spike more than once
 * - share: a twentieth of the layer's largest scale: a smaller one would blow the weights of a neuron that is hardly ever active up for states
 *   that nobody has seen. With one scale for a layer it changes nothing.
 *
 * With either, what would still be 0 or less gets the layer's largest scale, or 1 where that is no better.
 */
export type Floor = "largest-weight" | "share";

/** How the scale of each layer is chosen from the activations of the states. */
export interface ScaleOptions {
  readonly method?: Normalisation;
  /** In (0, 1]; `data` is `robust` at 1. */
  readonly percentile?: number;
  readonly percentileOf?: PercentileOf;
  /** One scale for the whole layer, or one for each neuron; in a convolution, whose weights are shared over the image, for each channel. */
  readonly granularity?: "layer" | "neuron";
  readonly floor?: Floor;
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
  floor: "largest-weight",
  headroom: 1,
  maxStates: 20_000,
} as const satisfies Required<ScaleOptions>;

/** The least share of the layer's largest scale that floor "share" leaves. */
const SHARE = 0.05;
/** Activations that are held at once, about: states run in groups of as many as that allows. */
const HELD = 2 ** 22;
/** Activations of one layer that a percentile over all of them looks at, about; more are left out evenly. */
const SAMPLE = 2 ** 24;

/**
 * Scales per layer: one number, or with granularity "neuron" one for each neuron (of a convolution: channel). All are above 0.
 * `states`: [n, observationSize]; not looked at by method "model". `stages`: of the source.
 *
 * @throws UsageError BAD_ARGUMENT, REPLAY_MISMATCH
 */
export function layerScales(
  source: Network,
  states: Float32Array,
  options: ScaleOptions = {},
  stages: readonly Stage[] = stagesOf(source),
): Float64Array[] {
  const o = { ...scaleDefaults, ...options };
  if (!(o.percentile > 0 && o.percentile <= 1))
    throw new UsageError("BAD_ARGUMENT", `The percentile has to lie in (0, 1], not ${o.percentile}.`, {
      hint: "0.99 stands for the 99th percentile.",
    });
  /** Scales of stage l: output j has number j % groups. */
  const groups = stages.map((stage) => (o.granularity === "neuron" ? stage.channels : 1));
  /** Weights of stage l for inputs of at most 1. */
  const unit = (l: number): number => (l === 0 ? 1 / source.inputScale : 1);
  const found =
    o.method === "model"
      ? stages.map((stage, l) => groupMaxima(inputBounds(stage, unit(l)), groups[l]))
      : percentiles(source, stages, states, groups, o);
  return found.map((scales, l) => atLeast(scales, o.floor, stages[l], unit(l)));
}

/** sorted[floor(p (n - 1))]: the percentile as the thesis's code takes it, without interpolation. */
export function percentileOf(values: Float32Array, p: number): number {
  const sorted = Float32Array.from(values).sort();
  return sorted[Math.floor(p * (sorted.length - 1))];
}

/** The largest of some numbers. */
export function largest(values: ArrayLike<number>): number {
  return groupMaxima(values, 1)[0];
}

/** The largest of values g, g + groups, g + 2 groups, ... for each group g. */
function groupMaxima(values: ArrayLike<number>, groups: number): Float64Array {
  const maxima = new Float64Array(groups).fill(-Infinity);
  for (let k = 0, g = 0; k < values.length; k++, g = g + 1 === groups ? 0 : g + 1)
    if (values[k] > maxima[g]) maxima[g] = values[k];
  return maxima;
}

/** The largest input of each neuron or channel when every presynaptic value lies in [0, 1]: its positive weights and bias summed. */
function inputBounds(stage: Stage, unit: number): Float64Array {
  const columns = columnsOf(stage);
  const bounds = groupMaxima(stage.biases, columns).map((bias) => Math.max(bias, 0));
  for (let k = 0; k < stage.weights.length; k++) bounds[k % columns] += Math.max(stage.weights[k] * unit, 0);
  return bounds;
}

/** headroom^l times the percentile of what each group put out in the states. */
function percentiles(
  source: Network,
  stages: readonly Stage[],
  states: Float32Array,
  groups: readonly number[],
  o: Required<ScaleOptions>,
): Float64Array[] {
  const size = observationSize(source);
  const n = Math.min(o.maxStates, countStates(states, size));
  const maxima = o.percentileOf === "layer-maxima";
  const neurons = stages.map(outputsOf);
  const every = neurons.map((count) => (maxima ? 1 : Math.ceil((count * n) / SAMPLE)));
  const seen = stages.map((_, l) => {
    const length = Math.ceil(((maxima ? 1 : neurons[l] / groups[l]) * n) / every[l]);
    return Array.from({ length: groups[l] }, () => new Float32Array(length));
  });
  const together = Math.max(1, Math.floor(HELD / neurons.reduce((a, b) => a + b)));
  for (let first = 0; first < n; first += together) {
    const count = Math.min(together, n - first);
    const activations = layerActivations(source, states.subarray(first * size, (first + count) * size));
    for (const [l, all] of activations.entries())
      for (let b = 0; b < count; b++) {
        const values = all.subarray(b * neurons[l], (b + 1) * neurons[l]);
        if (maxima) groupMaxima(values, groups[l]).forEach((value, g) => (seen[l][g][first + b] = value));
        else sample(values, seen[l], every[l], ((first + b) * neurons[l]) / groups[l]);
      }
  }
  const percentile = o.method === "data" ? 1 : o.percentile;
  return seen.map((own, l) =>
    Float64Array.from(own, (values) => pow(o.headroom, l) * percentileOf(values, percentile)),
  );
}

/** How many observations `states` holds; an error when that is none, or a fraction. */
function countStates(states: Float32Array, size: number): number {
  const n = states.length / size;
  if (n > 0 && Number.isInteger(n)) return n;
  throw new UsageError(
    "REPLAY_MISMATCH",
    `${states.length} numbers are not one or more states of ${size} values each, which the network takes.`,
    {
      hint: "Collect the states with the same environment that the network acts in: dsqn collect <model> --env ID --size N --out DIR.",
      facts: { numbers: states.length, inputs: size },
    },
  );
}

/** Every `every`-th value of each group, the first of these being the `at`-th of all. */
function sample(values: ArrayLike<number>, groups: readonly Float32Array[], every: number, at: number): void {
  const length = values.length / groups.length;
  for (let k = (every - (at % every)) % every; k < length; k += every)
    groups.forEach((group, g) => (group[(at + k) / every] = values[k * groups.length + g]));
}

function atLeast(scales: Float64Array, floor: Floor, { weights, biases }: Stage, unit: number): Float64Array {
  const [weight, bias] = [weights, biases].map((values) => groupMaxima(values, scales.length));
  const share = SHARE * largest(scales);
  const raised = scales.map((scale, g) =>
    Math.max(scale, floor === "share" ? share : Math.max(weight[g] * unit, bias[g])),
  );
  const fallback = Math.max(largest(raised), 0) || 1;
  return raised.map((scale) => (scale > 0 ? scale : fallback));
}
