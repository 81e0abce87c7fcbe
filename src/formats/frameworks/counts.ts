import type { Tensor } from "../../files/tensor.ts";
import { invalid } from "./described.ts";

/** Numbers of spikes, whatever whole numbers or floats they were saved as: FRAMEWORK_FILE_INVALID for what is no count. */
export function countsOf({ data, shape }: Tensor, name: string, source: string): ArrayLike<number> {
  const counts = numbersOf(data);
  for (let k = 0; k < counts.length; k++)
    if (!(Number.isInteger(counts[k]) && counts[k] >= 0 && counts[k] <= LARGEST))
      throw invalid(source, `"${name}" has ${counts[k]} at [${indexOf(k, shape).join(", ")}]`, {
        hint: "Spikes are numbers of spikes, [steps, states, neurons]: 0, 1, or how many where a neuron may send several in a step.",
        facts: { array: name, found: counts[k] },
      });
  return counts;
}

/** Each is an event of its own later: a file can't name billions of them. */
const LARGEST = 65_535;

/** Values that JavaScript can calculate with: 64-bit whole numbers are none. */
export function numbersOf(data: Tensor["data"]): ArrayLike<number> {
  return data instanceof BigInt64Array || data instanceof BigUint64Array ? Float64Array.from(data, Number) : data;
}

function indexOf(k: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  for (const length of shape.toReversed()) {
    index.unshift(k % length);
    k = Math.floor(k / length);
  }
  return index;
}
