import { UsageError } from "../errors.ts";
import { type Coding, codingDefaults, type SpikingNetwork } from "../network/network.ts";
import type { LaggedLif, NeuronKind } from "../network/neurons/index.ts";
import { scaleDefaults, type ScaleOptions } from "./scales.ts";
import type { Start } from "./start.ts";

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
  /** How far hidden layers are held back from firing early; see `startingPoint`. 0 unless given. */
  readonly holdBack?: number;
  /** Spiking neurons per hidden neuron; see `populations`. */
  readonly population?: number;
  /** T, neuron ("lagged-lif" unless given), reset, encoding, decoding and tie rule of the result. */
  readonly spiking?: Partial<
    Pick<Coding, "steps" | "encoding" | "decoding" | "ties"> &
      Pick<LaggedLif, "reset"> & { readonly neuron: NeuronKind }
  >;
}

/** A converted network, and the scales it was made with. */
export interface Conversion {
  readonly network: SpikingNetwork;
  /** Per layer one number, or with granularity "neuron" one for each neuron of the source (of a convolution: channel). */
  readonly scales: readonly Float64Array[];
}

/** The thesis's conversion: one scale per layer, never below its largest weight and bias; membranes at zero. */
export const originalConversion = {
  ...scaleDefaults,
  output: "scaled",
  start: "zero",
  holdBack: 0,
  population: 1,
} as const satisfies ConversionOptions;

/** What needs the fewest steps without any training (docs/conversion.md has the measurements). */
export const balancedConversion = {
  method: "robust",
  output: "centred",
  start: "balanced",
  population: 2,
  granularity: "neuron",
  floor: "share",
  percentile: 0.999,
  spiking: { steps: 64 },
} as const satisfies ConversionOptions;

/**
 * The same for convolutional networks: more steps, larger populations (their neurons share their synapses: the engine sums once for them, and
 * a file holds them once), neurons that are held back, and room above the largest activation of each channel.
 */
export const balancedConvolution = {
  ...balancedConversion,
  population: 4,
  percentile: 1,
  headroom: 1.3,
  holdBack: 0.5,
  spiking: { steps: 100 },
} as const satisfies ConversionOptions;

/** `options` over the thesis's, with the steps named; BAD_ARGUMENT where they contradict each other. */
export function completeOptions(options: ConversionOptions): Required<Omit<ConversionOptions, "spiking">> & {
  readonly spiking: NonNullable<ConversionOptions["spiking"]> & { readonly steps: number; readonly neuron: NeuronKind };
} {
  const { spiking = {}, ...own } = options;
  const complete = {
    ...originalConversion,
    ...own,
    spiking: { ...spiking, steps: spiking.steps ?? codingDefaults.steps, neuron: spiking.neuron ?? "lagged-lif" },
  };
  if (complete.start === "zero" && complete.population > 1)
    throw new UsageError(
      "BAD_ARGUMENT",
      `${complete.population} neurons that all start at zero do the same: a population needs start "half" or "balanced".`,
    );
  return complete;
}
