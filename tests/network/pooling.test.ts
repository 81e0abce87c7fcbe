import { expect, it } from "@jest/globals";
import fc from "fast-check";
import { convolution, sizeOf } from "../../src/network/convolution.ts";
import type { Pooling } from "../../src/network/layer.ts";
import { forEachWindowValue, poolSpikes, poolValues, unpool } from "../../src/network/pooling.ts";
import { Random } from "../../src/numeric/random.ts";

/** Windows of any geometry, and random numbers for them. */
const windows = fc
  .record({
    height: fc.integer({ min: 2, max: 6 }),
    width: fc.integer({ min: 2, max: 6 }),
    channels: fc.integer({ min: 1, max: 3 }),
    kernel: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
    strides: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
    padding: fc.constantFrom("valid" as const, "same" as const),
    seed: fc.nat(),
  })
  .map(({ height, width, channels, seed, ...options }) => ({
    window: convolution([height, width, channels], { filters: channels, ...options }),
    random: new Random(seed),
  }));

/** The inputs of each window. */
function membersOf(window: Pooling["window"]): number[][] {
  const members: number[][] = Array.from({ length: sizeOf(window.output) }, () => []);
  forEachWindowValue(window, (source, target) => members[target].push(source));
  return members;
}

it("a window's value is the largest or the mean of what lies in the image, in its own channel", () => {
  fc.assert(
    fc.property(windows, ({ window, random }) => {
      const x = Float64Array.from({ length: sizeOf(window.input) }, () => random.normal());
      const [largest, mean] = (["max", "average"] as const).map((kind) => {
        const y = new Float64Array(sizeOf(window.output));
        poolValues({ kind, window }, x, y);
        return y;
      });
      for (const [w, members] of membersOf(window).entries()) {
        expect(members.length).toBeGreaterThan(0);
        const values = members.map((i) => x[i]);
        expect(new Set(members.map((i) => i % window.input[2]))).toEqual(new Set([w % window.input[2]]));
        expect(largest[w]).toBe(Math.max(...values));
        expect(mean[w]).toBe(values.reduce((sum, value) => sum + value, 0) / values.length);
      }
    }),
  );
});

it("of spikes max pooling passes the busiest input's number, average pooling the mean number", () => {
  fc.assert(
    fc.property(windows, ({ window, random }) => {
      const inputs = sizeOf(window.input);
      const total = new Float64Array(inputs);
      const counts = new Float64Array(inputs);
      const y = new Float64Array(sizeOf(window.output));
      const sums = { max: new Float64Array(y.length), average: new Float64Array(y.length) };
      for (let t = 0; t < 12; t++) {
        const x = Float64Array.from({ length: inputs }, () => Number(random.uniform() < 0.4));
        x.forEach((spike, i) => (total[i] += spike));
        for (const kind of ["max", "average"] as const) {
          poolSpikes({ kind, window }, x, counts, y);
          if (kind === "max") expect(y.every((spike) => spike === 0 || spike === 1)).toBe(true);
          y.forEach((value, w) => (sums[kind][w] += value));
        }
      }
      expect(counts).toEqual(total);
      const now = Float64Array.from({ length: inputs }, () => random.integer(3)); // spikes of one step, also several
      for (const kind of ["sum", "step-max"] as const) {
        poolSpikes({ kind, window }, now, counts, y);
        for (const [w, members] of membersOf(window).entries()) {
          const values = members.map((i) => now[i]);
          expect(y[w]).toBe(kind === "sum" ? values.reduce((a, b) => a + b) : Math.max(...values));
        }
      }
      expect(counts).toEqual(total); // neither remembers anything
      for (const [w, members] of membersOf(window).entries()) {
        expect(sums.max[w]).toBe(Math.max(...members.map((i) => total[i])));
        expect(sums.average[w]).toBeCloseTo(members.reduce((sum, i) => sum + total[i], 0) / members.length, 9);
      }
    }),
  );
});

it("gradients go back where values came from: <pool(x), g> = <x, unpool(g)>", () => {
  fc.assert(
    fc.property(
      windows,
      fc.constantFrom(...(["max", "average", "sum", "step-max"] as const)),
      ({ window, random }, kind) => {
        const normals = (n: number): Float64Array => Float64Array.from({ length: n }, () => random.normal());
        const [x, g] = [normals(sizeOf(window.input)), normals(sizeOf(window.output))];
        const [y, gx] = [new Float64Array(g.length), new Float64Array(x.length)];
        poolValues({ kind, window }, x, y);
        unpool({ kind, window }, x, g, gx);
        const product = (a: Float64Array, b: Float64Array): number =>
          a.reduce((sum, value, k) => sum + value * b[k], 0);
        expect(product(x, gx)).toBeCloseTo(product(y, g), 9);
      },
    ),
  );
});
