import { zipSync } from "fflate";
import { DsqnError } from "../errors.ts";
import {
  bytesOf,
  bytesPerElement,
  fromFloat16,
  gathered,
  sizeOf,
  swapped,
  type Tensor,
  tensor,
  type TensorDtype,
  viewData,
} from "../files/tensor.ts";
import { unzip } from "./zip.ts";

/**
 * NumPy's .npy (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html) and .npz, a zip of them. Arrays of Python
 * objects are pickles and refused. Big-endian and Fortran-ordered arrays come out little-endian and row-major.
 */
const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);

const descriptors: Record<TensorDtype, string> = {
  bool: "|b1",
  uint8: "|u1",
  int8: "|i1",
  uint16: "<u2",
  int16: "<i2",
  uint32: "<u4",
  int32: "<i4",
  uint64: "<u8",
  int64: "<i8",
  float32: "<f4",
  float64: "<f8",
};
const dtypes = new Map(
  Object.entries(descriptors).map(([dtype, descriptor]) => [descriptor.slice(1), dtype as TensorDtype]),
);

/** NumPy's own limit. */
const MAX_DIMENSIONS = 64;

/** The arrays of an .npz by name (without ".npy"). `source` names the file in errors (NPZ_INVALID). */
export function decodeNpz(bytes: Uint8Array, source = "The npz file"): Record<string, Tensor> {
  let files: Record<string, Uint8Array>;
  try {
    files = unzip(bytes);
  } catch (cause) {
    throw invalid(source, `it is not a complete zip archive (${(cause as Error).message})`, cause);
  }
  const entries = Object.entries(files).filter(([name]) => name.endsWith(".npy"));
  return Object.fromEntries(
    entries.map(([name, data]) => [name.slice(0, -4), decodeNpy(data, `${source}, array "${name.slice(0, -4)}"`)]),
  );
}

/** Uncompressed, as `np.savez` writes it. `files`: others in the archive, which NumPy hands out as bytes. */
export function encodeNpz(
  arrays: Readonly<Record<string, Tensor>>,
  files: Readonly<Record<string, Uint8Array>> = {},
): Uint8Array {
  const encoded = Object.fromEntries(Object.entries(arrays).map(([name, array]) => [`${name}.npy`, encodeNpy(array)]));
  return zipSync(
    { ...encoded, ...files },
    {
      level: 0,
      mtime: "1980-01-01T12:00:00",
    },
  );
}

export function encodeNpy({ dtype, shape, data }: Tensor): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const dict = `{'descr': '${descriptors[dtype]}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const dataStart = Math.ceil((10 + dict.length + 1) / 64) * 64;
  const bytes = new Uint8Array(dataStart + data.byteLength);
  bytes.set(MAGIC);
  bytes.set([1, 0], 6);
  new DataView(bytes.buffer).setUint16(8, dataStart - 10, true);
  bytes.set(new TextEncoder().encode(`${dict.padEnd(dataStart - 11)}\n`), 10);
  bytes.set(bytesOf(data), dataStart);
  return bytes;
}

export function decodeNpy(bytes: Uint8Array, source = "The npy file"): Tensor {
  if (bytes.length < 10 || MAGIC.some((byte, i) => bytes[i] !== byte))
    throw invalid(source, "it does not begin like a .npy file");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const long = bytes[6] >= 2;
  const headerStart = long ? 12 : 10;
  const dataStart =
    bytes.length < headerStart ? Infinity : headerStart + (long ? view.getUint32(8, true) : view.getUint16(8, true));
  if (dataStart > bytes.length) throw invalid(source, "it ends within its header (cut short?)");
  const header = new TextDecoder().decode(bytes.subarray(headerStart, dataStart));
  const descriptor = /'descr': *'([<>|=])(\w+)'/.exec(header);
  const order = /'fortran_order': *(True|False)/.exec(header);
  const dimensions = /'shape': *\(([\d, ]*)\)/.exec(header);
  if (!descriptor || !order || !dimensions)
    throw invalid(source, `its header ${header.trim()} describes no plain array`);
  const shape = dimensions[1].split(",").flatMap((text) => (text.trim() ? [Number(text)] : []));
  if (shape.length > MAX_DIMENSIONS) throw invalid(source, `it has ${shape.length} dimensions`);
  const half = descriptor[2] === "f2";
  const dtype = half ? "uint16" : dtypes.get(descriptor[2]);
  if (!dtype) throw invalid(source, `it holds ${descriptor[1]}${descriptor[2]}, which is not supported`);
  const size = sizeOf(shape);
  const width = bytesPerElement(dtype);
  if (bytes.length - dataStart !== size * width)
    throw invalid(
      source,
      `shape [${shape.join(", ")}] needs ${size * width} bytes, and ${bytes.length - dataStart} follow the header (cut short?)`,
    );
  const little = descriptor[1] === ">" ? swapped(bytes.subarray(dataStart), width) : bytes.subarray(dataStart);
  const raw = viewData(dtype, little, 0, size);
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  const ordered = order[1] === "True" ? gathered(raw, shape, strides) : raw;
  return half ? tensor(Float32Array.from(ordered as Uint16Array, fromFloat16), shape) : { dtype, shape, data: ordered };
}

function invalid(source: string, problem: string, cause?: unknown): DsqnError {
  return new DsqnError("NPZ_INVALID", `${source}: ${problem}.`, { cause });
}
