import { biasPerOutput, outputsOf } from "../../network/layer.ts";
import { kindOf, type Network, observationSize } from "../../network/network.ts";
import { batchSize } from "../../network/validate.ts";
import { createRunner } from "./artificial.ts";

/**
 * What every layer of a network without neurons puts out for `states` [n, observationSize], after its ReLU where it has one: per layer [n, outputs].
 * Networks over images are computed as the engine does, in float32. Of dense ones sums are made in float64, and each value rounded once.
 */
export function layerActivations(network: Network, states: Float32Array): Float32Array[] {
  const n = batchSize(states, observationSize(network));
  const all = network.layers.map((layer) => new Float32Array(n * outputsOf(layer)));
  if (kindOf(network) === "dense") {
    denseActivations(network, states, n, all);
    return all;
  }
  const runner = createRunner(network);
  try {
    runner.run(states, n, (first, count) =>
      runner.outputs.forEach((values, l) => {
        const size = outputsOf(network.layers[l]);
        all[l].set(values.subarray(0, count * size), first * size);
      }),
    );
  } finally {
    runner.close();
  }
  return all;
}

function denseActivations(
  { layers, inputScale }: Network,
  states: Float32Array,
  n: number,
  into: Float32Array[],
): void {
  let x = inputScale === 1 ? states : states.map((value) => value * inputScale);
  for (const [l, layer] of layers.entries()) {
    const { weights, activation } = layer;
    const [inputs, outputs] = [x.length / n, outputsOf(layer)];
    const biases = biasPerOutput(layer) ?? new Float32Array(outputs);
    const sum = new Float64Array(outputs);
    const y = into[l];
    for (let k = 0; k < n; k++) {
      sum.set(biases);
      for (let i = 0; i < inputs; i++) {
        const value = x[k * inputs + i];
        if (value === 0) continue; // half of what leaves a ReLU
        for (let j = 0, w = i * outputs; j < outputs; j++, w++) sum[j] += value * weights[w];
      }
      for (let j = 0; j < outputs; j++) y[k * outputs + j] = activation.kind === "relu" && sum[j] < 0 ? 0 : sum[j];
    }
    x = y;
  }
}
