import { powerOfTwo } from "../numeric/elementary.ts";

/** The arrays that files and messages hold. Half-precision floats are read as float32, which holds each of them exactly. */
const constructors = {
  bool: Uint8Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  uint64: BigUint64Array,
  int64: BigInt64Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;

export type TensorDtype = keyof typeof constructors;
/** The values of a tensor, row-major. */
export type TensorData =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/** A row-major (C order) array of any rank. */
export interface Tensor<T extends TensorData = TensorData> {
  readonly dtype: TensorDtype;
  readonly shape: readonly number[];
  readonly data: T;
}

export function bytesPerElement(dtype: TensorDtype): number {
  return constructors[dtype].BYTES_PER_ELEMENT;
}

/** Zeros of a dtype given by name. */
export function zeros(dtype: TensorDtype, length: number): TensorData {
  return new constructors[dtype](length);
}

/** The dtype that a typed array stands for (no array is told to be bool). */
export function dtypeOf(data: TensorData): TensorDtype {
  const found = (Object.keys(constructors) as TensorDtype[]).find(
    (name) => name !== "bool" && data instanceof constructors[name],
  );
  if (!found)
    throw new TypeError(`${Object.prototype.toString.call(data)} is no array of numbers that a tensor can hold.`);
  return found;
}

/** The number of elements of an array of `shape`; 1 for a scalar. Unsafe (above 2^53) products come back as Infinity. */
export function sizeOf(shape: readonly number[]): number {
  const size = shape.reduce((product, length) => product * length, 1);
  return Number.isSafeInteger(size) ? size : Infinity;
}

/** A tensor around a typed array, one-dimensional unless `shape` says otherwise. */
export function tensor<T extends TensorData>(data: T, shape: readonly number[] = [data.length]): Tensor<T> {
  if (sizeOf(shape) !== data.length)
    throw new RangeError(`${data.length} elements do not make an array of shape [${shape.join(", ")}].`);
  return { dtype: dtypeOf(data), shape, data };
}

/** The little-endian bytes at `offset` as a typed array of `length` elements; copied only where they don't lie aligned. */
export function viewData(dtype: TensorDtype, bytes: Uint8Array, offset: number, length: number): TensorData {
  const size = bytesPerElement(dtype);
  const aligned = (bytes.byteOffset + offset) % size === 0;
  const view = bytes.subarray(offset, offset + length * size);
  const source = aligned ? view : new Uint8Array(view); // not slice: a Buffer's doesn't copy
  return new constructors[dtype](source.buffer as ArrayBuffer, source.byteOffset, length);
}

/** Bytes of big-endian numbers as little-endian ones, or the other way round. */
export function swapped(bytes: Uint8Array, width: number): Uint8Array {
  const result = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) result[i] = bytes[i - (i % width) + (width - 1 - (i % width))];
  return result;
}

/** The little-endian bytes of a typed array, not copied. */
export function bytesOf(data: TensorData): Uint8Array {
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}

/** The values rounded to float32; a copy unless they are float32 already. */
export function toFloat32({ data }: Tensor): Float32Array {
  if (data instanceof Float32Array) return data;
  return Float32Array.from(data as ArrayLike<number | bigint>, Number);
}

/** The elements of an array that lies in memory in any order, row-major: index i of an axis is `strides` elements further, from `offset` on. */
export function gathered(
  data: TensorData,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): TensorData {
  const result = data.slice(0, sizeOf(shape));
  const index = shape.map(() => 0);
  for (let k = 0; k < result.length; k++) {
    result[k] = data[index.reduce((position, i, axis) => position + i * strides[axis], offset)];
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
  }
  return result;
}

/** [rows, columns] to [columns, rows]. */
export function transposed(data: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(data.length);
  // Bounded by what is there: a file can name any number of rows of no columns.
  for (let r = 0; r * columns < data.length; r++)
    for (let c = 0; c < columns; c++) result[c * rows + r] = data[r * columns + c];
  return result;
}

/** IEEE 754 binary16 to a number. */
export function fromFloat16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * powerOfTwo(exponent - 15);
}

const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

/** A number to the nearest IEEE 754 binary16, ties to even; from 65520 on infinite. */
export function toFloat16(value: number): number {
  single[0] = value;
  const sign = (singleBits[0] >>> 16) & 0x8000;
  const bits = singleBits[0] & 0x7fffffff;
  if (bits > 0x7f800000) return sign | 0x7e00;
  if (bits >= 0x477ff000) return sign | 0x7c00;
  if (bits >= 0x38800000) return sign | ((bits - 0x38000000 + 0xfff + ((bits >>> 13) & 1)) >>> 13);
  const units = Math.abs(single[0]) * 2 ** 24; // subnormal: multiples of 2^-24
  const down = Math.floor(units);
  const up = units - down > 0.5 || (units - down === 0.5 && down % 2 === 1);
  return sign | (down + Number(up));
}

/** bfloat16 is the upper half of a float32. */
export function fromBfloat16(bits: number): number {
  return new Float32Array(Uint32Array.of(bits << 16).buffer)[0];
}

/** float8 e5m2 is the upper half of a float16. */
export function fromFloat8E5M2(bits: number): number {
  return fromFloat16(bits << 8);
}

/** float8 e4m3fn (Micikevicius et al. 2022, arXiv:2209.05433): no infinities, and one NaN with each sign. */
export function fromFloat8E4M3(bits: number): number {
  const sign = bits & 0x80 ? -1 : 1;
  const exponent = (bits >> 3) & 0xf;
  const fraction = bits & 7;
  if (exponent === 15 && fraction === 7) return NaN;
  return exponent === 0 ? sign * fraction * 2 ** -9 : sign * (1 + fraction / 8) * powerOfTwo(exponent - 7);
}
