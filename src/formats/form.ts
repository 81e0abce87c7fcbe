import type { Tensor } from "../files/tensor.ts";
import type { SpikingOptions } from "../network/create.ts";
import type { Network } from "../network/network.ts";
import type { ImportedArchitecture } from "./architecture.ts";
import type { Standardisation } from "./vecnormalize.ts";

/** A file's tensors by name, and how their names are to be taken. */
export interface NamedTensors {
  readonly form: string;
  readonly tensors: Readonly<Record<string, Tensor>>;
  /** They come in the order in which their layers were defined; otherwise shapes and the numbers in their names order them. */
  readonly ordered: boolean;
  /** Where the form tells: weights [outputs, inputs] or [inputs, outputs]. */
  readonly kind?: "dense" | "spiking";
  /** The names of all modules, those without tensors too, where the file tells. */
  readonly tree?: readonly string[];
  /** What the file tells of it besides: an image, strides. */
  readonly architecture?: ImportedArchitecture;
  /** Where the file tells: "relu", or what says that it is another one, which is refused. */
  readonly activation?: string;
  /** What was taken for granted in reading it. */
  readonly assumed?: readonly string[];
}

/** A file that says all there is to know. */
export interface WholeNetwork {
  readonly form: string;
  readonly network: Network;
  readonly tensors: readonly { name: string; shape: readonly number[] }[];
  readonly assumed?: readonly string[];
}

/** Of a lagged-lif neuron, the parameters that are known. */
export interface NeuronParameters {
  readonly alpha?: number;
  readonly beta?: number;
  readonly threshold?: number;
  readonly reset?: "subtraction" | "zero";
}

/** What a file of weights does not say. */
export interface ImportOptions {
  /** Which kind the tensors are, where the file can't tell. */
  readonly kind?: "dense" | "spiking" | "convolutional";
  /** Of a convolutional network: the image, strides and whatever else weights don't say. */
  readonly architecture?: ImportedArchitecture;
  /** The length of an observation: one input more means that the last one is a constant 1. */
  readonly observationSize?: number;
  /** How a spiking network runs, and its neurons. Files of weights don't say; see `importDefaults`. */
  readonly spiking?: SpikingOptions;
  /** Instead of a whole neuron: those of its parameters that are known; the rest is assumed, and said so. */
  readonly neuronParameters?: NeuronParameters;
  /** Of several networks in a file the one whose names begin so. */
  readonly prefix?: string;
  /** Layers in the order of the forward pass, where shapes and names don't tell it. */
  readonly layers?: readonly string[];
  /** What stands behind layers: "relu", or a list with one word for each layer but the last ("relu,linear"). */
  readonly activation?: string;
  /** What observations went through before the network saw them (`readVecNormalize`). */
  readonly standardisation?: Standardisation;
}

/** A network, and what was assumed where its file doesn't say. */
export interface Interpreted {
  readonly network: Network;
  readonly assumed: readonly string[];
}
