import { createDenseNetwork } from "../../../src/network/create.ts";
import { createTrainable } from "../../../src/engines/create.ts";
import { assess, crossEntropy, fit, oneHot, split } from "../../../src/learning/fit.ts";
import { imitate } from "../../../src/learning/algorithms/imitation.ts";
import { imitationSchema } from "../../../src/learning/algorithms/imitation-config.ts";
import type { Policy } from "../../../src/learning/policy.ts";
import { Random } from "../../../src/numeric/random.ts";

const plane: Policy = {
  actions: 3,
  observationSize: 2,
  act: (o, batch) =>
    Int32Array.from({ length: batch }, (_, k) => (o[2 * k] > 0.3 ? 2 : o[2 * k] + o[2 * k + 1] > 0 ? 1 : 0)),
};
const normals = (count: number, seed: number): Float32Array => {
  const random = new Random(seed);
  return Float32Array.from({ length: count }, () => random.normal());
};
const examplesOf = async (states: Float32Array) => ({
  states,
  targets: oneHot(await plane.act(states, states.length / 2), 3),
});

describe("crossEntropy", () => {
  it("has the gradient of finite differences, for soft targets and a scale", () => {
    const outputs = Float32Array.of(0.5, -1, 2, 0.1, 0.2, -0.3);
    const targets = Float32Array.of(0.2, 0.3, 0.5, 1, 0, 0);
    const gradients = new Float32Array(6);
    crossEntropy(outputs, targets, 3, 0.7, gradients);
    for (let i = 0; i < 6; i++) {
      const moved = (by: number) =>
        crossEntropy(
          outputs.map((value, j) => value + (i === j ? by : 0)),
          targets,
          3,
          0.7,
        ).loss;
      expect(gradients[i]).toBeCloseTo((moved(1e-2) - moved(-1e-2)) / 2e-2, 4);
    }
  });

  it("stays finite where the softmax is saturated", () => {
    expect(crossEntropy(Float32Array.of(1e4, -1e4), Float32Array.of(0, 1), 2, 1).loss).toBe(2e4);
  });
});

describe("split", () => {
  it("parts the examples without losing or repeating one", async () => {
    const examples = await examplesOf(Float32Array.from({ length: 200 }, (_, i) => i));
    const { training, validation } = split(examples, 2, 0.2, new Random(1));
    expect(validation.states).toHaveLength(40);
    expect([...training.states, ...validation.states].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 200 }, (_, i) => i),
    );
    expect(validation.targets).toHaveLength(60);
  });
});

describe("fit", () => {
  it("keeps the parameters of the best point, and repeats bit for bit", async () => {
    const run = async () => {
      const learner = createTrainable(createDenseNetwork([2, 16, 3], new Random(3)), { maxBatch: 256 });
      const examples = { training: await examplesOf(normals(4000, 1)), validation: await examplesOf(normals(1000, 2)) };
      const result = await fit(learner, examples.training, examples.validation, {
        iterations: 1500,
        batchSize: 32,
        learningRate: { kind: "constant", value: 0.01 },
        every: 100,
        random: new Random(4),
      });
      return { ...result, learner, examples };
    };
    const { curve, chosen, before, learner, examples } = await run();
    expect(chosen.validationAccuracy).toBeGreaterThan(0.97);
    expect(before.validationAccuracy).toBeLessThan(0.7);
    expect(curve).toHaveLength(15);
    expect(chosen.validationAccuracy).toBe(Math.max(...curve.map((point) => point.validationAccuracy)));
    expect(assess(learner, examples.validation).accuracy).toBe(chosen.validationAccuracy);
    expect(Array.from((await run()).learner.parameters)).toEqual(Array.from(learner.parameters));
  });
});

describe("imitate", () => {
  const config = imitationSchema.parse({
    method: "classifier",
    environment: { id: "Plane" },
    source: "none",
    network: { kind: "dense", hidden: [16] },
    iterations: 1500,
    batchSize: 32,
    learningRate: { kind: "constant", value: 0.01 },
    every: 500,
  });

  it("learns the source's policy on scaled observations, and takes raw ones afterwards", async () => {
    const scaling = { center: [0, 0], scale: [2, 0.5] };
    const { network, chosen } = await imitate({ ...config, scaling }, { states: normals(6000, 1), source: plane });
    expect(chosen.validationAccuracy).toBeGreaterThan(0.96);
    const fresh = await examplesOf(normals(2000, 9));
    expect(assess(createTrainable(network, { maxBatch: 500 }), fresh).accuracy).toBeGreaterThan(0.95);
  });

  it("asks for the network that the method needs", () => {
    const wrong = imitationSchema.safeParse({ ...config, method: "snn-classifier" });
    expect(wrong.success).toBe(false);
  });
});
