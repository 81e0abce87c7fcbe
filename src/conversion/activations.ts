import type { DenseNetwork } from "../network/old/dense-network.ts";
import { UsageError } from "../errors.ts";

/**
 * What every layer of a dense network puts out for `states` [n, inputs]: per layer [n, outputs], after the ReLU in hidden
 * layers, raw in the last. Sums in float64, each value rounded to float32 once.
 */
export function denseActivations(network: DenseNetwork, states: Float32Array): Float32Array[] {
  const n = countStates(network, states);
  const activations: Float32Array[] = [];
  let input = states;
  for (const [l, { inputs, outputs, weights, biases }] of network.layers.entries()) {
    const hidden = l < network.layers.length - 1;
    const output = new Float32Array(n * outputs);
    const sum = new Float64Array(outputs);
    for (let k = 0; k < n; k++) {
      sum.set(biases);
      for (let i = 0; i < inputs; i++) {
        const x = input[k * inputs + i];
        if (x === 0) continue; // half of what leaves a ReLU
        for (let j = 0, w = i * outputs; j < outputs; j++, w++) sum[j] += x * weights[w];
      }
      for (let j = 0; j < outputs; j++) output[k * outputs + j] = hidden && sum[j] < 0 ? 0 : sum[j];
    }
    activations.push(output);
    input = output;
  }
  return activations;
}

/** How many states `states` [n, inputs] holds; an error when they don't fit the network. */
export function countStates(
  network: { readonly layers: readonly { readonly inputs: number }[] },
  states: Float32Array,
): number {
  const { inputs } = network.layers[0];
  const n = states.length / inputs;
  if (n === 0 || !Number.isInteger(n))
    throw new UsageError(
      "REPLAY_MISMATCH",
      `${states.length} numbers are not one or more states of ${inputs} values each, which the network takes.`,
      {
        hint: "Collect the states with the same environment that the network acts in: dsqn collect <model> --env ID --size N --out DIR.",
        facts: { numbers: states.length, inputs },
      },
    );
  return n;
}
