import type { Layer } from "./layer.ts";
import type { Network } from "./network.ts";

/**
 * The network with one output per action that a network with outputs (V, A_1, ..., A_n) stands for (Wang et al. 2016, eq. 9):
 *
 *   Q_a = V + A_a - mean(A)
 */
export function foldDueling(network: Network): Network {
  const last = network.layers.at(-1) as Layer & { synapses: { kind: "dense" } };
  const { inputs, outputs } = last.synapses;
  const actions = outputs - 1;
  const fold = (row: Float32Array): Float32Array => {
    const mean = row.subarray(1).reduce((sum, a) => sum + a, 0) / actions;
    return Float32Array.from({ length: actions }, (_, a) => row[0] + row[1 + a] - mean);
  };
  const weights = new Float32Array(inputs * actions);
  for (let i = 0; i < inputs; i++)
    weights.set(fold(last.weights.subarray(i * outputs, (i + 1) * outputs)), i * actions);
  const layer: Layer = {
    ...last,
    synapses: { kind: "dense", inputs, outputs: actions },
    weights,
    biases: last.biases && fold(last.biases),
  };
  return { ...network, layers: [...network.layers.slice(0, -1), layer] };
}
