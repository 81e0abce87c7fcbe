import fc from "fast-check";
import { bitsOf, quantise } from "../../src/conversion/quantise.ts";
import { createDenseNetwork } from "../../src/network/create.ts";
import { Random } from "../../src/numeric/random.ts";

describe("quantise", () => {
  it("leaves whole multiples of one step per layer, none further off than half a step, and the largest weight as it was", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 16 }), fc.nat(1000), (bits, seed) => {
        const network = createDenseNetwork([5, 7, 3], new Random(seed));
        const levels = 2 ** (bits - 1) - 1;
        const quantised = quantise(network, bits);
        quantised.layers.forEach(({ weights, biases }, l) => {
          const before = network.layers[l];
          const most = Math.max(...before.weights.map(Math.abs));
          weights.forEach((w, k) => {
            const multiple = (w / most) * levels;
            expect(multiple).toBeCloseTo(Math.round(multiple), 2);
            // Half a step, and float32's rounding.
            expect(Math.abs(w - before.weights[k])).toBeLessThanOrEqual(most / levels / 2 + most * 2 ** -23);
          });
          expect(new Set(weights.map((w) => Math.round((w / most) * levels))).size).toBeLessThanOrEqual(2 * levels + 1);
          expect(Math.max(...weights.map(Math.abs))).toBeCloseTo(most, 6);
          expect(biases).toEqual(before.biases);
        });
        expect(quantise(quantised, bits).layers.map(({ weights }) => weights)).toEqual(
          quantised.layers.map(({ weights }) => weights),
        );
      }),
      { numRuns: 60 },
    );
  });

  it("is found again: as many bits as it was rounded to, 32 of weights that were not", () => {
    const network = createDenseNetwork([5, 17, 3], new Random(3));
    expect(bitsOf(network)).toBe(32);
    for (const bits of [2, 3, 4, 8, 16]) expect(bitsOf(quantise(network, bits))).toBe(bits);
  });

  it("takes 2 to 16 bits", () => {
    const network = createDenseNetwork([2, 2, 2], new Random(1));
    for (const bits of [1, 17, 4.5])
      expect(() => quantise(network, bits)).toThrow(expect.objectContaining({ code: "BAD_ARGUMENT" }));
  });
});
