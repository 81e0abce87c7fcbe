import type { TrainableNetwork } from "../network/trainable.ts";
import { argmax } from "../network/decide.ts";
import type { Act } from "./algorithm.ts";
import { scaleObservations, type Scaling } from "./scaling.ts";

/** Greedy actions of a network that is learning, on raw observations. */
export function greedy(network: TrainableNetwork, scaling: Scaling | undefined): Act {
  const { observationSize: n, actions, maxBatch } = network;
  const scaled = new Float32Array(maxBatch * n);
  return (observations, batch) => {
    const chosen = new Int32Array(batch);
    for (let first = 0; first < batch; first += maxBatch) {
      const rows = Math.min(maxBatch, batch - first);
      const raw = observations.subarray(first * n, (first + rows) * n);
      const values = network.forward(
        scaling ? scaleObservations(scaling, raw, scaled.subarray(0, rows * n)) : raw,
        rows,
      );
      for (let k = 0; k < rows; k++) chosen[first + k] = argmax(values, k * actions, actions);
    }
    return chosen;
  };
}
