import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { dtypeOf, fromFloat16, tensor, toFloat16 } from "../../src/files/tensor.ts";

describe("tensors", () => {
  it("know their dtype and size", () => {
    expect(tensor(Int16Array.of(1, 2, 3, 4), [2, 2])).toMatchObject({ dtype: "int16", shape: [2, 2] });
    expect(tensor(new Float64Array(3)).shape).toEqual([3]);
    expect(() => tensor(new Float32Array(3), [2, 2])).toThrow("3 elements do not make an array of shape [2, 2]");
    expect(() => dtypeOf([1, 2] as unknown as Float32Array)).toThrow(TypeError);
  });

  it("round to float16 as IEEE 754 does: to nearest, ties to even", () => {
    // Every float16 there is comes back, and the middle of two neighbours goes to the even one.
    for (let bits = 0; bits < 0x7c00; bits++) {
      const value = fromFloat16(bits);
      if (toFloat16(value) !== bits || toFloat16(-value) !== (bits | 0x8000)) throw new Error(`bits ${bits}`);
      const next = bits + 1 === 0x7c00 ? 65536 : fromFloat16(bits + 1);
      if (toFloat16((value + next) / 2) !== bits + (bits & 1)) throw new Error(`after bits ${bits}`);
    }
    expect([NaN, Infinity, -Infinity, 65519.99, 65520, 1e30, 2 ** -26].map(toFloat16)).toEqual([
      0x7e00, 0x7c00, 0xfc00, 0x7bff, 0x7c00, 0x7c00, 0,
    ]);
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: -65500, max: 65500 }), (x) => {
        const error = Math.abs(fromFloat16(toFloat16(x)) - x);
        expect(error).toBeLessThanOrEqual(Math.max(Math.abs(x) * 2 ** -11, 2 ** -25));
      }),
    );
  });
});
