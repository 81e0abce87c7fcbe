import type { DenseLayer, DenseNetwork } from "../network/old/dense-network.ts";

/**
 * The same function in units of one spike per step: W_l <- W_l lambda_{l-1} / lambda_l and b_l <- b_l / lambda_l, lambda_{-1} = 1
 * (Diehl et al. 2015). ReLU commutes with positive scales, so layer l of the result puts out activation / lambda_l.
 * `scales`: per layer one number or [outputs].
 */
export function normalise(network: DenseNetwork, scales: readonly Float64Array[]): DenseNetwork {
  const at = (l: number, neuron: number): number =>
    l < 0 ? 1 : scales[l].length === 1 ? scales[l][0] : scales[l][neuron];
  const layers = network.layers.map((layer, l) => ({
    ...layer,
    weights: layer.weights.map((w, k) => w * (at(l - 1, Math.floor(k / layer.outputs)) / at(l, k % layer.outputs))),
    biases: layer.biases.map((b, j) => b / at(l, j)),
  }));
  return { kind: "dense", layers };
}

/** A layer whose outputs have the mean over its neurons taken off, state by state: their differences stay. */
export function centred(layer: DenseLayer): DenseLayer {
  const { outputs } = layer;
  const rowMean = (values: Float32Array, row: number): number =>
    values.subarray(row * outputs, (row + 1) * outputs).reduce((sum, value) => sum + value, 0) / outputs;
  return {
    ...layer,
    weights: layer.weights.map((w, k) => w - rowMean(layer.weights, Math.floor(k / outputs))),
    biases: layer.biases.map((b) => b - rowMean(layer.biases, 0)),
  };
}
