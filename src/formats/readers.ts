import { extname } from "node:path";
import { UsageError } from "../errors.ts";
import { decodeSafetensors } from "../files/safetensors.ts";
import type { Tensor } from "../files/tensor.ts";
import { decodeModel } from "../network/file/model.ts";
import type { Network } from "../network/network.ts";
import { readLayersModel } from "./layers-model/import.ts";
import { decodeNpz } from "./npz.ts";
import { wrongForm } from "./modules.ts";
import { decodeTorch, type TorchValue } from "./torch.ts";
import { namesIn } from "./zip.ts";

/** A file's tensors by name, and how their names are to be taken. */
export interface NamedTensors {
  readonly form: string;
  readonly tensors: Readonly<Record<string, Tensor>>;
  /** They come in the order of the network; otherwise the numbers in their names order them. */
  readonly ordered: boolean;
  /** Where the form tells: weights [outputs, inputs] or [inputs, outputs]. */
  readonly kind?: "dense" | "spiking";
}

/** A file that says all there is to know. */
export interface WholeNetwork {
  readonly form: string;
  readonly network: Network;
  readonly tensors: readonly { name: string; shape: readonly number[] }[];
}

/** A form of other people's files. */
export interface Reader {
  /** For the hint that lists what there is. */
  readonly says: string;
  readonly extensions: readonly string[];
  /** Whether the bytes look like it; where nobody's do, the extension decides who says what is wrong with them. */
  owns(bytes: Uint8Array): boolean;
  read(bytes: Uint8Array, source: string): NamedTensors | WholeNetwork | Promise<WholeNetwork>;
}

/** In the order in which a folder is searched for `model` with the first extension of each. */
export const readers: readonly Reader[] = [
  {
    says: ".pt and .pth (torch)",
    extensions: [".pt", ".pth", ".bin"],
    owns: (bytes) => bytes[0] === 0x80 || namesIn(bytes).some((name) => /(^|\/)data\.pkl$/.test(name)),
    read: (bytes, source) => fromTorch(decodeTorch(bytes, source), source),
  },
  {
    says: ".npz (NumPy)",
    extensions: [".npz"],
    owns: (bytes) => namesIn(bytes).some((name) => name.endsWith(".npy")),
    read: (bytes, source) => ({ form: "npz", tensors: decodeNpz(bytes, source), ordered: false }),
  },
  {
    says: ".safetensors",
    extensions: [".safetensors"],
    owns: (bytes) =>
      bytes[8] === 0x7b && new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true) <= bytes.length - 8,
    read: fromSafetensors,
  },
  {
    says: ".json (TensorFlow.js's model.json)",
    extensions: [".json"],
    owns: (bytes) => bytes.find((byte) => byte > 0x20) === 0x7b,
    read: readLayersModel,
  },
];

/** Whose file it is, by its content, else by its extension; FORMAT_UNKNOWN where nobody's. */
export function readerOf(bytes: Uint8Array, source: string): Reader {
  const extension = extname(source).toLowerCase();
  const found =
    readers.find((reader) => reader.owns(bytes)) ?? readers.find(({ extensions }) => extensions.includes(extension));
  if (found) return found;
  throw new UsageError(
    "FORMAT_UNKNOWN",
    `${source}: "${extension || "no extension"}" is not a format that can be imported.`,
    {
      hint: `Known: ${readers.map(({ says }) => says).join(", ")}.`,
    },
  );
}

/** A model of ours, or tensors alone. */
function fromSafetensors(bytes: Uint8Array, source: string): NamedTensors | WholeNetwork {
  const { tensors, metadata } = decodeSafetensors(bytes, source);
  if (metadata.format !== "dsqn") return { form: "safetensors", tensors, ordered: false };
  return { form: "dsqn", network: decodeModel(bytes, source), tensors: shapesOf(tensors) };
}

/** Names and shapes, as they lie in a file. */
export function shapesOf(tensors: Readonly<Record<string, Tensor>>): { name: string; shape: readonly number[] }[] {
  return Object.entries(tensors).map(([name, { shape }]) => ({ name, shape }));
}

/** The four forms of the original's checkpoints: two of state_dicts, (weights, biases or None), and [weights]. */
function fromTorch(value: TorchValue, source: string): NamedTensors {
  if (value instanceof Map) {
    const tensors = [...value].filter((entry): entry is [string, Tensor] => isTensor(entry[1]));
    return { form: "state_dict", tensors: Object.fromEntries(tensors), ordered: true, kind: "dense" };
  }
  if (Array.isArray(value)) return listed("list of weights", value, null, source);
  const pair = typeof value === "object" && value !== null && "tuple" in value ? value.tuple : [];
  const [weights, biases] = pair;
  const none = biases === null || (Array.isArray(biases) && biases.every((bias) => bias === null));
  if (pair.length === 2 && Array.isArray(weights) && (none || Array.isArray(biases)))
    return listed("tuple of weights and biases", weights, none ? null : biases, source);
  throw wrongForm(source, "it holds neither a state_dict, nor (weights, biases), nor a list of weights");
}

function listed(
  form: string,
  weights: readonly TorchValue[],
  biases: readonly TorchValue[] | null,
  source: string,
): NamedTensors {
  if (weights.length === 0 || !weights.every(isTensor))
    throw wrongForm(source, "its weights are not a list of tensors");
  if (biases && (biases.length !== weights.length || !biases.every(isTensor)))
    throw wrongForm(source, `${weights.length} weights need as many biases`);
  const tensors = weights.flatMap((weight, l) => [
    [`weights.${l}`, weight],
    ...(biases ? [[`biases.${l}`, biases[l]]] : []),
  ]);
  return { form, tensors: Object.fromEntries(tensors) as Record<string, Tensor>, ordered: true, kind: "spiking" };
}

function isTensor(value: TorchValue): value is Tensor {
  return typeof value === "object" && value !== null && "dtype" in value;
}
