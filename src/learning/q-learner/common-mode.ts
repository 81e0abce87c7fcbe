import type { TrainableNetwork } from "../../network/trainable.ts";
import { mean } from "../../numeric/statistics.ts";

/**
 * A Q-network whose outputs have only to differ from each other:
 *
 *   Q_a(o) = N_a(o) - mean_b N_b(o) + C(o)
 *
 * C, a dense network of one output, learns what all actions have in common, which is most of a value and decides nothing. It is thrown away: `toNetwork`
 * is N alone, and the action of the largest N_a is that of the largest Q_a. Few spikes then suffice for N, whose potentials need not add up to the
 * return (common-mode compensation, arXiv 2610.07808).
 *
 * One network to whoever trains it: parameters and gradients are N's, then C's, in one array. Both are closed with it.
 */
export function commonMode(network: TrainableNetwork, common: TrainableNetwork): TrainableNetwork {
  const { observationSize, actions } = network;
  const split = network.parameters.length;
  const parameters = joined(network.parameters, common.parameters);
  const gradients = new Float32Array(parameters.length);
  let batch = 0;
  const enter = (): void => {
    network.parameters.set(parameters.subarray(0, split));
    common.parameters.set(parameters.subarray(split));
  };
  return {
    observationSize,
    actions,
    maxBatch: Math.min(network.maxBatch, common.maxBatch),
    parameters,
    gradients,
    forward(observations, size) {
      enter();
      batch = size;
      const values = network.forward(observations, size).slice(0, size * actions);
      const shared = common.forward(observations, size);
      for (let k = 0; k < size; k++) {
        const row = values.subarray(k * actions, (k + 1) * actions);
        const shift = shared[k] - mean(row);
        for (let a = 0; a < actions; a++) row[a] += shift;
      }
      return values;
    },
    backward(atValues) {
      const own = new Float32Array(batch * actions);
      const shared = new Float32Array(batch);
      for (let k = 0; k < batch; k++) {
        const row = atValues.subarray(k * actions, (k + 1) * actions);
        const all = mean(row);
        for (let a = 0; a < actions; a++) own[k * actions + a] = row[a] - all;
        shared[k] = all * actions;
      }
      network.backward(own);
      common.backward(shared);
      gradients.set(network.gradients);
      gradients.set(common.gradients, split);
    },
    toNetwork() {
      enter();
      return network.toNetwork();
    },
    close() {
      network.close();
      common.close();
    },
  };
}

function joined(first: Float32Array, second: Float32Array): Float32Array {
  const all = new Float32Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}
