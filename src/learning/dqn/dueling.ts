import type { DenseNetwork } from "../../network/old/dense-network.ts";
import type { TrainableNetwork } from "../../network/trainable.ts";

/**
 * Dueling outputs (Wang et al. 2016, eq. 9) around a dense network with 1 + actions linear outputs (V, A_1, ..., A_n):
 *
 *   Q_a = V + A_a - mean(A)
 *
 * The combination is linear, so `toNetwork` folds it into the last layer: what is saved is an ordinary network with one
 * output per action.
 */
export function dueling(inner: TrainableNetwork): TrainableNetwork {
  const actions = inner.actions - 1;
  const outputs = new Float32Array(inner.maxBatch * actions);
  const innerGradients = new Float32Array(inner.maxBatch * inner.actions);
  let lastBatch = 0;
  return {
    observationSize: inner.observationSize,
    actions,
    maxBatch: inner.maxBatch,
    parameters: inner.parameters,
    gradients: inner.gradients,
    forward(observations, batch) {
      const values = inner.forward(observations, batch);
      for (let k = 0; k < batch; k++) {
        const row = k * inner.actions;
        let mean = 0;
        for (let a = 1; a <= actions; a++) mean += values[row + a] / actions;
        for (let a = 0; a < actions; a++) outputs[k * actions + a] = values[row] + values[row + 1 + a] - mean;
      }
      lastBatch = batch;
      return outputs.subarray(0, batch * actions);
    },
    backward(outputGradients) {
      for (let k = 0; k < lastBatch; k++) {
        let sum = 0;
        for (let a = 0; a < actions; a++) sum += outputGradients[k * actions + a];
        innerGradients[k * inner.actions] = sum;
        for (let a = 0; a < actions; a++)
          innerGradients[k * inner.actions + 1 + a] = outputGradients[k * actions + a] - sum / actions;
      }
      inner.backward(innerGradients.subarray(0, lastBatch * inner.actions));
    },
    toNetwork: () => foldDueling(inner.toNetwork() as DenseNetwork),
    close: () => inner.close(),
  };
}

/** The network with one output per action that a network with outputs (V, A) stands for. */
export function foldDueling(network: DenseNetwork): DenseNetwork {
  const last = network.layers.at(-1)!;
  const actions = last.outputs - 1;
  const fold = (row: Float32Array): Float32Array => {
    const mean = row.subarray(1).reduce((sum, a) => sum + a, 0) / actions;
    return Float32Array.from({ length: actions }, (_, a) => row[0] + row[1 + a] - mean);
  };
  const weights = new Float32Array(last.inputs * actions);
  for (let i = 0; i < last.inputs; i++)
    weights.set(fold(last.weights.subarray(i * last.outputs, (i + 1) * last.outputs)), i * actions);
  return {
    kind: "dense",
    layers: [
      ...network.layers.slice(0, -1),
      { inputs: last.inputs, outputs: actions, weights, biases: fold(last.biases) },
    ],
  };
}
