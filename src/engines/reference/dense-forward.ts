import type { DenseNetwork } from "../../network/old/dense-network.ts";

/**
 * The outputs of a dense network, [batch, actions], and the effective multiply-accumulates they took: one per nonzero input of a
 * layer and outgoing connection, summed over the batch (NeuroBench; Yik et al. 2025). float32, inputs in ascending order, one
 * rounding after each product and each sum, then the bias.
 */
export function denseForward(
  network: DenseNetwork,
  observations: Float32Array,
  batch: number,
): { outputs: Float32Array; multiplyAccumulates: number } {
  let multiplyAccumulates = 0;
  let x = observations;
  network.layers.forEach(({ inputs, outputs, weights, biases }, l) => {
    const y = new Float32Array(batch * outputs);
    const hidden = l < network.layers.length - 1;
    for (let b = 0; b < batch; b++) {
      for (let i = 0; i < inputs; i++) {
        const value = x[b * inputs + i];
        if (value === 0) continue;
        multiplyAccumulates += outputs;
        for (let j = 0; j < outputs; j++) y[b * outputs + j] += Math.fround(value * weights[i * outputs + j]);
      }
      for (let j = 0; j < outputs; j++) {
        const z = Math.fround(y[b * outputs + j] + biases[j]);
        y[b * outputs + j] = hidden && z < 0 ? 0 : z;
      }
    }
    x = y;
  });
  return { outputs: x, multiplyAccumulates };
}
