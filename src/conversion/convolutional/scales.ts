import { convolutionalRunner } from "../../engines/fast/convolutional.ts";
import type { ConvolutionalNetwork } from "../../network/old/convolutional-network.ts";
import { sizeOf } from "../../network/convolution.ts";
import { UsageError } from "../../errors.ts";
import { largest, percentileOf, scaleDefaults, type ScaleOptions } from "../scales.ts";
import type { Stage } from "./stages.ts";
import { pow } from "../../numeric/elementary.ts";

/** States that run side by side. */
const CHUNK = 32;
/** Activations of one channel that a percentile over all of them looks at, about; more are left out evenly. */
const SAMPLE = 2 ** 18;
/** A channel's scale is at least this share of its stage's largest one: a smaller one would blow its weights up for states that nobody has seen. */
const LEAST = 0.05;

/**
 * Scales of each stage: one number, or with granularity "neuron" one for each channel (a kernel's weights are shared over the image), in a
 * dense layer for each neuron. `percentileOf` "layer-maxima": of the largest value of the layer or channel in each state.
 * `states`: [n, height, width, channels]; not looked at by method "model".
 */
export function stageScales(
  network: ConvolutionalNetwork,
  stages: readonly Stage[],
  states: Float32Array,
  options: ScaleOptions = {},
): Float64Array[] {
  const o = { ...scaleDefaults, ...options };
  if (!(o.percentile > 0 && o.percentile <= 1))
    throw new UsageError("BAD_ARGUMENT", `The percentile has to lie in (0, 1], not ${o.percentile}.`, {
      hint: "0.99 stands for the 99th percentile.",
    });
  if (o.method === "model") return modelScales(network, stages, o.granularity);
  const size = sizeOf(network.input);
  const n = Math.min(o.maxStates, stateCount(network, states));
  const groups = stages.map(({ channels }) => (o.granularity === "neuron" ? channels : 1));
  const perState = stages.map(({ biases }, l) => (o.percentileOf === "layer-maxima" ? 1 : biases.length / groups[l]));
  const every = perState.map((values) => Math.max(1, Math.ceil((values * n) / SAMPLE)));
  const seen = groups.map((count, l) =>
    Array.from({ length: count }, () => new Float32Array(Math.ceil((perState[l] * n) / every[l]))),
  );
  const runner = convolutionalRunner(network);
  try {
    for (let first = 0; first < n; first += CHUNK) {
      const count = Math.min(CHUNK, n - first);
      const activations = runner.activations(states.subarray(first * size, (first + count) * size), count);
      stages.forEach(({ layer, biases }, l) => {
        for (let b = 0; b < count; b++) {
          const values = activations[layer].subarray(b * biases.length, (b + 1) * biases.length);
          if (o.percentileOf === "layer-maxima") channelMaxima(values, seen[l], first + b);
          else sample(values, seen[l], every[l], (first + b) * perState[l]);
        }
      });
    }
  } finally {
    runner.close();
  }
  const percentile = o.method === "data" ? 1 : o.percentile;
  return seen.map((values, l) =>
    atLeast(Float64Array.from(values, (own) => pow(o.headroom, l) * percentileOf(own, percentile))),
  );
}

/** How many observations `states` holds; an error when that is none, or a fraction. */
export function stateCount(network: ConvolutionalNetwork, states: Float32Array): number {
  const size = sizeOf(network.input);
  const n = states.length / size;
  if (n === 0 || !Number.isInteger(n))
    throw new UsageError(
      "REPLAY_MISMATCH",
      `${states.length} numbers are not one or more states of ${network.input.join(" x ")} = ${size} values each, which the network takes.`,
      {
        hint: "Collect the states with the same environment that the network acts in: dsqn collect <model> --env ID --size N --out DIR.",
        facts: { numbers: states.length, inputs: size },
      },
    );
  return n;
}

/** Into element `at` of each group the largest of its values. */
function channelMaxima(values: Float32Array, groups: readonly Float32Array[], at: number): void {
  const maxima = new Float64Array(groups.length).fill(-Infinity);
  for (let k = 0, c = 0; k < values.length; k++, c = c + 1 === groups.length ? 0 : c + 1)
    if (values[k] > maxima[c]) maxima[c] = values[k];
  groups.forEach((group, c) => (group[at] = maxima[c]));
}

/** Every `every`-th value of each group, the first of these being the `at`-th of all. */
function sample(values: Float32Array, groups: readonly Float32Array[], every: number, at: number): void {
  const length = values.length / groups.length;
  for (let k = (every - (at % every)) % every; k < length; k += every)
    groups.forEach((group, c) => (group[(at + k) / every] = values[k * groups.length + c]));
}

/** The largest value that weights and biases allow when every input is at most 1 (an observation at most 1 / inputScale): Diehl et al. 2015. */
function modelScales(
  network: ConvolutionalNetwork,
  stages: readonly Stage[],
  granularity: "layer" | "neuron",
): Float64Array[] {
  return stages.map(({ weights, biases, channels }, l) => {
    const unit = l === 0 ? 1 / network.inputScale : 1;
    const bounds = new Float64Array(channels);
    for (let k = 0; k < weights.length; k++) bounds[k % channels] += Math.max(weights[k] * unit, 0);
    const most = new Float64Array(channels).fill(-Infinity);
    biases.forEach((b, j) => (most[j % channels] = Math.max(most[j % channels], b)));
    const channel = bounds.map((bound, c) => Math.max(0, bound + most[c]));
    return atLeast(granularity === "neuron" ? channel : Float64Array.of(largest(channel)));
  });
}

function atLeast(scales: Float64Array): Float64Array {
  const floor = LEAST * largest(scales);
  return scales.map((scale) => Math.max(scale, floor > 0 ? floor : 1));
}
