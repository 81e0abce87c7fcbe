import { afterAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createTrainable } from "../../../src/engines/create.ts";
import { createDenseNetwork } from "../../../src/network/create.ts";
import { damagedBlocks } from "../../../src/engines/fast/kernels/memory.ts";
import { Random } from "../../../src/numeric/random.ts";
import { denseTrainable } from "./dense-oracle.ts";

const normals = (n: number, seed: number): Float32Array => {
  const random = new Random(seed);
  return Float32Array.from({ length: n }, () => random.normal());
};
const shapes = fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 2, maxLength: 5 });

afterAll(() => expect(damagedBlocks()).toEqual([]));

describe("dense networks on the kernels", () => {
  it("have the oracle's outputs to the bit and its gradients, with any number of threads", () => {
    fc.assert(
      fc.property(
        shapes,
        fc.integer({ min: 1, max: 150 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 1e9 }),
        (shape, batch, threads, seed) => {
          const network = createDenseNetwork(shape, new Random(seed));
          const learner = createTrainable(network, { maxBatch: batch, threads });
          const oracle = denseTrainable(network, batch);
          const observations = normals(batch * shape[0], seed + 1);
          const derivatives = normals(batch * shape.at(-1)!, seed + 2);
          expect(Array.from(learner.forward(observations, batch))).toEqual(
            Array.from(oracle.forward(observations, batch)),
          );
          learner.backward(derivatives);
          oracle.backward(derivatives);
          const size = oracle.gradients.reduce((most, g) => Math.max(most, Math.abs(g)), 1e-3);
          oracle.gradients.forEach((g, k) => expect(Math.abs(learner.gradients[k] - g) / size).toBeLessThan(1e-5));
          learner.close();
        },
      ),
      { numRuns: 40 },
    );
  });

  it("agree with finite differences", () => {
    const network = createDenseNetwork([3, 8, 5, 2], new Random(2));
    const learner = createTrainable(network, { maxBatch: 4 });
    const observations = normals(12, 3);
    const derivatives = normals(8, 4);
    const loss = (): number => learner.forward(observations, 4).reduce((sum, y, k) => sum + y * derivatives[k], 0);
    loss();
    learner.backward(derivatives);
    const gradients = learner.gradients.slice();
    gradients.forEach((g, k) => {
      const kept = learner.parameters[k];
      const h = 1e-2;
      learner.parameters[k] = kept + h;
      const up = loss();
      learner.parameters[k] = kept - h;
      const down = loss();
      learner.parameters[k] = kept;
      expect(Math.abs((up - down) / (2 * h) - g)).toBeLessThan(0.02 + 0.02 * Math.abs(g));
    });
    learner.close();
  });

  it("give their parameters back", () => {
    const network = createDenseNetwork([3, 8, 2], new Random(2));
    const learner = createTrainable(network, { maxBatch: 1 });
    expect(learner.toNetwork()).toEqual(network);
    learner.close();
  });
});
