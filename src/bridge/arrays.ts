import { type ArraySpec, type Dtype, INLINE_BYTES } from "./schema.ts";

const constructors = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
} as const;

/** The data of an array on its way to Python or back. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A row-major array of any rank. Over the bridge it is a NumPy array. */
export interface NdArray<T extends TypedArray = TypedArray> {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: T;
}

/** The dtype that a typed array stands for. */
export function dtypeOf(data: TypedArray): Dtype {
  for (const dtype in constructors) if (data instanceof constructors[dtype as Dtype]) return dtype as Dtype;
  throw new TypeError(`The bridge carries no ${Object.prototype.toString.call(data)}.`);
}

/** `data` as an array of `shape` (one-dimensional without it). */
export function ndarray<T extends TypedArray>(data: T, shape: readonly number[] = [data.length]): NdArray<T> {
  const size = shape.reduce((product, length) => product * length, 1);
  if (size !== data.length)
    throw new RangeError(`${data.length} elements do not make an array of shape [${shape.join(", ")}].`);
  return { dtype: dtypeOf(data), shape, data };
}

/** Zeros of a dtype given by name. */
export function zeros(dtype: Dtype, length: number): TypedArray {
  return new constructors[dtype](length);
}

/** Descriptions for a header, and the frames of those arrays that are too large to travel inside it. Frames are not copied. */
export function encodeArrays(arrays: Readonly<Record<string, NdArray>>): { specs: ArraySpec[]; frames: Uint8Array[] } {
  const specs: ArraySpec[] = [];
  const frames: Uint8Array[] = [];
  for (const name in arrays) {
    const { dtype, shape, data } = arrays[name];
    const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    const inline = bytes.length <= INLINE_BYTES;
    specs.push([name, dtype, shape as number[], inline ? bytes : null]);
    if (!inline) frames.push(bytes);
  }
  return { specs, frames };
}

/** Arrays by name; frames that lie aligned in memory are not copied. Throws RangeError where bytes and shapes disagree. */
export function decodeArrays(specs: readonly ArraySpec[], frames: readonly Uint8Array[]): Record<string, NdArray> {
  const arrays: Record<string, NdArray> = {};
  let next = 0;
  for (const [name, dtype, shape, data] of specs) {
    const bytes = data ?? frames[next++];
    if (bytes === undefined) throw new RangeError(`the frame of array "${name}" is missing`);
    const make = constructors[dtype];
    const size = shape.reduce((product, length) => product * length, 1);
    if (bytes.length !== size * make.BYTES_PER_ELEMENT)
      throw new RangeError(`array "${name}" has ${bytes.length} bytes, not ${dtype} of shape [${shape.join(", ")}]`);
    // Alignment: inline arrays lie anywhere in the header. They are small, and a copy also lets the header go.
    const own = data === null && bytes.byteOffset % make.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
    arrays[name] = { dtype, shape, data: new make(own.buffer as ArrayBuffer, own.byteOffset, size) };
  }
  if (next !== frames.length) throw new RangeError(`${frames.length - next} frame(s) more than the header describes`);
  return arrays;
}
