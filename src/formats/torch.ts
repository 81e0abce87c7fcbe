import { DsqnError } from "../errors.ts";
import { type PickleCallable, type PickleValue, readPickle, Tuple } from "./pickle.ts";
import {
  bytesPerElement,
  fromBfloat16,
  fromFloat16,
  gathered,
  sizeOf,
  type Tensor,
  type TensorData,
  type TensorDtype,
  viewData,
} from "../files/tensor.ts";
import { unzip } from "./zip.ts";

/**
 * What torch.save wrote, legacy stream (before torch 1.6) or zip archive, as plain values with tensors in them. Nothing in the
 * file is run (see pickle.ts). Strides are honoured: tensors come out row-major.
 */
export type TorchValue =
  null | boolean | number | string | Tensor | TorchTuple | TorchValue[] | Map<string, TorchValue>;

export interface TorchTuple {
  readonly tuple: readonly TorchValue[];
}

interface StorageType {
  readonly dtype: TensorDtype;
  readonly half?: (bits: number) => number;
}

const storageTypes: Record<string, StorageType> = {
  FloatStorage: { dtype: "float32" },
  DoubleStorage: { dtype: "float64" },
  HalfStorage: { dtype: "uint16", half: fromFloat16 },
  BFloat16Storage: { dtype: "uint16", half: fromBfloat16 },
  LongStorage: { dtype: "int64" },
  IntStorage: { dtype: "int32" },
  ShortStorage: { dtype: "int16" },
  CharStorage: { dtype: "int8" },
  ByteStorage: { dtype: "uint8" },
  BoolStorage: { dtype: "bool" },
};

interface Storage {
  readonly pickled: "storage";
  readonly key: string;
  readonly type: StorageType;
  readonly size: number;
}

interface StridedTensor {
  readonly pickled: "tensor";
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;

export function decodeTorch(bytes: Uint8Array, source = "The torch file"): TorchValue {
  return bytes[0] === 0x50 && bytes[1] === 0x4b ? decodeZip(bytes, source) : decodeLegacy(bytes, source);
}

/** Five pickles (magic number, protocol, system, the object, the storages' keys), then each storage: its size, 8 bytes, and its elements. */
function decodeLegacy(bytes: Uint8Array, source: string): TorchValue {
  const { options, storages } = reader(source);
  let at = 0;
  const next = (): PickleValue => {
    const { value, end } = readPickle(bytes, options, at);
    at = end;
    return value;
  };
  if (bytes[0] !== 0x80 || next() !== LEGACY_MAGIC) throw invalid(source, "it is no file of torch.save");
  if (next() !== 1001) throw invalid(source, "it has an unknown protocol version");
  const system = next();
  if (system instanceof Map && system.get("little_endian") === false)
    throw invalid(source, "it comes from a big-endian machine");
  const object = next();
  const keys = next();
  if (!Array.isArray(keys)) throw invalid(source, "its list of storages is missing");
  const data = new Map<string, TensorData>();
  for (const key of keys) {
    if (typeof key !== "string") throw invalid(source, "its list of storages holds something that is no name");
    const storage = storages.get(key);
    if (!storage) throw invalid(source, `storage "${key}" belongs to no tensor`);
    const length = storage.size * bytesPerElement(storage.type.dtype);
    if (at + 8 + length > bytes.length) throw invalid(source, `it ends within storage "${key}" (cut short?)`);
    const size = Number(new DataView(bytes.buffer, bytes.byteOffset + at, 8).getBigUint64(0, true));
    if (size !== storage.size)
      throw invalid(source, `storage "${key}" has ${size} elements instead of ${storage.size}`);
    data.set(key, viewData(storage.type.dtype, bytes, at + 8, size));
    at += 8 + length;
  }
  return plain(object, data, source, budgetOf(data));
}

function decodeZip(bytes: Uint8Array, source: string): TorchValue {
  let files: Record<string, Uint8Array>;
  try {
    files = unzip(bytes);
  } catch (cause) {
    throw new DsqnError("TORCH_INVALID", `${source}: it is not a complete zip archive.`, { cause });
  }
  const pickle = Object.keys(files).find((name) => /(^|\/)data\.pkl$/.test(name));
  if (pickle === undefined) throw invalid(source, "the archive holds no data.pkl");
  const folder = pickle.slice(0, -"data.pkl".length);
  if (files[`${folder}byteorder`] && new TextDecoder().decode(files[`${folder}byteorder`]) !== "little")
    throw invalid(source, "it comes from a big-endian machine");
  const { options, storages } = reader(source);
  const { value } = readPickle(files[pickle], options);
  const data = new Map<string, TensorData>();
  for (const [key, { size, type }] of storages) {
    const storage = files[`${folder}data/${key}`];
    if (storage?.length !== size * bytesPerElement(type.dtype))
      throw invalid(source, `storage "${key}" is missing or cut short`);
    data.set(key, viewData(type.dtype, storage, 0, size));
  }
  return plain(value, data, source, budgetOf(data));
}

/** The globals that tensors and state_dicts are pickled with, as functions that only note down what the file says. */
function reader(source: string) {
  const storages = new Map<string, Storage>();
  const wrong = (what: string): DsqnError => invalid(source, `${what} is described in an unknown way`);
  let pairs = 0;
  const rebuildTensor: PickleCallable = ([storage, offset, shape, strides]) => {
    const sizes = numbers(shape);
    const steps = numbers(strides);
    if (!isPickled(storage, "storage") || typeof offset !== "number" || !sizes || sizes.length !== steps?.length)
      throw wrong("a tensor");
    return { pickled: "tensor", storage, offset, shape: sizes, strides: steps } as StridedTensor;
  };
  const globals: Record<string, PickleCallable> = {
    "collections.OrderedDict": ([items]) => {
      if (items === undefined) return new Map();
      // One list, which costs the file nothing, can become any number of dictionaries.
      if (
        !Array.isArray(items) ||
        (pairs += items.length) > MAX_VALUES ||
        !items.every((pair) => pair instanceof Tuple && pair.items.length === 2)
      )
        throw wrong("an OrderedDict");
      return new Map(items.map((pair) => (pair as Tuple).items as [PickleValue, PickleValue]));
    },
    "torch._utils._rebuild_tensor": rebuildTensor,
    "torch._utils._rebuild_tensor_v2": rebuildTensor,
    "torch._utils._rebuild_parameter": ([data]) => data,
    "torch.Size": ([items]) => items,
  };
  for (const name in storageTypes)
    globals[`torch.${name}`] = () => {
      throw invalid(source, `torch.${name} is called`);
    };
  const typeOf = new Map(Object.entries(storageTypes).map(([name, type]) => [globals[`torch.${name}`], type] as const));
  const persistent = (id: PickleValue): PickleValue => {
    if (!(id instanceof Tuple)) throw wrong("a storage");
    const [kind, type, key, , size] = id.items;
    const storageType = typeOf.get(type as PickleCallable);
    if (kind !== "storage" || !storageType || typeof key !== "string" || !isCount(size)) throw wrong("a storage");
    const storage: Storage = storages.get(key) ?? { pickled: "storage", key, type: storageType, size };
    storages.set(key, storage);
    return storage;
  };
  return { options: { globals, persistent, source }, storages };
}

/** More values than any network file has; a list of lists of itself would otherwise unfold without end. */
const MAX_VALUES = 100_000;
/** As NumPy's, and torch's. */
const MAX_DIMENSIONS = 64;
/** So often a storage may lie in tensors: each of them becomes an array of its own. */
const MAX_VIEWS = 8;

/** What has been made of a file's description so far, and what may still be. */
interface Budget {
  values: number;
  depth: number;
  bytes: number;
}

function budgetOf(data: ReadonlyMap<string, TensorData>): Budget {
  const stored = [...data.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  return { values: 0, depth: 0, bytes: MAX_VIEWS * stored };
}

/** Puts real tensors in place of their descriptions. */
function plain(value: PickleValue, data: ReadonlyMap<string, TensorData>, source: string, count: Budget): TorchValue {
  if (++count.values > MAX_VALUES || count.depth > 50) throw invalid(source, "its values are nested without end");
  const inner = (item: PickleValue): TorchValue => {
    count.depth++;
    const result = plain(item, data, source, count);
    count.depth--;
    return result;
  };
  if (value === null || typeof value === "boolean" || typeof value === "number" || typeof value === "string")
    return value;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Tuple) return { tuple: value.items.map(inner) };
  if (Array.isArray(value)) return value.map(inner);
  if (value instanceof Map)
    return new Map(
      [...value].map(([key, item]) => {
        if (key !== null && typeof key === "object") throw invalid(source, "a key of a dictionary is no plain value");
        return [String(key), inner(item)];
      }),
    );
  if (isPickled<StridedTensor>(value, "tensor")) return materialise(value, data, source, count);
  throw invalid(source, "it holds something that is neither a tensor nor a plain value");
}

function materialise(
  { storage, offset, shape, strides }: StridedTensor,
  data: ReadonlyMap<string, TensorData>,
  source: string,
  count: Budget,
): Tensor {
  const size = sizeOf(shape);
  const reach = shape.reduce((last, length, axis) => last + (length - 1) * strides[axis], offset);
  if (
    !isCount(offset) ||
    !shape.every(isCount) ||
    !strides.every(isCount) ||
    size > storage.size ||
    (size > 0 && reach >= storage.size)
  )
    throw invalid(
      source,
      `a tensor of shape [${shape.join(", ")}] reaches beyond its storage of ${storage.size} elements`,
    );
  const { dtype, half } = storage.type;
  const elements = data.get(storage.key);
  if (!elements) throw invalid(source, `storage "${storage.key}" is missing`);
  if ((count.bytes -= size * bytesPerElement(dtype)) < 0)
    throw invalid(source, `its tensors hold more than ${MAX_VIEWS} times what its storages do`);
  const raw = gathered(elements, shape, strides, offset);
  return half
    ? { dtype: "float32", shape, data: Float32Array.from(raw as Uint16Array, half) }
    : { dtype, shape, data: raw };
}

function isPickled<T extends { pickled: string } = Storage>(value: unknown, kind: T["pickled"]): value is T {
  return typeof value === "object" && value !== null && (value as T).pickled === kind;
}

function numbers(value: PickleValue | undefined): number[] | undefined {
  const items = value instanceof Tuple ? value.items : undefined;
  if (!items || items.length > MAX_DIMENSIONS) return undefined;
  return items.every((item) => typeof item === "number") ? (items as number[]) : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function invalid(source: string, problem: string): DsqnError {
  return new DsqnError("TORCH_INVALID", `${source}: ${problem}.`, { facts: { source } });
}
