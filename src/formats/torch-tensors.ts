import { DsqnError } from "../errors.ts";
import {
  bytesOf,
  bytesPerElement,
  fromBfloat16,
  fromFloat16,
  fromFloat8E4M3,
  fromFloat8E5M2,
  gathered,
  sizeOf,
  type Tensor,
  type TensorData,
  type TensorDtype,
  viewData,
} from "../files/tensor.ts";
import { type PickleCallable, type PickleOptions, type PickleValue, Tuple } from "./pickle.ts";
import { isNoted, noted, numpyArray, objectOpcodes } from "./pickle-objects.ts";

/** What a torch file holds, as plain values with tensors in them; objects of other classes are null. */
export type TorchValue =
  null | boolean | number | string | Tensor | TorchTuple | TorchValue[] | Map<string, TorchValue>;

export interface TorchTuple {
  readonly tuple: readonly TorchValue[];
}

interface StorageType {
  readonly dtype: TensorDtype;
  /** To float32, of floats with fewer bits. */
  readonly widened?: (bits: number) => number;
}

const storageTypes: Readonly<Record<string, StorageType>> = {
  FloatStorage: { dtype: "float32" },
  DoubleStorage: { dtype: "float64" },
  HalfStorage: { dtype: "uint16", widened: fromFloat16 },
  BFloat16Storage: { dtype: "uint16", widened: fromBfloat16 },
  LongStorage: { dtype: "int64" },
  IntStorage: { dtype: "int32" },
  ShortStorage: { dtype: "int16" },
  CharStorage: { dtype: "int8" },
  ByteStorage: { dtype: "uint8" },
  BoolStorage: { dtype: "bool" },
};
/** Newer dtypes have no storage type: their tensors name them over bytes. */
const untyped: StorageType = { dtype: "uint8" };
const tensorTypes: Readonly<Record<string, StorageType>> = {
  float8_e4m3fn: { dtype: "uint8", widened: fromFloat8E4M3 },
  float8_e5m2: { dtype: "uint8", widened: fromFloat8E5M2 },
  uint16: { dtype: "uint16" },
  uint32: { dtype: "uint32" },
  uint64: { dtype: "uint64" },
};

/** Bytes, or elements, that tensors view. */
export interface Storage {
  readonly pickled: "storage";
  readonly key: string;
  readonly type: StorageType;
  readonly size: number;
}

interface StridedTensor {
  readonly pickled: "tensor";
  readonly storage: Storage;
  /** Of its elements, where not the storage's. */
  readonly type?: StorageType;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

interface NamedType {
  readonly pickled: "dtype";
  readonly type: StorageType;
}

/** Bytes that a storage takes in the file. */
export const storedBytes = ({ type, size }: Storage): number => size * bytesPerElement(type.dtype);

/** Its bytes as elements. */
export const storedData = ({ type, size }: Storage, bytes: Uint8Array, at = 0): TensorData =>
  viewData(type.dtype, bytes, at, size);

/** Classes whose objects lie beside weights in checkpoints and say nothing of a network: noted, and left out. */
const HARMLESS =
  /^(numpy\.(dtype|ndarray|(_?core\.)?(multiarray|numeric)\.(_reconstruct|scalar|_frombuffer))|_codecs\.encode|argparse\.Namespace|types\.SimpleNamespace|collections\.(defaultdict|deque|Counter)|copyreg\._reconstructor|builtins\.(object|set|frozenset|int|float|dict|list|slice|range|complex)|__builtin__\.(object|set|int|float|dict|list)|pathlib\.(Pure)?(Posix|Windows)?Path|datetime\.(datetime|date|timedelta|timezone)|torch\.(device|float16|float32|float64|bfloat16|int8|int16|int32|int64|uint8|bool|strided|contiguous_format))$/;
/** Of these nobody should be told how to write the file otherwise. */
const PROGRAMS =
  /^(os|posix|nt|sys|subprocess|builtins|__builtin__|shutil|socket|importlib|runpy|code|pty|ctypes|webbrowser|torch\.hub)\b/;

/** What reads a torch pickle, and what it has met so far. */
export interface TorchReader {
  readonly options: PickleOptions;
  readonly storages: ReadonlyMap<string, Storage>;
  /** Of state_dicts the names of their modules, those without tensors too. */
  readonly trees: ReadonlyMap<PickleValue, readonly string[]>;
}

/** The names in a state_dict's `_metadata`. */
function modulesIn(state: PickleValue): string[] {
  const metadata = state instanceof Map ? state.get("_metadata") : undefined;
  return metadata instanceof Map
    ? ([...metadata.keys()].filter((name) => typeof name === "string" && name !== "") as string[])
    : [];
}

const known = new WeakMap<object, readonly string[]>();

/** The names of all modules that a state_dict tells of; undefined where it doesn't. */
export function moduleTree(value: Map<string, TorchValue>): readonly string[] | undefined {
  return known.get(value);
}

/** The globals that tensors and state_dicts are pickled with, as functions that only note down what the file says. */
export function torchReader(source: string): TorchReader {
  const storages = new Map<string, Storage>();
  const trees = new Map<PickleValue, readonly string[]>();
  const wrong = (what: string): DsqnError => invalid(source, `${what} is described in an unknown way`);
  let pairs = 0;
  const rebuildTensor: PickleCallable = ([storage, offset, shape, strides, , , named]) => {
    const sizes = numbers(shape);
    const steps = numbers(strides);
    if (!isPickled(storage, "storage") || typeof offset !== "number" || !sizes || sizes.length !== steps?.length)
      throw wrong("a tensor");
    const type = isPickled<NamedType>(named, "dtype") ? named.type : undefined;
    if ((storage.type === untyped) !== (type !== undefined)) throw wrong("the dtype of a tensor");
    return { pickled: "tensor", storage, type, offset, shape: sizes, strides: steps } as StridedTensor;
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
    "torch._utils._rebuild_tensor_v3": rebuildTensor,
    "torch._utils._rebuild_parameter": ([data]) => data,
    "torch.Size": ([items]) => items,
  };
  for (const name in storageTypes)
    globals[`torch.${name}`] = () => {
      throw invalid(source, `torch.${name} is called`);
    };
  const untypedClass: PickleCallable = () => {
    throw invalid(source, "torch.storage.UntypedStorage is called");
  };
  globals["torch.storage.UntypedStorage"] = untypedClass;
  const typeOf = new Map(Object.entries(storageTypes).map(([name, type]) => [globals[`torch.${name}`], type] as const));
  typeOf.set(untypedClass, untyped);
  const constants = Object.fromEntries(
    Object.entries(tensorTypes).map(([name, type]) => [`torch.${name}`, { pickled: "dtype", type }]),
  );
  const persistent = (id: PickleValue): PickleValue => {
    if (!(id instanceof Tuple)) throw wrong("a storage");
    const [kind, type, key, , size] = id.items;
    const storageType = typeOf.get(type as PickleCallable);
    if (kind !== "storage" || !storageType || typeof key !== "string" || !isCount(size)) throw wrong("a storage");
    const storage: Storage = storages.get(key) ?? { pickled: "storage", key, type: storageType, size };
    storages.set(key, storage);
    return storage;
  };
  const options: PickleOptions = {
    globals,
    constants,
    persistent,
    source,
    opcodes: objectOpcodes,
    unknown: (name) => (HARMLESS.test(name) ? noted(name) : undefined),
    onState: (of, state) => void trees.set(of, modulesIn(state)),
    hint: (name) =>
      name === "" || PROGRAMS.test(name)
        ? undefined
        : "If the file is yours and holds a whole model, write its weights alone: torch.save(model.state_dict(), FILE).",
  };
  return { options, storages, trees };
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
export function plainValue(
  value: PickleValue,
  data: ReadonlyMap<string, TensorData>,
  trees: TorchReader["trees"],
  source: string,
): TorchValue {
  return plain(value, { data, trees, source }, budgetOf(data));
}

interface Making {
  readonly data: ReadonlyMap<string, TensorData>;
  readonly trees: TorchReader["trees"];
  readonly source: string;
}

function plain(value: PickleValue, making: Making, count: Budget): TorchValue {
  const { trees, source } = making;
  if (++count.values > MAX_VALUES || count.depth > 50) throw invalid(source, "its values are nested without end");
  const inner = (item: PickleValue): TorchValue => {
    count.depth++;
    const result = plain(item, making, count);
    count.depth--;
    return result;
  };
  if (value === null || typeof value === "boolean" || typeof value === "number" || typeof value === "string")
    return value;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Tuple) return { tuple: value.items.map(inner) };
  if (Array.isArray(value)) return value.map(inner);
  if (value instanceof Map) {
    const map = new Map(
      [...value].map(([key, item]) => {
        const parts = key instanceof Tuple ? key.items : [key];
        if (parts.some((part) => typeof part === "object" && part !== null))
          throw invalid(source, "a key of a dictionary is no plain value");
        return [parts.map(String).join("."), inner(item)] as const;
      }),
    );
    const tree = trees.get(value);
    if (tree && tree.length > 0) known.set(map, tree);
    return map;
  }
  if (isPickled<StridedTensor>(value, "tensor")) return materialise(value, making, count);
  if (isNoted(value)) return numpyArray(value) ?? null;
  if (value instanceof Uint8Array || typeof value === "function" || isPickled<NamedType>(value, "dtype")) return null;
  throw invalid(source, "it holds something that is neither a tensor nor a plain value");
}

function materialise(
  { storage, type = storage.type, offset, shape, strides }: StridedTensor,
  { data, source }: Making,
  count: Budget,
): Tensor {
  const size = sizeOf(shape);
  const reach = shape.reduce((last, length, axis) => last + (length - 1) * strides[axis], offset);
  const width = bytesPerElement(type.dtype);
  const room = Math.floor(storedBytes(storage) / width);
  if (
    !isCount(offset) ||
    !shape.every(isCount) ||
    !strides.every(isCount) ||
    size > room ||
    (size > 0 && reach >= room)
  )
    throw invalid(source, `a tensor of shape [${shape.join(", ")}] reaches beyond its storage of ${room} elements`);
  const { dtype, widened } = type;
  const stored = data.get(storage.key);
  if (!stored) throw invalid(source, `storage "${storage.key}" is missing`);
  const elements = type === storage.type ? stored : viewData(dtype, bytesOf(stored), 0, room);
  if ((count.bytes -= size * width) < 0)
    throw invalid(source, `its tensors hold more than ${MAX_VIEWS} times what its storages do`);
  const raw = gathered(elements, shape, strides, offset);
  return widened
    ? { dtype: "float32", shape, data: Float32Array.from(raw as Uint16Array, widened) }
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

/** TORCH_INVALID. */
export function invalid(source: string, problem: string): DsqnError {
  return new DsqnError("TORCH_INVALID", `${source}: ${problem}.`, { facts: { source } });
}
