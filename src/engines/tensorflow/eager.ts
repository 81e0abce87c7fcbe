import type { Tfjs } from "./tfjs.ts";

/** A tensor inside TensorFlow. */
export type Handle = number;

/** An attribute of an operation: a number or a list of them is an integer. */
type Attribute = boolean | string | number | readonly number[] | { readonly type: "float" | "uint8" | "int32" };

/**
 * TensorFlow's own operations, called by their names in its documentation (raw_ops), one after the other.
 * TensorFlow.js's layer above them costs some 20 microseconds per operation and hides the ones that update variables in
 * place.
 */
export interface Eager {
  /** Runs an operation with one result. */
  run(operation: string, inputs: readonly Handle[], attributes?: Readonly<Record<string, Attribute>>): Handle;
  /** Runs an operation without one. */
  effect(operation: string, inputs: readonly Handle[], attributes?: Readonly<Record<string, Attribute>>): void;
  /** The array's memory is shared, not copied: it must stay as it is until the tensor is freed. */
  upload(values: Float32Array | Uint8Array | Int32Array, shape: readonly number[]): Handle;
  download(handle: Handle): Float32Array;
  /** A tensor that something else has made becomes one of the scope's. */
  adopt(handle: Handle): Handle;
  free(handles: Iterable<Handle>): void;
  /** Frees what `work` has made, except for the handles that `keep` was called with. */
  scope<T>(work: (keep: (handle: Handle) => Handle) => T): T;
  /** Tensors alive in TensorFlow. */
  alive(): number;
}

/** The part of tfjs-node's native binding used here. */
export interface TensorflowBinding {
  readonly TF_FLOAT: number;
  readonly TF_UINT8: number;
  readonly TF_INT32: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  readonly TF_ATTR_STRING: number;
  createTensor(shape: readonly number[], dtype: number, values: Float32Array | Uint8Array | Int32Array): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array;
  executeOp(name: string, attributes: readonly object[], inputs: readonly number[], outputs: number): { id: number }[];
  getNumOfTensors(): number;
  loadSavedModel(folder: string, tag: string): number;
  /** Names of operations' outputs ("n1:0"), with commas between them. */
  runSavedModel(id: number, inputs: readonly number[], inputNames: string, outputNames: string): { id: number }[];
  deleteSavedModel(id: number): void;
}

/** Opens TensorFlow's operations. */
export function openEager(tf: Tfjs): Eager {
  const { binding } = tf.backend();
  const dtypes = { float: binding.TF_FLOAT, uint8: binding.TF_UINT8, int32: binding.TF_INT32 };
  // What an operation's attributes become is the same in every call: made once per object that the caller keeps.
  const known = new WeakMap<object, readonly object[]>();
  const attribute = ([name, value]: [string, Attribute]): object => {
    if (typeof value === "boolean") return { name, type: binding.TF_ATTR_BOOL, value };
    if (typeof value === "string") return { name, type: binding.TF_ATTR_STRING, value };
    if (typeof value === "object" && "type" in value)
      return { name, type: binding.TF_ATTR_TYPE, value: dtypes[value.type] };
    return { name, type: name === "shape" ? binding.TF_ATTR_SHAPE : binding.TF_ATTR_INT, value };
  };
  const translate = (attributes: Readonly<Record<string, Attribute>>): readonly object[] => {
    let list = known.get(attributes);
    if (!list) known.set(attributes, (list = Object.entries(attributes).map(attribute)));
    return list;
  };
  let made: Handle[] | undefined;
  const note = (handle: Handle): Handle => {
    made?.push(handle);
    return handle;
  };
  const free = (handles: Iterable<Handle>): void => {
    for (const handle of handles) binding.deleteTensor(handle);
  };
  const none = {};
  return {
    run: (operation, inputs, attributes = none) =>
      note(binding.executeOp(operation, translate(attributes), inputs, 1)[0].id),
    effect(operation, inputs, attributes = none) {
      binding.executeOp(operation, translate(attributes), inputs, 0);
    },
    upload(values, shape) {
      const dtype =
        values instanceof Float32Array ? dtypes.float : values instanceof Uint8Array ? dtypes.uint8 : dtypes.int32;
      return note(binding.createTensor(shape, dtype, values));
    },
    download: (handle) => binding.tensorDataSync(handle),
    adopt: note,
    free,
    scope(work) {
      const outer = made;
      const mine: Handle[] = (made = []);
      const kept = new Set<Handle>();
      try {
        return work((handle) => {
          kept.add(handle);
          return handle;
        });
      } finally {
        free(mine.filter((handle) => !kept.has(handle)));
        made = outer;
        for (const handle of kept) outer?.push(handle);
      }
    },
    alive: () => binding.getNumOfTensors(),
  };
}
