import { stat } from "node:fs/promises";
import { extname, join } from "node:path";
import type { DenseNetwork } from "../network/old/dense-network.ts";
import { DsqnError, UsageError } from "../errors.ts";
import { spikingNetwork, type SpikingOptions } from "../network/old/spiking-network.ts";
import { readBytes } from "../files/atomic.ts";
import { convolutionalFromTorch, hasConvolutions, type ImportedArchitecture } from "./import-convolutional.ts";
import { importLayersModel } from "./layers-model/import.ts";
import { checkNetwork, decodeModel, type Network } from "../network/file/model.ts";
import { decodeNpz } from "./npz.ts";
import { decodeSafetensors } from "../files/safetensors.ts";
import { type Tensor, toFloat32, transposed } from "../files/tensor.ts";
import { decodeTorch, type TorchValue } from "./torch.ts";

/** What a file of weights does not say. */
export interface ImportOptions {
  /** Which kind the tensors are, where the file can't tell. */
  readonly kind?: "dense" | "spiking" | "convolutional";
  /** Of a convolutional network: the image, strides and whatever else weights don't say. */
  readonly architecture?: ImportedArchitecture;
  /** The length of an observation: one input more means that the last one is a constant 1. */
  readonly observationSize?: number;
  /** How a spiking network runs. Files of weights don't say; see `importDefaults`. */
  readonly spiking?: SpikingOptions;
}

/** A network from elsewhere, and what it was found in. */
export interface Imported {
  readonly network: Network;
  /** As they lie in the file. */
  readonly tensors: readonly { name: string; shape: readonly number[] }[];
  /** The file that was read. */
  readonly source: string;
  /** "dsqn", or which of the forms of weights it was. */
  readonly form: string;
}

/** The layers of a file: weights as they lie there, with biases where there are any. */
interface FileLayers {
  readonly form: string;
  readonly kind?: "dense" | "spiking";
  readonly layers: readonly { weight: Named; bias: Named | null }[];
}

interface Named {
  readonly name: string;
  readonly tensor: Tensor;
}

/** The original trained networks without biases for 20 steps; converted ones, with biases, were run with 100 first. */
export const importDefaults = { stepsWithoutBiases: 20, stepsWithBiases: 100 };

/**
 * Reads a network from a folder (`model.pt`, else `model.npz`) or a file: ours, .npz (W0, b0, W1, ...), safetensors
 * (layers.i.weight or torch's names), or a file of torch.save in any of the original's four forms:
 *   {layers.i.weight, layers.i.bias}, {l1.weight, l1.bias, l2...}        dense, weights [outputs, inputs]
 *   (weights, biases or None), [weights]                                  spiking, weights [inputs, outputs]
 * a model.json of TensorFlow.js (a LayersModel), or torch's tensors of a network with convolutions, for which `architecture` says the rest.
 * A spiking network without biases has a constant 1 as last input, unless the options say otherwise.
 */
export async function importNetwork(path: string, options: ImportOptions = {}): Promise<Imported> {
  const source = await modelFile(path);
  const bytes = await readBytes(source);
  const extension = extname(source).toLowerCase();
  if (extension === ".safetensors" && decodeSafetensors(bytes, source).metadata.format === "dsqn") {
    const network = decodeModel(bytes, source);
    const tensors = Object.entries(decodeSafetensors(bytes, source).tensors).map(([name, { shape }]) => ({
      name,
      shape,
    }));
    return { network, tensors, source, form: "dsqn" };
  }
  if (extension === ".json") {
    const { network, tensors } = await importLayersModel(source);
    return { network: checked(network, source), tensors, source, form: "layers-model" };
  }
  const named = namedTensors(bytes, extension, source);
  if (named && (options.kind === "convolutional" || (options.kind === undefined && hasConvolutions(named)))) {
    const ordered = extension !== ".npz" && extension !== ".safetensors";
    const network = convolutionalFromTorch(named, options.architecture, { source, ordered });
    const tensors = Object.entries(named).map(([name, { shape }]) => ({ name, shape }));
    return { network: checked(network, source), tensors, source, form: ordered ? "state_dict" : extension.slice(1) };
  }
  if (options.kind === "convolutional") throw unknownForm(source, "its tensors have no names");
  const found = readLayers(bytes, extension, source);
  const kind = options.kind ?? found.kind ?? kindOf(found, source);
  const network = kind === "dense" ? denseNetwork(found, source) : fromSpiking(found, options, source);
  checked(network, source, "Are the weights of the other kind? --kind dense or --kind spiking says so.");
  const tensors = found.layers
    .flatMap(({ weight, bias }) => [weight, ...(bias ? [bias] : [])])
    .map(({ name, tensor }) => ({ name, shape: tensor.shape }));
  return { network, tensors, source, form: found.form };
}

/** The network, unless it can't be run: IMPORT_INVALID. */
function checked(network: Network, source: string, hint = "Look at where the weights come from."): Network {
  try {
    checkNetwork(network);
    return network;
  } catch (cause) {
    throw new DsqnError("IMPORT_INVALID", `${source}: ${(cause as Error).message}`, { cause, hint });
  }
}

/** A file's tensors under their names, if it has such. */
function namedTensors(
  bytes: Uint8Array,
  extension: string,
  source: string,
): Readonly<Record<string, Tensor>> | undefined {
  if (extension === ".npz") return decodeNpz(bytes, source);
  if (extension === ".safetensors") return decodeSafetensors(bytes, source).tensors;
  if (![".pt", ".pth", ".bin"].includes(extension)) return undefined;
  const value = decodeTorch(bytes, source);
  return value instanceof Map ? stateDict(value) : undefined;
}

function stateDict(value: ReadonlyMap<unknown, TorchValue>): Record<string, Tensor> {
  return Object.fromEntries([...value].filter((entry): entry is [string, Tensor] => isTensor(entry[1])));
}

async function modelFile(path: string): Promise<string> {
  const isFolder = await stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
  if (!isFolder) return path;
  for (const name of ["model.pt", "model.npz", "model.safetensors", "model.json"]) {
    const file = join(path, name);
    if (await stat(file).catch(() => undefined)) return file;
  }
  throw new UsageError(
    "FILE_NOT_FOUND",
    `The folder ${path} holds no model.pt, model.npz, model.safetensors or model.json.`,
    {
      facts: { path },
    },
  );
}

function readLayers(bytes: Uint8Array, extension: string, source: string): FileLayers {
  if (extension === ".npz") return byNames(decodeNpz(bytes, source), "npz", source);
  if (extension === ".safetensors") return byNames(decodeSafetensors(bytes, source).tensors, "safetensors", source);
  if (extension === ".pt" || extension === ".pth" || extension === ".bin")
    return fromTorch(decodeTorch(bytes, source), source);
  throw new UsageError(
    "FORMAT_UNKNOWN",
    `${source}: "${extension || "no extension"}" is not a format that can be imported.`,
    {
      hint: "Known: .pt and .pth (torch), .npz (NumPy), .safetensors, .json (TensorFlow.js's model.json).",
    },
  );
}

/** The four forms of the original's checkpoints. */
function fromTorch(value: TorchValue, source: string): FileLayers {
  if (value instanceof Map) {
    return { ...byNames(stateDict(value), "state_dict", source), kind: "dense" };
  }
  if (Array.isArray(value)) return { form: "list of weights", kind: "spiking", layers: pair(value, null, source) };
  if (typeof value === "object" && value !== null && "tuple" in value && value.tuple.length === 2) {
    const [weights, biases] = value.tuple;
    const none = biases === null || (Array.isArray(biases) && biases.every((bias) => bias === null));
    if (Array.isArray(weights) && (none || Array.isArray(biases)))
      return {
        form: "tuple of weights and biases",
        kind: "spiking",
        layers: pair(weights, none ? null : biases, source),
      };
  }
  throw unknownForm(source, "it holds neither a state_dict, nor (weights, biases), nor a list of weights");
}

function pair(
  weights: readonly TorchValue[],
  biases: readonly TorchValue[] | null,
  source: string,
): FileLayers["layers"] {
  if (weights.length === 0 || !weights.every(isTensor))
    throw unknownForm(source, "its weights are not a list of tensors");
  if (biases && (biases.length !== weights.length || !biases.every(isTensor)))
    throw unknownForm(source, `${weights.length} weights need as many biases`);
  return weights.map((tensor, l) => ({
    weight: { name: `weights.${l}`, tensor },
    bias: biases ? { name: `biases.${l}`, tensor: biases[l] } : null,
  }));
}

/** Layers from names: W0, b0, W1... or PREFIX1.weight, PREFIX1.bias, PREFIX2.weight... in the order of their numbers. */
function byNames(tensors: Readonly<Record<string, Tensor>>, form: string, source: string): FileLayers {
  const weights = Object.keys(tensors).flatMap((name) => {
    const match = /^W(\d+)$/.exec(name) ?? /^(?:.*?)(\d+)\.weight$/.exec(name);
    return match
      ? [
          {
            name,
            number: Number(match[1]),
            biasName: name.startsWith("W") ? `b${match[1]}` : name.replace(/weight$/, "bias"),
          },
        ]
      : [];
  });
  if (weights.length === 0)
    throw unknownForm(
      source,
      `among its tensors (${Object.keys(tensors).join(", ") || "none"}) are no W0, W1... and no layers.0.weight...`,
    );
  weights.sort((a, b) => a.number - b.number);
  const layers = weights.map(({ name, biasName }) => ({
    weight: { name, tensor: tensors[name] },
    bias: Object.hasOwn(tensors, biasName) ? { name: biasName, tensor: tensors[biasName] } : null,
  }));
  const used = new Set(layers.flatMap(({ weight, bias }) => [weight.name, bias?.name]));
  const unused = Object.keys(tensors).find((name) => !used.has(name));
  if (unused !== undefined) throw unknownForm(source, `tensor "${unused}" belongs to no fully connected layer`);
  return { form, layers };
}

/** Dense weights are [outputs, inputs], spiking ones [inputs, outputs]: only one of the two chains, and fits the biases. */
function kindOf({ layers }: FileLayers, source: string): "dense" | "spiking" {
  const chains = (input: number, output: number): boolean =>
    layers.every(({ weight, bias }, l) => {
      const { shape } = weight.tensor;
      const next = layers[l + 1]?.weight.tensor.shape;
      return (!bias || bias.tensor.shape[0] === shape[output]) && (!next || next[input] === shape[output]);
    });
  const dense = chains(1, 0) && layers.every(({ bias }) => bias !== null);
  const spiking = chains(0, 1);
  if (dense && spiking)
    throw new UsageError(
      "KIND_UNKNOWN",
      `${source} could be a dense or a spiking network: its layers chain both ways.`,
      {
        hint: "Add --kind dense (weights [outputs, inputs]) or --kind spiking (weights [inputs, outputs]).",
      },
    );
  return dense ? "dense" : "spiking";
}

function denseNetwork({ layers }: FileLayers, source: string): DenseNetwork {
  return {
    kind: "dense",
    layers: layers.map(({ weight, bias }) => {
      const [outputs, inputs] = matrix(weight, source);
      if (!bias) throw unknownForm(source, `${weight.name} has no bias, which a dense network needs`);
      return {
        inputs,
        outputs,
        weights: transposed(floats(weight, source), outputs, inputs),
        biases: floats(bias, source).slice(),
      };
    }),
  };
}

function fromSpiking(
  { layers }: FileLayers,
  { observationSize, spiking = {} }: ImportOptions,
  source: string,
): Network {
  const hasBiases = layers.some(({ bias }) => bias !== null);
  const [inputs] = matrix(layers[0].weight, source);
  if (observationSize !== undefined && inputs !== observationSize && inputs !== observationSize + 1)
    throw new UsageError(
      "OBSERVATION_MISMATCH",
      `${source} has ${inputs} inputs: neither ${observationSize} nor, with a constant 1, ${observationSize + 1}.`,
    );
  const biasInput = spiking.biasInput ?? (observationSize === undefined ? !hasBiases : inputs === observationSize + 1);
  const steps = spiking.steps ?? (hasBiases ? importDefaults.stepsWithBiases : importDefaults.stepsWithoutBiases);
  const weights = layers.map(({ weight, bias }) => {
    const [rows, columns] = matrix(weight, source);
    return {
      inputs: rows,
      outputs: columns,
      weights: floats(weight, source).slice(),
      biases: bias && floats(bias, source).slice(),
    };
  });
  return spikingNetwork(weights, { ...spiking, biasInput, steps });
}

function matrix({ name, tensor }: Named, source: string): readonly number[] {
  if (tensor.shape.length !== 2)
    throw unknownForm(source, `${name} has shape [${tensor.shape.join(", ")}] instead of two dimensions`);
  return tensor.shape;
}

function floats({ name, tensor }: Named, source: string): Float32Array {
  if (!tensor.dtype.startsWith("float")) throw unknownForm(source, `${name} is ${tensor.dtype} instead of float32`);
  return toFloat32(tensor);
}

function isTensor(value: TorchValue): value is Tensor {
  return typeof value === "object" && value !== null && "dtype" in value;
}

function unknownForm(source: string, problem: string): DsqnError {
  return new DsqnError("IMPORT_INVALID", `${source}: ${problem}.`, {
    hint: "docs/formats.md shows the forms of weights that can be imported.",
    facts: { source },
  });
}
