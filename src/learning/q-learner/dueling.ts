import { foldDueling } from "../../network/dueling.ts";
import type { Network } from "../../network/network.ts";

/** What a network's outputs are to Q-learning, and back. */
export interface Head {
  /** Outputs of the network for so many actions. */
  outputs(actions: number): number;
  /** Q-values, [batch, actions], of its outputs, [batch, outputs]. */
  values(outputs: Float32Array, batch: number): Float32Array;
  /** The derivative with respect to the outputs, from that with respect to the Q-values. */
  gradient(atValues: Float32Array, batch: number): Float32Array;
  /** The network with one output per action that it stands for. */
  fold(network: Network): Network;
}

/** An output is a Q-value. */
export const plainHead: Head = {
  outputs: (actions) => actions,
  values: (outputs) => outputs,
  gradient: (atValues) => atValues,
  fold: (network) => network,
};

/**
 * Dueling outputs (Wang et al. 2016, eq. 9): 1 + actions linear outputs (V, A_1, ..., A_n),
 *
 *   Q_a = V + A_a - mean(A)
 *
 * The combination is linear, so `fold` takes it into the last layer: what is saved is an ordinary network.
 */
export const duelingHead: Head = {
  outputs: (actions) => actions + 1,
  values(outputs, batch) {
    const width = outputs.length / batch;
    const actions = width - 1;
    const values = new Float32Array(batch * actions);
    for (let k = 0; k < batch; k++) {
      const row = k * width;
      let mean = 0;
      for (let a = 1; a <= actions; a++) mean += outputs[row + a] / actions;
      for (let a = 0; a < actions; a++) values[k * actions + a] = outputs[row] + outputs[row + 1 + a] - mean;
    }
    return values;
  },
  gradient(atValues, batch) {
    const actions = atValues.length / batch;
    const gradients = new Float32Array(batch * (actions + 1));
    for (let k = 0; k < batch; k++) {
      const row = k * (actions + 1);
      let sum = 0;
      for (let a = 0; a < actions; a++) sum += atValues[k * actions + a];
      gradients[row] = sum;
      for (let a = 0; a < actions; a++) gradients[row + 1 + a] = atValues[k * actions + a] - sum / actions;
    }
    return gradients;
  },
  fold: foldDueling,
};
