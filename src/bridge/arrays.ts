import { bytesOf, bytesPerElement, sizeOf, type Tensor, type TensorData, viewData } from "../files/tensor.ts";
import { type ArraySpec, type Dtype, INLINE_BYTES } from "./schema.ts";

export { dtypeOf, tensor as ndarray, type TensorData as TypedArray, zeros } from "../files/tensor.ts";

/** A tensor as files have them, of any dtype but bool. Over the bridge it is a NumPy array. */
export type NdArray<T extends TensorData = TensorData> = Tensor<T>;

/** Where large arrays lie that do not travel with their message. */
export interface ArrayPlaces {
  /** Undefined where there is no room. */
  put(bytes: Uint8Array): number | undefined;
  /** A copy. Throws RangeError for a place that there is not. */
  take(place: number, bytes: number): Uint8Array;
}

/** Descriptions for a header, and the frames (not copied) of arrays that are too large to travel inside it and for which `places` has no room. */
export function encodeArrays(
  arrays: Readonly<Record<string, NdArray>>,
  places?: ArrayPlaces,
): { specs: ArraySpec[]; frames: Uint8Array[] } {
  const specs: ArraySpec[] = [];
  const frames: Uint8Array[] = [];
  for (const name in arrays) {
    const { dtype, shape, data } = arrays[name];
    const bytes = bytesOf(data);
    const inline = bytes.length <= INLINE_BYTES;
    const place = inline ? bytes : (places?.put(bytes) ?? null);
    specs.push([name, dtype as Dtype, shape as number[], place]);
    if (place === null) frames.push(bytes);
  }
  return { specs, frames };
}

/** Arrays by name; frames that lie aligned in memory are not copied. Throws RangeError where bytes and shapes disagree. */
export function decodeArrays(
  specs: readonly ArraySpec[],
  frames: readonly Uint8Array[],
  places?: ArrayPlaces,
): Record<string, NdArray> {
  const arrays: Record<string, NdArray> = {};
  let next = 0;
  for (const [name, dtype, shape, data] of specs) {
    const size = sizeOf(shape);
    const length = size * bytesPerElement(dtype);
    const bytes = typeof data === "number" ? places?.take(data, length) : (data ?? frames[next++]);
    if (bytes === undefined) throw new RangeError(`the bytes of array "${name}" are missing`);
    if (bytes.length !== length)
      throw new RangeError(`array "${name}" has ${bytes.length} bytes, not ${dtype} of shape [${shape.join(", ")}]`);
    // Inline arrays are small, and a copy also lets the header go; of frames those that lie aligned are not copied.
    const own = data instanceof Uint8Array ? new Uint8Array(bytes) : bytes;
    arrays[name] = { dtype, shape, data: viewData(dtype, own, 0, size) };
  }
  if (next !== frames.length) throw new RangeError(`${frames.length - next} frame(s) more than the header describes`);
  return arrays;
}
