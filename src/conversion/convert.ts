import type { DenseNetwork } from "../ann/network.ts";
import { UsageError } from "../errors.ts";
import { spikingDefaults, spikingNetwork, type SpikingNetwork, type SpikingOptions } from "../snn/network.ts";
import { largest, layerScales, scaleDefaults, type ScaleOptions } from "./scales.ts";
import { centred, normalise } from "./normalise.ts";
import { populations } from "./population.ts";
import { startingPoint, type Start } from "./start.ts";

/** How to convert; without any option as the thesis does. */
export interface ConversionOptions extends ScaleOptions {
  /**
   * What the output layer, which only integrates, is divided by. None of it changes which action is best.
   * - scaled: its own scale, as in the thesis
   * - unscaled: nothing
   * - centred: nothing, and the mean over the actions is taken off, so that rounding never meets the large part that all
   *   outputs have in common
   */
  readonly output?: "scaled" | "unscaled" | "centred";
  /** Where the membranes begin; see `startingPoint`. */
  readonly start?: Start;
  /** Spiking neurons per hidden neuron of `dense`; see `populations`. */
  readonly population?: number;
  /** T, reset, encoding, decoding and tie rule of the result. */
  readonly spiking?: Pick<SpikingOptions, "steps" | "reset" | "encoding" | "decoding" | "ties">;
}

/** A converted network, and the scales it was made with. */
export interface Conversion {
  readonly network: SpikingNetwork;
  /** Per layer one number, or one for each neuron of the dense layer with granularity "neuron". */
  readonly scales: readonly Float64Array[];
}

/** The thesis's conversion: one scale per layer, membranes at zero. */
export const originalConversion = {
  ...scaleDefaults,
  output: "scaled",
  start: "zero",
  population: 1,
} as const satisfies ConversionOptions;

/** What needs the fewest steps without any training (docs/conversion.md has the measurements). */
export const balancedConversion = {
  method: "robust",
  output: "centred",
  start: "balanced",
  population: 2,
  granularity: "neuron",
  percentile: 0.999,
  spiking: { steps: 64 },
} as const satisfies ConversionOptions;

/**
 * A spiking network of integrate-and-fire neurons (threshold 1) whose firing rates stand for the activations of `dense`.
 * Without options it is the thesis's robust normalisation (percentile 0.99 of the layers' maxima over the first 20,000 `states`,
 * [n, inputs]). Sources: Diehl et al. 2015; Rueckauer et al. 2017; for what begins before the first step, Bu et al. 2022.
 */
export function convert(dense: DenseNetwork, states: Float32Array, options: ConversionOptions = {}): Conversion {
  const { output, start, population, spiking, ...scaling } = { ...originalConversion, spiking: {}, ...options };
  if (start === "zero" && population > 1)
    throw new UsageError(
      "BAD_ARGUMENT",
      `${population} neurons that all start at zero do the same: a population needs start "half" or "balanced".`,
    );
  const scales = outputScale(layerScales(dense, states, scaling), output);
  const normalised = normalise(dense, scales);
  const layers = normalised.layers.map((layer, l) =>
    output === "centred" && l === scales.length - 1 ? centred(layer) : layer,
  );
  const steps = spiking.steps ?? spikingDefaults.steps;
  const { network, potentials } = startingPoint(populations({ kind: "dense", layers }, population), {
    start,
    population,
    steps,
  });
  const spikes = spikingNetwork(network.layers, { ...spiking, steps });
  return {
    scales,
    network: { ...spikes, layers: spikes.layers.map((layer, l) => ({ ...layer, initialPotential: potentials[l] })) },
  };
}

/** The output layer has one scale for all actions, or the best one could change. */
function outputScale(scales: Float64Array[], output: ConversionOptions["output"]): Float64Array[] {
  const last = scales.length - 1;
  return scales.with(last, Float64Array.of(output === "scaled" ? largest(scales[last]) : 1));
}
