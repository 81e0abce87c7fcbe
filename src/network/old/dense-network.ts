import { sizeOf } from "../convolution.ts";
import { layerOutput, type ConvolutionalNetwork } from "./convolutional-network.ts";
import type { Random } from "../../numeric/random.ts";

/** One affine layer: y = x W + b, followed by a ReLU in every layer but the last. */
export interface DenseLayer {
  readonly inputs: number;
  readonly outputs: number;
  /** [inputs, outputs], row-major: a row holds what leaves one input. Files hold the transpose (torch's Linear). */
  readonly weights: Float32Array;
  /** [outputs] */
  readonly biases: Float32Array;
}

/** A fully connected ReLU network with linear outputs (the thesis's `FullyConnected`). */
export interface DenseNetwork {
  readonly kind: "dense";
  readonly layers: readonly DenseLayer[];
}

/** [inputs, hidden..., outputs] in neurons; of a convolutional network the sizes of its images. */
export function shapeOf(
  network: { readonly layers: readonly { inputs: number; outputs: number }[] } | ConvolutionalNetwork,
): number[] {
  if ("inputScale" in network)
    return [sizeOf(network.input), ...network.layers.map((layer) => sizeOf(layerOutput(layer)))];
  return [network.layers[0].inputs, ...network.layers.map((layer) => layer.outputs)];
}

/** Weights and biases uniform in +-1/sqrt(inputs), as PyTorch initialises `nn.Linear`. `shape`: [inputs, hidden..., outputs]. */
export function createDenseNetwork(shape: readonly number[], random: Random): DenseNetwork {
  const layers = shape.slice(1).map((outputs, l): DenseLayer => {
    const inputs = shape[l];
    const bound = 1 / Math.sqrt(inputs);
    const draw = (n: number) => Float32Array.from({ length: n }, () => (2 * random.uniform() - 1) * bound);
    return { inputs, outputs, weights: draw(inputs * outputs), biases: draw(outputs) };
  });
  return { kind: "dense", layers };
}
