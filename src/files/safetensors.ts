import * as z from "zod/mini";
import { DsqnError } from "../errors.ts";
import {
  bytesOf,
  fromBfloat16,
  fromFloat16,
  fromFloat8E4M3,
  fromFloat8E5M2,
  sizeOf,
  type Tensor,
  tensor,
  type TensorDtype,
  toFloat16,
  viewData,
} from "./tensor.ts";

/**
 * The safetensors format (https://github.com/huggingface/safetensors): eight bytes of little-endian header length, a JSON header
 * {name: {dtype, shape, data_offsets}}, then the tensors' bytes. What a file can do to its reader is listed in docs/formats.md;
 * everything on that list is refused here.
 */
export interface SafetensorsFile {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The limit of the format's own implementation: no header is that long, and parsing one would hold the process up. */
const MAX_HEADER = 100_000_000;
/** More than any network has. */
const MAX_TENSORS = 50_000;

const dtypes: Record<string, { bytes: number; dtype?: TensorDtype; widened?: (bits: number) => number }> = {
  BOOL: { bytes: 1, dtype: "bool" },
  U8: { bytes: 1, dtype: "uint8" },
  I8: { bytes: 1, dtype: "int8" },
  U16: { bytes: 2, dtype: "uint16" },
  I16: { bytes: 2, dtype: "int16" },
  F8_E4M3: { bytes: 1, widened: fromFloat8E4M3 },
  F8_E5M2: { bytes: 1, widened: fromFloat8E5M2 },
  F16: { bytes: 2, widened: fromFloat16 },
  BF16: { bytes: 2, widened: fromBfloat16 },
  U32: { bytes: 4, dtype: "uint32" },
  I32: { bytes: 4, dtype: "int32" },
  F32: { bytes: 4, dtype: "float32" },
  U64: { bytes: 8, dtype: "uint64" },
  I64: { bytes: 8, dtype: "int64" },
  F64: { bytes: 8, dtype: "float64" },
};
const names = Object.fromEntries(
  Object.entries(dtypes).flatMap(([name, { dtype }]) => (dtype ? [[dtype, name]] : [])),
) as Record<TensorDtype, string>;

const length = z.int().check(z.nonnegative());
const entrySchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(length),
  data_offsets: z.tuple([length, length]),
});
const metadataSchema = z.record(z.string(), z.string());
type Entry = z.infer<typeof entrySchema> & { name: string };

/** Tensors that are written with half the bits: read back as float32, as near as float16 comes. */
export type Halves = (name: string) => boolean;

/** Larger elements come first, so that every tensor lies aligned. */
export function encodeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  metadata: Readonly<Record<string, string>> = {},
  halves: Halves = () => false,
): Uint8Array {
  const sorted = Object.entries(tensors)
    .map(([name, { dtype, shape, data }]) => {
      const half = dtype === "float32" && halves(name);
      const stored = half ? Uint16Array.from(data as Float32Array, toFloat16) : data;
      return { name, dtype: half ? "F16" : names[dtype], shape, bytes: bytesOf(stored) };
    })
    .sort((a, b) => dtypes[b.dtype].bytes - dtypes[a.dtype].bytes);
  let end = 0;
  const entries = sorted.map(({ name, dtype, shape, bytes }) => {
    const begin = end;
    end += bytes.length;
    return [name, { dtype, shape, data_offsets: [begin, end] }] as const;
  });
  const header = Object.fromEntries([
    ...(Object.keys(metadata).length > 0 ? [["__metadata__", metadata] as const] : []),
    ...entries,
  ]);
  const json = new TextEncoder().encode(JSON.stringify(header));
  const dataStart = Math.ceil((8 + json.length) / 8) * 8;
  const file = new Uint8Array(dataStart + end).fill(0x20, 8, dataStart);
  new DataView(file.buffer).setBigUint64(0, BigInt(dataStart - 8), true);
  file.set(json, 8);
  for (const [i, [, { data_offsets }]] of entries.entries()) file.set(sorted[i].bytes, dataStart + data_offsets[0]);
  return file;
}

/** Tensors are views of `bytes` where alignment allows. `source` names the file in errors (SAFETENSORS_INVALID). */
export function decodeSafetensors(bytes: Uint8Array, source = "The safetensors file"): SafetensorsFile {
  const fail = (problem: string, facts: Record<string, unknown> = {}, hint = DAMAGED_HINT): never => {
    throw new DsqnError("SAFETENSORS_INVALID", `${source}: ${problem}.`, {
      hint,
      facts: { source, ...facts },
    });
  };
  if (bytes.length < 8) fail(`${bytes.length} bytes are too few for a header (cut short?)`);
  const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  if (headerLength > MAX_HEADER) fail(`the header claims ${headerLength} bytes, above the limit of ${MAX_HEADER}`);
  const dataStart = 8 + headerLength;
  if (dataStart > bytes.length)
    fail(`the header claims ${headerLength} bytes, but only ${bytes.length - 8} follow (cut short?)`);
  const { entries, metadata } = parseHeader(bytes.subarray(8, dataStart), fail);
  checkLayout(entries, bytes.length - dataStart, fail);
  const tensors = entries.map(({ name, dtype: code, shape, data_offsets }) => {
    const { dtype, widened, bytes: width } = dtypes[code];
    const size = sizeOf(shape);
    const offset = dataStart + data_offsets[0];
    if (dtype) return [name, { dtype, shape, data: viewData(dtype, bytes, offset, size) }] as const;
    const bits = viewData(width === 1 ? "uint8" : "uint16", bytes, offset, size) as Uint16Array;
    return [name, tensor(Float32Array.from(bits, widened), shape)] as const;
  });
  return { tensors: Object.fromEntries(tensors), metadata };
}

type Fail = (problem: string, facts?: Record<string, unknown>, hint?: string) => never;

const DAMAGED_HINT = "The file is damaged or was not written by a safetensors library: copy or create it again.";
const DTYPE_HINT = `Save it with one of ${Object.keys(dtypes).join(", ")}.`;

function parseHeader(bytes: Uint8Array, fail: Fail): { entries: Entry[]; metadata: Record<string, string> } {
  if (bytes[0] !== 0x7b) fail("the header is no JSON object");
  let text = "";
  let header: Record<string, unknown> = {};
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    header = JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    fail(`the header is not valid JSON (${(error as Error).message})`);
  }
  const duplicate = duplicateKey(text);
  if (duplicate !== undefined) fail(`"${duplicate}" occurs twice in the header`, { tensor: duplicate });
  const { __metadata__: metadata = {}, ...rest } = header;
  if (!metadataSchema.safeParse(metadata).success) fail("__metadata__ may hold strings only");
  const count = Object.keys(rest).length;
  if (count > MAX_TENSORS) fail(`it has ${count} tensors, above the limit of ${MAX_TENSORS}`);
  const entries = Object.entries(rest).map(([name, value]): Entry => {
    const entry = entrySchema.safeParse(value);
    if (!entry.success)
      fail(`tensor "${name}" needs dtype, shape and data_offsets, and nothing else`, { tensor: name });
    return { name, ...entry.data };
  });
  return { entries, metadata: metadata as Record<string, string> };
}

/** The tensors must fill the data exactly: no hole to hide something in, no overlap, nothing outside. */
function checkLayout(entries: readonly Entry[], dataLength: number, fail: Fail): void {
  let position = 0;
  let previous = "";
  const sorted = [...entries].sort(
    (a, b) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1],
  );
  for (const { name, dtype, shape, data_offsets } of sorted) {
    const [begin, end] = data_offsets;
    if (!Object.hasOwn(dtypes, dtype))
      fail(`tensor "${name}" has the unknown dtype "${dtype}"`, { tensor: name, dtype }, DTYPE_HINT);
    if (end < begin || end > dataLength)
      fail(`tensor "${name}" lies at bytes ${begin} to ${end} of ${dataLength} (cut short?)`, {
        tensor: name,
        data_offsets,
      });
    if (begin < position) fail(`tensor "${name}" overlaps tensor "${previous}"`, { tensor: name, data_offsets });
    if (begin > position)
      fail(`nothing owns bytes ${position} to ${begin}, before tensor "${name}"`, { tensor: name, data_offsets });
    if (end - begin !== sizeOf(shape) * dtypes[dtype].bytes)
      fail(`tensor "${name}" of shape [${shape.join(", ")}] and dtype ${dtype} does not take ${end - begin} bytes`, {
        tensor: name,
        shape,
      });
    [position, previous] = [end, name];
  }
  if (position !== dataLength) fail(`nothing owns bytes ${position} to ${dataLength}, at the end`);
}

/** The first key that occurs twice in an object of `json`, which must be valid. (JSON.parse keeps the last one silently.) */
function duplicateKey(json: string): string | undefined {
  const open: (Set<string> | null)[] = [];
  for (let at = 0; at < json.length; at++) {
    const token = json[at];
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(null);
    else if (token === "}" || token === "]") open.pop();
    if (token !== '"') continue;
    const start = at++;
    for (; json[at] !== '"'; at++) if (json[at] === "\\") at++;
    let next = at + 1;
    while (/\s/.test(json[next])) next++;
    if (json[next] !== ":") continue;
    const key = JSON.parse(json.slice(start, at + 1)) as string;
    const keys = open.at(-1)!;
    if (keys.has(key)) return key;
    keys.add(key);
  }
  return undefined;
}
