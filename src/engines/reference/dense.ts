import type { DenseNetwork } from "../../network/old/dense-network.ts";
import { batchSize, validateNetwork } from "../../network/validate.ts";

export interface DenseGradients {
  /** [batch, actions] */
  readonly outputs: Float64Array;
  readonly layers: readonly { readonly weights: Float64Array; readonly biases: Float64Array }[];
}

/**
 * Forward and backward pass of a dense ReLU network in float64: what faster ones are tested against.
 *
 *   a[0] = x,   z[l] = a[l] W_l + b_l,   a[l+1] = max(z[l], 0),   y = z[L]
 *   d[L] = dE/dy,   dW_l = a[l]' d[l],   db_l = sum d[l],   d[l-1] = (d[l] W_l') where z[l-1] > 0
 *
 * `outputGradients` turns outputs [batch, actions] into dE/dy, of the same shape. Gradients are summed over the batch.
 */
export function referenceDenseGradients(
  network: DenseNetwork,
  observations: Float32Array | Float64Array,
  outputGradients: (outputs: Float64Array) => ArrayLike<number>,
): DenseGradients {
  const activations = referenceActivations(network, observations);
  const outputs = activations.at(-1)!;
  const batch = outputs.length / network.layers.at(-1)!.outputs;
  let delta = Float64Array.from(outputGradients(outputs));
  const layers = network.layers.map(({ inputs, outputs }) => ({
    weights: new Float64Array(inputs * outputs),
    biases: new Float64Array(outputs),
  }));
  for (let l = network.layers.length - 1; l >= 0; l--) {
    const { inputs: m, outputs: n, weights } = network.layers[l];
    const before = activations[l];
    const previous = new Float64Array(batch * m);
    for (let b = 0; b < batch; b++) {
      for (let j = 0; j < n; j++) layers[l].biases[j] += delta[b * n + j];
      for (let i = 0; i < m; i++) {
        const x = before[b * m + i];
        let sum = 0;
        for (let j = 0; j < n; j++) {
          layers[l].weights[i * n + j] += x * delta[b * n + j];
          sum += weights[i * n + j] * delta[b * n + j];
        }
        previous[b * m + i] = x > 0 ? sum : 0;
      }
    }
    delta = previous;
  }
  return { outputs, layers };
}

/** [batch, actions], in float64. */
export function referenceDenseForward(network: DenseNetwork, observations: Float32Array | Float64Array): Float64Array {
  return referenceActivations(network, observations).at(-1)!;
}

function referenceActivations(network: DenseNetwork, observations: Float32Array | Float64Array): Float64Array[] {
  validateNetwork(network);
  const batch = batchSize(observations, network.layers[0].inputs);
  const activations = [Float64Array.from(observations)];
  for (const [l, { inputs: m, outputs: n, weights, biases }] of network.layers.entries()) {
    const x = activations[l];
    const y = new Float64Array(batch * n);
    for (let b = 0; b < batch; b++)
      for (let j = 0; j < n; j++) {
        let z = biases[j];
        for (let i = 0; i < m; i++) z += x[b * m + i] * weights[i * n + j];
        y[b * n + j] = l < network.layers.length - 1 ? Math.max(z, 0) : z;
      }
    activations.push(y);
  }
  return activations;
}
