import { inputsOf, outputsOf } from "../../../src/network/layer.ts";
import type { Network } from "../../../src/network/network.ts";
import { packParameters, unpackLayers, withParameters } from "../../../src/network/parameters.ts";
import type { TrainableNetwork } from "../../../src/network/trainable.ts";

/**
 * Forward and backward pass of a dense ReLU network in plain TypeScript: the equations that the kernels are tested against.
 *
 *   a_0 = x,  z_l = a_{l-1} W_l + b_l,  a_l = max(z_l, 0),  y = z_L
 *   dW_l = a_{l-1}^T d_l,  db_l = sum d_l,  d_{l-1} = (d_l W_l^T) [a_{l-1} > 0]
 */
export function denseTrainable(network: Network, maxBatch: number): TrainableNetwork {
  const layers = network.layers.map((layer) => ({ inputs: inputsOf(layer), outputs: outputsOf(layer) }));
  const parameters = packParameters(network);
  const gradients = new Float32Array(parameters.length);
  const W = unpackLayers(network, parameters);
  const G = unpackLayers(network, gradients);
  const activations = [
    new Float32Array(maxBatch * layers[0].inputs),
    ...layers.map((l) => new Float32Array(maxBatch * l.outputs)),
  ];
  const deltas = layers.map((l) => new Float32Array(maxBatch * l.outputs));
  const actions = layers.at(-1)!.outputs;
  let batch = 0;
  return {
    observationSize: layers[0].inputs,
    actions,
    maxBatch,
    parameters,
    gradients,
    forward(observations, size) {
      batch = size;
      activations[0].set(observations.subarray(0, size * layers[0].inputs));
      layers.forEach(({ inputs, outputs }, l) => {
        const { weights, biases } = W[l];
        const [x, y] = [activations[l], activations[l + 1]];
        y.fill(0, 0, size * outputs);
        for (let b = 0; b < size; b++) {
          for (let i = 0; i < inputs; i++) {
            const value = x[b * inputs + i];
            if (value !== 0)
              for (let j = 0; j < outputs; j++) y[b * outputs + j] += Math.fround(value * weights[i * outputs + j]);
          }
          for (let j = 0; j < outputs; j++) {
            const z = Math.fround(y[b * outputs + j] + biases![j]);
            y[b * outputs + j] = l < layers.length - 1 && z < 0 ? 0 : z;
          }
        }
      });
      return activations.at(-1)!.subarray(0, size * actions);
    },
    backward(outputGradients) {
      gradients.fill(0);
      deltas.at(-1)!.set(outputGradients.subarray(0, batch * actions));
      for (let l = layers.length - 1; l >= 0; l--) {
        const { inputs, outputs } = layers[l];
        const [x, d] = [activations[l], deltas[l]];
        for (let b = 0; b < batch; b++) {
          for (let j = 0; j < outputs; j++) G[l].biases![j] += d[b * outputs + j];
          for (let i = 0; i < inputs; i++) {
            const value = x[b * inputs + i];
            if (l > 0 && value <= 0) deltas[l - 1][b * inputs + i] = 0;
            if (value === 0) continue;
            let sum = 0;
            for (let j = 0; j < outputs; j++) {
              const delta = d[b * outputs + j];
              G[l].weights[i * outputs + j] += value * delta;
              sum += W[l].weights[i * outputs + j] * delta;
            }
            if (l > 0) deltas[l - 1][b * inputs + i] = sum;
          }
        }
      }
    },
    toNetwork: () => withParameters(network, parameters),
    close() {},
  };
}
