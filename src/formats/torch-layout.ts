import { type Convolution, type ImageShape, sizeOf } from "../network/convolution.ts";
import {
  type ConvolutionalLayer,
  type ConvolutionalNetwork,
  layerInput,
  layerOutput,
} from "../network/old/convolutional-network.ts";
import { type Tensor, tensor, transposed } from "../files/tensor.ts";

/** What torch's BatchNorm has unless told otherwise. */
export const TORCH_EPSILON = 1e-5;

/**
 * A convolutional network's tensors as torch's modules hold them, `layers.{i}.weight`, `.bias`, and of a batch normalisation
 * `.running_mean` and `.running_var` too:
 * - Conv2d: [output channels, input channels, kernel height, kernel width] for ours [height, width, input channels, output channels]
 * - Linear: [outputs, inputs] for ours [inputs, outputs]. What sees an image as a list has its values in torch's order (channels,
 *   rows, columns) instead of ours (rows, columns, channels), so that it can follow an `nn.Flatten`.
 * - BatchNorm: an epsilon other than torch's 1e-5 is made up for in the variance
 */
export function torchTensors({ input, layers }: ConvolutionalNetwork): Record<string, Tensor> {
  return Object.fromEntries(
    layers.flatMap((layer, l) =>
      Object.entries(layerTensors(layer, imageBefore(input, layers, l))).map(([name, value]) => [
        `layers.${l}.${name}`,
        value,
      ]),
    ),
  );
}

/** The image that layer l sees as a list of values, or undefined: what it sees is an image, or a list already. */
function imageBefore(input: ImageShape, layers: readonly ConvolutionalLayer[], l: number): ImageShape | undefined {
  const before = l > 0 ? layerOutput(layers[l - 1]) : input;
  const own = layerInput(layers[l]);
  return before[0] * before[1] > 1 && own[0] * own[1] === 1 ? before : undefined;
}

function layerTensors(layer: ConvolutionalLayer, image: ImageShape | undefined): Record<string, Tensor> {
  switch (layer.kind) {
    case "convolution": {
      const { kernel, input, output } = layer.convolution;
      return {
        weight: tensor(toTorchKernel(layer.weights, layer.convolution), [output[2], input[2], ...kernel]),
        bias: tensor(layer.biases),
      };
    }
    case "dense": {
      const { inputs, outputs, weights, biases } = layer;
      const rows = image ? reordered(weights, outputs, image, "to torch") : weights;
      return { weight: tensor(transposed(rows, inputs, outputs), [outputs, inputs]), bias: tensor(biases) };
    }
    case "batch-norm": {
      const { gamma, beta, mean, variance, epsilon } = layer;
      const order = (values: Float32Array): Tensor => tensor(image ? reordered(values, 1, image, "to torch") : values);
      return {
        weight: order(gamma),
        bias: order(beta),
        running_mean: order(mean),
        running_var: order(epsilon === TORCH_EPSILON ? variance : variance.map((v) => v + (epsilon - TORCH_EPSILON))),
      };
    }
    default:
      return {};
  }
}

/** [kernel height, kernel width, input channels, output channels] to [output channels, input channels, kernel height, kernel width]. */
export function toTorchKernel(weights: Float32Array, geometry: Convolution): Float32Array {
  const result = new Float32Array(weights.length);
  forEachKernelWeight(geometry, (ours, torch) => (result[torch] = weights[ours]));
  return result;
}

/** The other way round. */
export function fromTorchKernel(weights: Float32Array, geometry: Convolution): Float32Array {
  const result = new Float32Array(weights.length);
  forEachKernelWeight(geometry, (ours, torch) => (result[ours] = weights[torch]));
  return result;
}

function forEachKernelWeight(
  { kernel: [height, width], input: [, , channels], output: [, , filters] }: Convolution,
  visit: (ours: number, torch: number) => void,
): void {
  for (let i = 0, ours = 0; i < height; i++)
    for (let j = 0; j < width; j++)
      for (let c = 0; c < channels; c++)
        for (let f = 0; f < filters; f++) visit(ours++, ((f * channels + c) * height + i) * width + j);
}

/** Rows [values of an image, columns] from torch's order (channels, rows, columns) to ours (rows, columns, channels), or back. */
export function reordered(
  values: Float32Array,
  columns: number,
  image: ImageShape,
  direction: "from torch" | "to torch",
): Float32Array {
  const [height, width, channels] = image;
  const result = new Float32Array(sizeOf(image) * columns);
  for (let y = 0, ours = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++, ours++) {
        const torch = (c * height + y) * width + x;
        const [from, to] = direction === "from torch" ? [torch, ours] : [ours, torch];
        result.set(values.subarray(from * columns, (from + 1) * columns), to * columns);
      }
  return result;
}
