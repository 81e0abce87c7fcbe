import { bytesOf, bytesPerElement, sizeOf, type Tensor, type TensorData, viewData } from "../files/tensor.ts";
import { type ArraySpec, type Dtype, INLINE_BYTES } from "./schema.ts";

export { dtypeOf, tensor as ndarray, type TensorData as TypedArray, zeros } from "../files/tensor.ts";

/** A tensor as files have them, of any dtype but bool. Over the bridge it is a NumPy array. */
export type NdArray<T extends TensorData = TensorData> = Tensor<T>;

/** Descriptions for a header, and the frames of those arrays that are too large to travel inside it. Frames are not copied. */
export function encodeArrays(arrays: Readonly<Record<string, NdArray>>): { specs: ArraySpec[]; frames: Uint8Array[] } {
  const specs: ArraySpec[] = [];
  const frames: Uint8Array[] = [];
  for (const name in arrays) {
    const { dtype, shape, data } = arrays[name];
    const bytes = bytesOf(data);
    const inline = bytes.length <= INLINE_BYTES;
    specs.push([name, dtype as Dtype, shape as number[], inline ? bytes : null]);
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
    const size = sizeOf(shape);
    if (bytes.length !== size * bytesPerElement(dtype))
      throw new RangeError(`array "${name}" has ${bytes.length} bytes, not ${dtype} of shape [${shape.join(", ")}]`);
    // Inline arrays are small, and a copy also lets the header go; of frames those that lie aligned are not copied.
    const own = data === null ? bytes : new Uint8Array(bytes);
    arrays[name] = { dtype, shape, data: viewData(dtype, own, 0, size) };
  }
  if (next !== frames.length) throw new RangeError(`${frames.length - next} frame(s) more than the header describes`);
  return arrays;
}
