import { batchSize } from "../../network/validate.ts";
import { type Convolution, forEachSynapse, sizeOf } from "../../network/convolution.ts";
import type { ConvolutionalLayer, ConvolutionalNetwork, PoolingLayer } from "../../network/old/convolutional-network.ts";
import { layerOutput } from "../../network/old/convolutional-network.ts";
import { validateConvolutional } from "../../network/old/convolutional-validate.ts";

/**
 * What every layer of a convolutional network puts out for `observations` [batch, height, width, channels], in float64: per layer
 * [batch, ...its output's shape]. Written to be read, and what the faster ones are tested against. With x the layer's input:
 *
 *   convolution      y(p, c') = act(b_c' + sum over the kernel of x W)        zeros outside of the image (convolution.ts)
 *   dense            y_j = act(b_j + sum_i x_i W_ij)                          x in index order: row by row, channels innermost
 *   average-pooling  the mean of those values of a window that lie in the image (TensorFlow's rule; torch counts padding too)
 *   max-pooling      the largest of them
 *   batch-norm       act(gamma (x - mean) / sqrt(variance + epsilon) + beta)
 *
 * The first layer's x is observation * inputScale.
 */
export function referenceConvolutionalActivations(
  network: ConvolutionalNetwork,
  observations: Float32Array | Float64Array,
): Float64Array[] {
  validateConvolutional(network);
  const batch = batchSize(observations, sizeOf(network.input));
  let x = Float64Array.from(observations, (value) => value * network.inputScale);
  return network.layers.map((layer) => {
    const inputs = x.length / batch;
    const outputs = sizeOf(layerOutput(layer));
    const y = new Float64Array(batch * outputs);
    for (let b = 0; b < batch; b++)
      forwardLayer(layer, x.subarray(b * inputs, (b + 1) * inputs), y.subarray(b * outputs, (b + 1) * outputs));
    if ("activation" in layer && layer.activation === "relu")
      for (let k = 0; k < y.length; k++) y[k] = Math.max(y[k], 0);
    return (x = y);
  });
}

/** The values of each action, [batch, actions], in float64. */
export function referenceConvolutionalForward(
  network: ConvolutionalNetwork,
  observations: Float32Array | Float64Array,
): Float64Array {
  return referenceConvolutionalActivations(network, observations).at(-1)!;
}

/** One state through one layer, its activation left out. */
function forwardLayer(layer: ConvolutionalLayer, x: Float64Array, y: Float64Array): void {
  switch (layer.kind) {
    case "convolution": {
      const { convolution, weights, biases } = layer;
      for (let k = 0; k < y.length; k++) y[k] = biases[k % biases.length];
      forEachSynapse(convolution, (source, target, weight) => void (y[target] += x[source] * weights[weight]));
      return;
    }
    case "dense":
      for (let j = 0; j < layer.outputs; j++) {
        y[j] = layer.biases[j];
        for (let i = 0; i < layer.inputs; i++) y[j] += x[i] * layer.weights[i * layer.outputs + j];
      }
      return;
    case "average-pooling":
    case "max-pooling":
      return pool(layer, x, y);
    case "batch-norm": {
      const { gamma, beta, mean, variance, epsilon, shape } = layer;
      for (let k = 0; k < y.length; k++) {
        const c = k % shape[2];
        y[k] = (gamma[c] * (x[k] - mean[c])) / Math.sqrt(variance[c] + epsilon) + beta[c];
      }
    }
  }
}

function pool({ kind, window }: PoolingLayer, x: ArrayLike<number>, y: Float64Array | Float32Array): void {
  y.fill(kind === "max-pooling" ? -Infinity : 0);
  const counts = new Int32Array(y.length);
  forEachWindowValue(window, (source, target) => {
    y[target] = kind === "max-pooling" ? Math.max(y[target], x[source]) : y[target] + x[source];
    counts[target]++;
  });
  if (kind === "average-pooling") for (let k = 0; k < y.length; k++) y[k] /= counts[k];
}

/** Calls `visit(source, target)` for each value that a pooling window holds; sources and targets are neuron indices, targets ascend. */
export function forEachWindowValue(
  { input, output, kernel, strides, padding }: Convolution,
  visit: (source: number, target: number) => void,
): void {
  const channels = input[2];
  for (let y = 0; y < output[0]; y++)
    for (let x = 0; x < output[1]; x++)
      for (let c = 0; c < channels; c++) {
        const target = (y * output[1] + x) * channels + c;
        for (let i = 0; i < kernel[0]; i++) {
          const row = y * strides[0] + i - padding[0];
          if (row < 0 || row >= input[0]) continue;
          for (let j = 0; j < kernel[1]; j++) {
            const column = x * strides[1] + j - padding[1];
            if (column >= 0 && column < input[1]) visit((row * input[1] + column) * channels + c, target);
          }
        }
      }
}
