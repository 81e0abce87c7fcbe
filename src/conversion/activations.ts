import { forEachSynapse } from "../network/convolution.ts";
import { biasPerOutput, inputsOf, type Layer, outputsOf } from "../network/layer.ts";
import type { Network } from "../network/network.ts";
import * as pooling from "../network/pooling.ts";

/** Stand-in for engines/fast/activations.ts. */
export function layerActivations(network: Network, states: Float32Array): Float32Array[] {
  let x: ArrayLike<number> = states.map((v) => v * network.inputScale);
  const n = states.length / inputsOf(network.layers[0]);
  return network.layers.map((layer) => {
    const [m, outputs] = [inputsOf(layer), outputsOf(layer)];
    const y = new Float32Array(n * outputs);
    for (let b = 0; b < n; b++) y.set(one(layer, Array.prototype.slice.call(x, b * m, (b + 1) * m)), b * outputs);
    x = y;
    return y;
  });
}

function one(layer: Layer, given: number[]): Float64Array {
  let x: ArrayLike<number> = given;
  const outputs = outputsOf(layer);
  const sum = Float64Array.from(biasPerOutput(layer) ?? new Float64Array(outputs));
  if (layer.pooling) {
    const { window } = layer.pooling;
    const into = new Float64Array(window.output[0] * window.output[1] * window.output[2]);
    if (layer.pooling.kind === "max") pooling.poolValues(layer.pooling, x, into);
    else throw new Error("stand-in");
    x = into;
  }
  const { synapses, weights } = layer;
  if (synapses.kind === "convolution") forEachSynapse(synapses, (s, t, k) => void (sum[t] += x[s] * weights[k]));
  else for (let i = 0; i < x.length; i++) for (let j = 0; j < outputs; j++) sum[j] += x[i] * weights[i * outputs + j];
  return layer.activation.kind === "relu" ? sum.map((v) => Math.max(v, 0)) : sum;
}
