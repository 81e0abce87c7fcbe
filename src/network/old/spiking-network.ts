import { type Convolution, sizeOf } from "../convolution.ts";
import type { Random } from "../../numeric/random.ts";

/**
 * How an observation becomes input to the first layer, step by step:
 * - constant: the value itself, as a current, in every step
 * - poisson: a spike with probability min(value, 1) in every step (seeded)
 * - equidistant: spikes at even distances, rate = value clamped to [0, 1]
 * - equidistant-original: as the thesis's code has it; values above 1 fall silent after a few spikes (SPEC 1.3)
 */
export type Encoding = "constant" | "poisson" | "equidistant" | "equidistant-original";

/**
 * How the output layer becomes one value per action:
 * - potential: the membrane potential after the last step (the output layer neither spikes nor resets)
 * - max-potential: the largest membrane potential over all steps (likewise)
 * - spikes: the number of spikes
 * - first-spike: 1 for each neuron that spikes in the first step in which any does, else 0
 */
export type Decoding = "potential" | "max-potential" | "spikes" | "first-spike";

/** What a spike does to its neuron's membrane potential: take off `resetBy`, or set it to 0 (and lose what arrives in that step). */
export type Reset = "subtraction" | "zero";

/** Which of several equal values is the action. "potential": the one with the larger final membrane potential, then the first. */
export type TieRule = "first" | "last" | "potential";

/** A layer of current-based leaky integrate-and-fire neurons (see reference/neuron.ts for the equations). */
export interface SpikingLayer {
  readonly inputs: number;
  readonly outputs: number;
  /** [inputs, outputs], row-major: a row holds what leaves one presynaptic neuron. */
  readonly weights: Float32Array;
  /** [outputs], added to the input in every step; null: none. */
  readonly biases: Float32Array | null;
  /** Decay of the synaptic current per step, exp(-dt / tau_syn), in [0, 1]. 0: a delta synapse. */
  readonly alpha: number;
  /** Decay of the membrane potential per step, exp(-dt / tau_mem), in [0, 1]. 1: no leak. */
  readonly beta: number;
  /** A neuron spikes when its potential is strictly above. */
  readonly threshold: number;
  readonly reset: Reset;
  /** What reset by subtraction takes off: the threshold, or 1 whatever the threshold (as in the original). */
  readonly resetBy: number;
  /** [outputs], the membrane potential before the first step; null: 0. */
  readonly initialPotential: Float32Array | null;
  /**
   * Where the synapses run in a layer that is no dense one: `weights` is then [kernel height, kernel width, input channels, output
   * channels], shared over the image; `biases` and `initialPotential` are still one value per neuron.
   */
  readonly convolution?: Convolution;
  /**
   * Max pooling in front of the synapses, see snn/pooling.ts: `inputs` then counts what goes into the windows (`pooling.input`), and the
   * synapses start from `pooling.output`, channel by channel the same. It has no neurons of its own and takes no time.
   */
  readonly pooling?: Convolution;
}

/** The number of values that the layer's synapses start from: its inputs, or with max pooling the windows. */
export function synapticInputs({ inputs, pooling }: SpikingLayer): number {
  return pooling ? sizeOf(pooling.output) : inputs;
}

/** A feed-forward spiking network together with how it is read and written: T, encoding and decoding are part of the model. */
export interface SpikingNetwork {
  readonly kind: "spiking";
  readonly layers: readonly SpikingLayer[];
  /** A constant 1 is appended to the observation as last input. */
  readonly biasInput: boolean;
  /** Two input neurons per observation: its positive part, then (second half) its negative part with negated weights. */
  readonly signedInputs: boolean;
  readonly encoding: Encoding;
  readonly decoding: Decoding;
  readonly ties: TieRule;
  /** Time steps per decision, T. */
  readonly steps: number;
}

export const spikingDefaults = {
  alpha: 0,
  beta: 1,
  threshold: 1,
  reset: "subtraction",
  resetBy: 1,
  initialPotential: null,
  biasInput: false,
  signedInputs: false,
  encoding: "constant",
  decoding: "potential",
  ties: "first",
  steps: 100,
} as const;

/** Dynamics for all layers alike, and how the network is read and written; what is left out is as in `spikingDefaults`. */
export interface SpikingOptions
  extends
    Partial<
      Omit<SpikingLayer, "inputs" | "outputs" | "weights" | "biases" | "initialPotential" | "convolution" | "pooling">
    >,
    Partial<Omit<SpikingNetwork, "kind" | "layers">> {}

/** The length of an observation that the network takes. */
export function observationSize(network: SpikingNetwork): number {
  return network.layers[0].inputs - (network.biasInput ? 1 : 0);
}

/** How many layers spike, from the first on: all but the output layer where its potentials are decoded. */
export function spikingLayers({ layers, decoding }: SpikingNetwork): number {
  return decoding === "potential" || decoding === "max-potential" ? layers.length - 1 : layers.length;
}

/** A spiking network around given weights [inputs, outputs] and biases, every layer alike. */
export function spikingNetwork(
  weights: readonly { inputs: number; outputs: number; weights: Float32Array; biases?: Float32Array | null }[],
  options: SpikingOptions = {},
): SpikingNetwork {
  const o = { ...spikingDefaults, ...options };
  return {
    kind: "spiking",
    layers: weights.map((w) => ({
      inputs: w.inputs,
      outputs: w.outputs,
      weights: w.weights,
      biases: w.biases ?? null,
      alpha: o.alpha,
      beta: o.beta,
      threshold: o.threshold,
      reset: o.reset,
      resetBy: o.resetBy,
      initialPotential: null,
    })),
    biasInput: o.biasInput,
    signedInputs: o.signedInputs,
    encoding: o.encoding,
    decoding: o.decoding,
    ties: o.ties,
    steps: o.steps,
  };
}

/**
 * A network without biases whose weights are normal with standard deviation weightScale / sqrt(inputs), as the original's
 * SQN; the output layer's are `outputScale` times that. `shape` counts observations; with `biasInput` the first layer has one input more.
 */
export function createSpikingNetwork(
  shape: readonly number[],
  random: Random,
  options: SpikingOptions & { weightScale?: number; outputScale?: number } = {},
): SpikingNetwork {
  const { weightScale = 1, outputScale = 1, ...rest } = options;
  const sizes = [shape[0] + (rest.biasInput ? 1 : 0), ...shape.slice(1)];
  const layers = sizes.slice(1).map((outputs, l) => {
    const inputs = sizes[l];
    const scale = weightScale * (l === sizes.length - 2 ? outputScale : 1);
    const weights = Float32Array.from(
      { length: inputs * outputs },
      () => (random.normal() * scale) / Math.sqrt(inputs),
    );
    return { inputs, outputs, weights };
  });
  return spikingNetwork(layers, rest);
}
