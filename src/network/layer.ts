import { type Convolution, sizeOf } from "./convolution.ts";
import type { Neuron } from "./neurons/index.ts";

/** Every input reaches every neuron: `weights` [inputs, outputs], row-major; a row holds what leaves one input. */
export interface DenseSynapses {
  readonly kind: "dense";
  readonly inputs: number;
  readonly outputs: number;
}

/** Weights shared over an image (network/convolution.ts): `weights` [kernel height, kernel width, input channels, output channels]. A sequence is an image of height 1. */
export interface ConvolutionSynapses extends Convolution {
  readonly kind: "convolution";
}

/** From where to where weights lead. */
export type Synapses = DenseSynapses | ConvolutionSynapses;

/**
 * What stands in front of a layer's synapses: of each window, channel by channel, the mean, the sum or the largest value. It takes no time and has no
 * neurons. What the largest of spikes is, pooling.ts says: "max" goes by counts, "step-max" by this step's spikes. Positions outside of the image are no part of a window.
 */
export interface Pooling {
  readonly kind: "average" | "max" | "sum" | "step-max";
  /** `input` and `output` have the same channels. */
  readonly window: Convolution;
}

/** What a layer makes of its sums: nothing, max(0, x), or the spikes of a neuron. An artificial and a spiking layer differ in this only. */
export type Activation = { readonly kind: "linear" } | { readonly kind: "relu" } | Neuron;

/** A layer: pooling?, synapses, biases?, activation. After an image dense synapses see its values in index order, so that no "flatten" is needed. */
export interface Layer<A extends Activation = Activation> {
  readonly pooling?: Pooling;
  readonly synapses: Synapses;
  /** float32, in the order that `synapses` says. */
  readonly weights: Float32Array;
  /** [outputs], or of a convolution [output channels] (the same at every place); null: none. Added once to what arrives, in every step. */
  readonly biases: Float32Array | null;
  /**
   * [outputs, outputs], row-major; a row holds what leaves one neuron: from the layer's own spikes of the step before. Of dense layers of lif; none
   * unless given.
   */
  readonly recurrent?: Float32Array;
  readonly activation: A;
}

/** A layer of neurons. */
export type SpikingLayer = Layer<Neuron>;

/** The sums as they are. */
export const linear: Activation = { kind: "linear" };
/** max(0, x). */
export const relu: Activation = { kind: "relu" };

export function isNeuron(activation: Activation): activation is Neuron {
  return activation.kind !== "linear" && activation.kind !== "relu";
}

/** Values that go into the layer: into its windows where it pools, else into its synapses. */
export function inputsOf({ pooling, synapses }: Pick<Layer, "pooling" | "synapses">): number {
  return pooling ? sizeOf(pooling.window.input) : synapticInputs({ synapses });
}

/** Values that its synapses start from. */
export function synapticInputs({ synapses }: Pick<Layer, "synapses">): number {
  return synapses.kind === "dense" ? synapses.inputs : sizeOf(synapses.input);
}

/** Neurons, or values that come out. */
export function outputsOf({ synapses }: Pick<Layer, "synapses">): number {
  return synapses.kind === "dense" ? synapses.outputs : sizeOf(synapses.output);
}

/** Columns of the weights as a matrix: neurons, or of a convolution output channels. Output j belongs to column j % columns. */
export function columnsOf({ synapses }: Pick<Layer, "synapses">): number {
  return synapses.kind === "dense" ? synapses.outputs : synapses.output[2];
}

/** The shape of the weights: [inputs, outputs] or [kernel height, kernel width, input channels, output channels]. */
export function weightShape({ synapses }: Pick<Layer, "synapses">): number[] {
  return synapses.kind === "dense"
    ? [synapses.inputs, synapses.outputs]
    : [...synapses.kernel, synapses.input[2], synapses.output[2]];
}

/** The biases one by one, [outputs], where a convolution may hold one per channel; null: none. */
export function biasPerOutput({ synapses, biases }: Pick<Layer, "synapses" | "biases">): Float32Array | null {
  const outputs = outputsOf({ synapses });
  if (!biases || biases.length === outputs) return biases;
  return Float32Array.from({ length: outputs }, (_, j) => biases[j % biases.length]);
}

/** The geometry of a layer's convolution, if it is one. */
export function convolutionOf({ synapses }: Pick<Layer, "synapses">): ConvolutionSynapses | undefined {
  return synapses.kind === "convolution" ? synapses : undefined;
}
