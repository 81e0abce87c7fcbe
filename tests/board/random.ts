import { createSpikingNetwork } from "../../src/network/create.ts";
import { outputsOf } from "../../src/network/layer.ts";
import type { SpikingNetwork } from "../../src/network/network.ts";
import { type Neuron, neuron } from "../../src/network/neurons/index.ts";
import { Random } from "../../src/numeric/random.ts";

/** Both neurons, every reset and leak that maps, thresholds over three orders of magnitude, all encodings; x is one state. */
export function randomNetwork(index: number): { network: SpikingNetwork; x: Float32Array } {
  const random = new Random(1000 + index);
  const pick = <T>(values: readonly T[]): T => values[random.integer(values.length)];
  const threshold = pick([1, 1, 0.5, 2.3, 37, 0.03]);
  const encoding = pick(["constant", "constant", "equidistant", "poisson"] as const);
  const shape = [2 + random.integer(4), 4 + random.integer(28), 4 + random.integer(28), 2 + random.integer(3)];
  const plain = createSpikingNetwork(shape, random, {
    steps: 10 + random.integer(40),
    encoding,
    neuron: randomNeuron(random, threshold),
    signedInputs: random.uniform() < 0.3,
    biasInput: random.uniform() < 0.3,
  });
  const scale = threshold * 10 ** (random.uniform() - 0.3) * pick([1, 1, 1, 30]);
  const layers = plain.layers.map((layer) => {
    const draw = (f: () => number) => Float32Array.from({ length: outputsOf(layer) }, () => f() * threshold);
    return {
      ...layer,
      weights: layer.weights.map((w) => w * scale),
      biases: random.uniform() < 0.6 ? draw(() => 0.2 * random.normal()) : null,
      activation: { ...layer.activation, initial: random.uniform() < 0.4 ? draw(() => 0.9 * random.uniform()) : null },
    };
  });
  const x = Float32Array.from({ length: shape[0] }, () =>
    encoding === "constant" ? random.normal() : random.uniform(),
  );
  return { network: { ...plain, layers }, x };
}

function randomNeuron(random: Random, threshold: number): Neuron {
  const pick = <T>(values: readonly T[]): T => values[random.integer(values.length)];
  const beta = pick([1, 1, 0.95, 0.9, 0.5, 0.1, 0.99999, 0.001 + 0.998 * random.uniform()]);
  const resetBy = threshold * pick([1, 0.75]);
  if (random.uniform() < 0.5)
    return neuron("lagged-lif", { beta, threshold, reset: pick(["subtraction", "zero"]), resetBy });
  const own = { beta, threshold, resetBy, fires: pick(["above", "at"] as const), gain: pick([1, 1.5]) };
  const more = { offset: pick([0, 0.05 * threshold]), leakTo: pick([0, 0.1 * threshold]) };
  const reset = pick(["subtraction", "delayed-subtraction", "value"] as const);
  return neuron("lif", { ...own, ...more, reset, resetTo: pick([0, -0.25 * threshold]) });
}

/** Whether the machine takes the threshold off, so that it needs a neuron that nobody ships. */
export const isSoft = ({ layers }: SpikingNetwork): boolean => /subtraction/.test(layers[0].activation.reset);
