import { afterAll, expect, it } from "@jest/globals";
import { createTrainable } from "../../src/engines/create.ts";
import { damagedBlocks } from "../../src/engines/fast/kernels/memory.ts";
import { Random } from "../../src/numeric/random.ts";
import { createSpikingNetwork } from "../../src/network/create.ts";
import { outputsOf } from "../../src/network/layer.ts";
import type { SpikingNetwork } from "../../src/network/network.ts";
import { type Neuron, neuron } from "../../src/network/neurons/index.ts";
import { runOn } from "./run-on.ts";
import { referenceEngine32, referenceGradients } from "../../src/engines/reference/index.ts";

afterAll(() => expect(damagedBlocks()).toEqual([]));

/** 1.05 MB of weights: the states of a chunk pass them together (kernels/assembly/forward.ts). */
const drawn = createSpikingNetwork([512, 515, 3], new Random(1), { steps: 7, weightScale: 3 });
const random = new Random(2);
const batch = 5;
const observations = Float32Array.from({ length: batch * 512 }, () => (random.uniform() < 0.3 ? random.normal() : 0));

/** With biases and initial potentials. */
function livelier(activation: Neuron): SpikingNetwork {
  const layers = drawn.layers.map((layer) => ({
    ...layer,
    biases: Float32Array.from({ length: outputsOf(layer) }, () => 0.3 * random.normal()),
    activation: { ...activation, initial: Float32Array.from({ length: outputsOf(layer) }, () => random.uniform()) },
  }));
  return { ...drawn, layers };
}

it.each([
  ["plain neurons", drawn],
  ["biases, leaks and initial potentials", livelier(neuron("lagged-lif", { alpha: 0.4, beta: 0.9 }))],
  ["plain lif", livelier(neuron("lif"))],
  ["lif with a leak, reset to a value", livelier(neuron("lif", { beta: 0.9, reset: "value", resetTo: 0.1 }))],
] as const)("a wide first layer learns as the reference does: %s", (_what, network) => {
  const results = [1, 2].map((threads) => {
    const learner = createTrainable(network, { maxBatch: 33, threads, surrogate: { scale: 2 } });
    const outputs = Float64Array.from(learner.forward(observations, batch));
    learner.backward(Float32Array.from(outputs, (_, k) => Math.sin(k + 1)));
    const gradients = learner.gradients.slice();
    learner.close();
    return { outputs, gradients };
  });
  expect(results[1]).toEqual(results[0]);
  const [{ outputs, gradients }] = results;
  expect(outputs).toEqual(runOn(referenceEngine32, network, observations).outputs);
  const { layers } = referenceGradients(
    network,
    observations,
    (values) => Float64Array.from(values, (_, k) => Math.sin(k + 1)),
    { precision: "float32", surrogate: { name: "fast-sigmoid", scale: 2 } },
  );
  const expected = layers.flatMap(({ weights, biases }, l) => [
    ...weights,
    ...(network.layers[l].biases ? biases : []),
  ]);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(largest).toBeGreaterThan(0.1);
  const worst = expected.reduce((most, value, k) => Math.max(most, Math.abs(gradients[k] - value)), 0);
  expect(worst / largest).toBeLessThan(1e-5);
});
