import { ndarray, type NdArray, type TypedArray } from "../bridge/index.ts";
import type { SpikingLayer, SpikingNetwork } from "../network/old/spiking-network.ts";

/** A network as the Python side takes it: its description, and arrays `w0, b0, v0, w1, ...` (network.py). */
export function networkMessage(network: SpikingNetwork): {
  network: Record<string, unknown>;
  arrays: Record<string, NdArray>;
} {
  const arrays: Record<string, NdArray> = {};
  network.layers.forEach((layer, l) => {
    arrays[`w${l}`] = ndarray(layer.weights as TypedArray, weightShape(layer));
    if (layer.biases) arrays[`b${l}`] = ndarray(layer.biases as TypedArray);
    if (layer.initialPotential) arrays[`v${l}`] = ndarray(layer.initialPotential as TypedArray);
  });
  const layers = network.layers.map(
    ({ inputs, outputs, alpha, beta, threshold, reset, resetBy, convolution = null, pooling = null }) => ({
      inputs,
      outputs,
      alpha,
      beta,
      threshold,
      reset,
      resetBy,
      convolution,
      pooling,
    }),
  );
  const { biasInput, signedInputs, encoding, decoding, steps } = network;
  return { network: { layers, biasInput, signedInputs, encoding, decoding, steps }, arrays };
}

function weightShape({ inputs, outputs, convolution }: SpikingLayer): number[] {
  return convolution ? [...convolution.kernel, convolution.input[2], convolution.output[2]] : [inputs, outputs];
}
