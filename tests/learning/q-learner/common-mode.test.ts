import { describe, expect, it } from "@jest/globals";
import { createTrainable } from "../../../src/engines/create.ts";
import { dqnSchema } from "../../../src/learning/algorithms/dqn-config.ts";
import { parseConfig } from "../../../src/learning/config.ts";
import { loadConfig } from "../../../src/learning/presets/index.ts";
import { commonMode } from "../../../src/learning/q-learner/common-mode.ts";
import { createDenseNetwork } from "../../../src/network/create.ts";
import { packParameters } from "../../../src/network/parameters.ts";
import { Random } from "../../../src/numeric/random.ts";

function pair() {
  const network = createDenseNetwork([3, 6, 4], Random.stream(1, "network"));
  const shared = createDenseNetwork([3, 5, 1], Random.stream(1, "common"));
  return {
    network,
    shared,
    both: commonMode(createTrainable(network, { maxBatch: 8 }), createTrainable(shared, { maxBatch: 8 })),
  };
}
const observations = Float32Array.from({ length: 24 }, (_, k) => Math.sin(k));

describe("common-mode compensation", () => {
  it("is the outputs less their mean, and what the common network says", () => {
    const { network, shared, both } = pair();
    const outputs = createTrainable(network, { maxBatch: 8 }).forward(observations, 8).slice();
    const common = createTrainable(shared, { maxBatch: 8 }).forward(observations, 8).slice();
    const values = both.forward(observations, 8);
    for (let k = 0; k < 8; k++) {
      const mean = outputs.subarray(4 * k, 4 * k + 4).reduce((a, b) => a + b) / 4;
      for (let a = 0; a < 4; a++) expect(values[4 * k + a]).toBeCloseTo(outputs[4 * k + a] - mean + common[k], 5);
    }
  });

  it("has the gradient of that, for both networks", () => {
    const { both } = pair();
    const slope = Float32Array.from({ length: 32 }, (_, k) => Math.cos(3 * k));
    const loss = (): number => both.forward(observations, 8).reduce((sum, q, k) => sum + q * slope[k], 0);
    loss();
    both.backward(slope);
    const gradients = both.gradients.slice();
    const { parameters } = both;
    let largest = 0;
    for (let k = 0; k < parameters.length; k += 3) {
      const kept = parameters[k];
      parameters[k] = kept + 1e-3;
      const above = loss();
      parameters[k] = kept - 1e-3;
      const numeric = (above - loss()) / 2e-3;
      parameters[k] = kept;
      largest = Math.max(largest, Math.abs(numeric));
      expect(Math.abs(gradients[k] - numeric)).toBeLessThan(5e-3 * Math.max(1, Math.abs(numeric)));
    }
    expect(largest).toBeGreaterThan(0.1);
  });

  it("throws the common network away", () => {
    const { network, both } = pair();
    const weights = packParameters(both.toNetwork());
    expect(weights).toEqual(packParameters(network));
    both.parameters[0] += 1;
    expect(both.toNetwork().layers[0].weights[0]).toBe(Math.fround(network.layers[0].weights[0] + 1));
  });

  it("does not go with dueling outputs, which do the same", async () => {
    const { config } = await loadConfig("cartpole-dsqn");
    const both = { ...config, commonMode: { hidden: [8] }, network: { ...(config.network as object), dueling: true } };
    expect(() => parseConfig(dqnSchema, both, "x")).toThrow(/dueling/);
  });
});
