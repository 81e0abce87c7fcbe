import type { Tensor } from "../files/tensor.ts";
import type { SpikingOptions } from "../network/create.ts";
import type { Decoding, Network } from "../network/network.ts";
import type { ImportedArchitecture } from "./architecture.ts";
import type { Framework } from "./frameworks/dialects.ts";
import type { NeuronsFile } from "./frameworks/neurons-file.ts";
import type { NirOptions } from "./nir/options.ts";
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
  /** In which order its dense layers see images, where not torch's. */
  readonly flatten?: "hwc";
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

/** Whose spiking network a state_dict is, and what it does not say of its neurons (docs/frameworks.md). */
export interface FrameworkOptions {
  readonly name: Framework;
  /** The neurons of all layers alike, as in Python: "LIFNode(tau=2.0)". */
  readonly neuron?: string;
  /** Layer by layer, instead. */
  readonly neurons?: NeuronsFile;
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
  /** Of a spiking network of another framework. */
  readonly framework?: FrameworkOptions;
  /** What a file of NIR leaves open (docs/nir.md). */
  readonly nir?: NirOptions;
  /** How its output is read; "spikes" unless said. */
  readonly decoding?: Decoding;
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
