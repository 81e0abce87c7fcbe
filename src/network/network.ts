import { sizeOf } from "./convolution.ts";
import { inputsOf, isNeuron, type Layer, outputsOf, type SpikingLayer } from "./layer.ts";

/** Of an observation: [values], or an image [height, width, channels] (a stack of frames has the newest as last channel). */
export type Shape = readonly [values: number] | readonly [height: number, width: number, channels: number];

/**
 * How an observation becomes input to the first layer, step by step:
 * - constant: the value itself, as a current, in every step
 * - poisson: a spike with probability min(value, 1) in every step (seeded)
 * - equidistant: spikes at even distances, rate = value clamped to [0, 1]
 * - equidistant-original: as the thesis's code has it; values above 1 fall silent after a few spikes (encoding.ts)
 */
export type Encoding = "constant" | "poisson" | "equidistant" | "equidistant-original";

/**
 * How the output layer becomes one value per action:
 * - potential: the membrane potential after the last step (the output layer neither spikes nor resets)
 * - max-potential: the largest membrane potential over all steps (likewise)
 * - mean-potential: the mean of its membrane potentials after every step (likewise)
 * - spikes: the number of spikes
 * - first-spike: 1 for each neuron that spikes in the first step in which any does, else 0
 */
export type Decoding = "potential" | "max-potential" | "mean-potential" | "spikes" | "first-spike";

/** Which of several equal values is the action. "potential": the one with the larger final membrane potential, then the first. */
export type TieRule = "first" | "last" | "potential";

export const encodings = [
  "constant",
  "poisson",
  "equidistant",
  "equidistant-original",
] as const satisfies readonly Encoding[];
export const decodings = [
  "potential",
  "max-potential",
  "mean-potential",
  "spikes",
  "first-spike",
] as const satisfies readonly Decoding[];
export const tieRules = ["first", "last", "potential"] as const satisfies readonly TieRule[];

/** How a network that spikes is written and read: T, encoding and decoding are part of the model. */
export interface Coding {
  readonly encoding: Encoding;
  readonly decoding: Decoding;
  readonly ties: TieRule;
  /** Time steps per decision, T. */
  readonly steps: number;
  /** Two input neurons per input: its positive part, then (second half) its negative part with negated weights. */
  readonly signedInputs: boolean;
  /** A constant 1 is appended to the observation as last input. */
  readonly biasInput: boolean;
}

export const codingDefaults: Coding = {
  encoding: "constant",
  decoding: "potential",
  ties: "first",
  steps: 100,
  signedInputs: false,
  biasInput: false,
};

/** A feed-forward network, dense or convolutional, artificial or spiking. */
export interface Network {
  /** Of an observation. */
  readonly input: Shape;
  /** The first layer sees observation * inputScale (1/255 for frames of bytes); 1 in a spiking network. */
  readonly inputScale: number;
  readonly layers: readonly Layer[];
  /** Where it spikes, and only there. */
  readonly coding?: Coding;
}

/** A network all of whose layers are neurons. An output layer that is decoded by its potential neither spikes nor resets. */
export interface SpikingNetwork extends Network {
  readonly layers: readonly SpikingLayer[];
  readonly coding: Coding;
}

/** Whether it is a network of neurons, and so has a coding. */
export function isSpiking(network: Network): network is SpikingNetwork {
  return network.coding !== undefined;
}

/** What a card calls it. */
export type NetworkKind = "dense" | "convolutional" | "spiking";

/** Spiking; else convolutional where it sees images or its layers have windows; else dense. */
export function kindOf(network: Network): NetworkKind {
  if (isSpiking(network)) return "spiking";
  const windows = network.layers.some(({ synapses, pooling }) => synapses.kind === "convolution" || pooling);
  return windows || network.input.length === 3 ? "convolutional" : "dense";
}

/** Values of an observation. */
export function observationSize({ input }: Network): number {
  return input.length === 3 ? sizeOf(input) : input[0];
}

/** Values per decision. */
export function actionsOf({ layers }: Network): number {
  return outputsOf(layers[layers.length - 1]);
}

/** Whether it reads membrane potentials, so that the output layer neither spikes nor resets. */
export function readsPotentials(decoding: Decoding): boolean {
  return decoding.endsWith("potential");
}

/** How many layers spike, from the first on: all but the output layer where its potentials are decoded. */
export function spikingLayers({ layers, coding: { decoding } }: SpikingNetwork): number {
  return readsPotentials(decoding) ? layers.length - 1 : layers.length;
}

/** Neurons per layer, inputs first. */
export function shapeOf(network: Network): number[] {
  return [inputsOf(network.layers[0]), ...network.layers.map(outputsOf)];
}

/** The layers' common neuron model; undefined where none spikes. */
export function neuronOf(network: Network): SpikingLayer["activation"] | undefined {
  const { activation } = network.layers[0];
  return isNeuron(activation) ? activation : undefined;
}
