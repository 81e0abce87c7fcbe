import { extname } from "node:path";
import { UsageError } from "../errors.ts";
import { decodeSafetensors } from "../files/safetensors.ts";
import type { Tensor } from "../files/tensor.ts";
import { decodeModel } from "../network/file/model.ts";
import { fromTorch } from "./checkpoint.ts";
import type { ImportOptions, NamedTensors, WholeNetwork } from "./form.ts";
import { DESCRIPTION_ENTRY, isDescription, wholeRecorded } from "./frameworks/reader.ts";
import { isHdf5 } from "./hdf5/read.ts";
import { readJson } from "./json.ts";
import { isKeras, readKeras, readKerasHdf5 } from "./keras.ts";
import { isNir, readNir } from "./nir/read.ts";
import { decodeNpz } from "./npz.ts";
import { readOnnx } from "./onnx/import.ts";
import { isOnnx } from "./onnx/model.ts";
import { operators } from "./onnx/operators.ts";
import { fromPortable, PORTABLE, PORTABLE_FILE, unnumbered } from "./portable.ts";
import { fromStableBaselines3 } from "./stable-baselines3.ts";
import { decodeTorch } from "./torch.ts";
import { namesIn, unzip } from "./zip.ts";

export type { NamedTensors, WholeNetwork } from "./form.ts";

/** A form of other people's files. */
export interface Reader {
  /** For the hint that lists what there is. */
  readonly says: string;
  readonly extensions: readonly string[];
  /** Whether the bytes look like it; where nobody's do, the extension decides who says what is wrong with them. */
  owns(bytes: Uint8Array): boolean;
  read(
    bytes: Uint8Array,
    source: string,
    options: ImportOptions,
  ): NamedTensors | WholeNetwork | Promise<NamedTensors | WholeNetwork>;
}

/** In the order in which a folder is searched for `model` with the first extension of each. */
export const readers: readonly Reader[] = [
  {
    says: ".pt, .pth and others of torch.save",
    extensions: [".pt", ".pth", ".bin", ".ckpt", ".cleanrl_model"],
    // A safetensors file may begin like a pickle: with a header of 640 bytes, for example.
    owns: (bytes) =>
      (bytes[0] === 0x80 && !isSafetensors(bytes)) || namesIn(bytes).some((name) => /(^|\/)data\.pkl$/.test(name)),
    read: (bytes, source) => fromTorch(decodeTorch(bytes, source), source),
  },
  {
    says: ".npz (NumPy)",
    extensions: [".npz"],
    owns: (bytes) => namesIn(bytes).some((name) => name.endsWith(".npy")),
    read: fromNpz,
  },
  {
    says: ".safetensors",
    extensions: [".safetensors"],
    owns: isSafetensors,
    read: fromSafetensors,
  },
  {
    says: ".json (TensorFlow.js's model.json, state_dicts, exports, networks of export_torch)",
    extensions: [".json"],
    owns: (bytes) => bytes.find((byte) => byte > 0x20) === 0x7b,
    read: (bytes, source, options) =>
      isDescription(bytes) ? wholeRecorded(bytes, source, options) : readJson(bytes, source),
  },
  {
    says: ".nir (NIR)",
    extensions: [".nir"],
    owns: isNir,
    read(bytes: Uint8Array, source: string, { nir, spiking, decoding }: ImportOptions): WholeNetwork {
      const { neuron: _, ...coding } = { ...spiking, ...(decoding && { decoding }) };
      return readNir(bytes, source, { coding, ...nir });
    },
  },
  {
    says: ".keras (Keras)",
    extensions: [".keras"],
    owns: (bytes) => isKeras(namesIn(bytes)),
    read: readKeras,
  },
  {
    says: ".h5 (Keras)",
    extensions: [".h5", ".hdf5"],
    owns: isHdf5,
    read: readKerasHdf5,
  },
  {
    says: ".onnx (ONNX)",
    extensions: [".onnx"],
    owns: isOnnx,
    read: (bytes, source) => readOnnx(bytes, source, operators),
  },
  {
    says: ".zip (stable-baselines3)",
    extensions: [".zip"],
    owns: (bytes) => namesIn(bytes).some((name) => /\.(pth|pt)$/.test(name)),
    read: fromStableBaselines3,
  },
];

function isSafetensors(bytes: Uint8Array): boolean {
  return bytes[8] === 0x7b && new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true) <= bytes.length - 8;
}

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

/** NumPy's arrays, with what they don't say where we wrote them. */
function fromNpz(
  bytes: Uint8Array,
  source: string,
  options: ImportOptions,
): NamedTensors | WholeNetwork | Promise<WholeNetwork> {
  if (namesIn(bytes).includes(DESCRIPTION_ENTRY)) return wholeRecorded(bytes, source, options);
  const tensors = decodeNpz(bytes, source);
  if (!namesIn(bytes).includes(PORTABLE_FILE)) return { form: "npz", tensors, ordered: false };
  const description = new TextDecoder().decode(unzip(bytes)[PORTABLE_FILE]);
  const network = fromPortable(unnumbered(tensors), description, source);
  return { form: "npz of dsqn export", network, tensors: shapesOf(tensors) };
}

/** A model of ours, or tensors alone. */
function fromSafetensors(bytes: Uint8Array, source: string): NamedTensors | WholeNetwork {
  const { tensors, metadata } = decodeSafetensors(bytes, source);
  if (metadata.format === "dsqn")
    return { form: "dsqn", network: decodeModel(bytes, source), tensors: shapesOf(tensors) };
  if (metadata.format !== PORTABLE) return { form: "safetensors", tensors, ordered: false };
  const network = fromPortable(tensors, metadata.network, source);
  return { form: "safetensors of dsqn export", network, tensors: shapesOf(tensors) };
}

/** Names and shapes, as they lie in a file. */
export function shapesOf(tensors: Readonly<Record<string, Tensor>>): { name: string; shape: readonly number[] }[] {
  return Object.entries(tensors).map(([name, { shape }]) => ({ name, shape }));
}
