/** One value for the whole layer, or one for each neuron, [outputs]. */
export type Values = number | Float32Array;

/** A number that belongs to a neuron model: what it means, and what it may be. */
export interface Parameter {
  readonly meaning: string;
  /** Smallest and largest value; both are allowed where they are finite. */
  readonly range: readonly [smallest: number, largest: number];
  readonly default: number;
  /**
   * Whether a layer may have one value per neuron (a tensor of the file, `layers.{i}.{name}`), or one for all alone.
   */
  readonly each: boolean;
  /** Whether it may be infinite, as far as its range goes. */
  readonly infinite?: boolean;
  /** Came to the record later: files leave it out where it has its default, so older ones read as ever. */
  readonly later?: boolean;
}

/** A choice that belongs to a neuron model; the first is the default. */
export interface Choice {
  readonly meaning: string;
  readonly values: readonly string[];
  /** As of a parameter. */
  readonly later?: boolean;
}

/**
 * The record of a neuron model: the one place where its parameters are written down. Configs, validation, the model
 * file and the message to Python are made from it; the kernels' layout is compared with it by a test
 * (tests/engines/kernels).
 */
export interface NeuronModel<N = never> {
  readonly kind: string;
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly choices: Readonly<Record<string, Choice>>;
  /**
   * Steps from a spike until it can make the next layer spike: 2 for a neuron that fires by the potential before the
   * step, 0 without lag.
   */
  readonly lag: number;
  /** What is wrong with fields that may have these values, but not together. */
  readonly problem?: (neuron: N) => string | undefined;
}

/** Of parameter `values`, that of neuron j. */
export const valueOf = (values: Values, j: number): number => (typeof values === "number" ? values : values[j]);

/** What a layer's neurons remember from one step to the next: of one state, [neurons] each. */
export interface NeuronState {
  /** Membrane potentials, in units of the threshold's. */
  readonly v: Float64Array;
  /** Synaptic currents; a model without any leaves them at 0. */
  readonly i: Float64Array;
}

/** How an engine computes: every product and every sum passes `round`. */
export interface Arithmetic {
  readonly precision: "float32" | "float64";
  round(x: number): number;
}

export const float32: Arithmetic = { precision: "float32", round: Math.fround };
export const float64: Arithmetic = { precision: "float64", round: (x) => x };

/** Whether a distance to the threshold is a spike: 0 or 1, or in gradient checks something smooth between. */
export type Fire = (distance: number) => number;
