import { type Convolution, type ImageShape, sizeOf } from "../network/convolution.ts";
import { columnsOf, type Layer } from "../network/layer.ts";
import type { Network } from "../network/network.ts";
import { type Tensor, tensor, transposed } from "../files/tensor.ts";

/**
 * A network's weights as torch's modules hold them, `layers.{i}.weight` and `.bias`:
 * - Conv2d: [output channels, input channels, kernel height, kernel width] for ours [height, width, input channels, output channels]. Biases that
 *   differ from place to place are [output channels, height, width], to be added to what the Conv2d without biases puts out.
 * - Linear: [outputs, inputs] for ours [inputs, outputs]. What sees an image as a list has its values in torch's order (channels,
 *   rows, columns) instead of ours (rows, columns, channels), so that it can follow an `nn.Flatten`.
 */
export function torchTensors({ input, layers }: Network): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = {};
  for (const [l, layer] of layers.entries()) {
    const before =
      layer.pooling?.window.output ?? (l > 0 ? imageOf(layers[l - 1]) : input.length === 3 ? input : undefined);
    tensors[`layers.${l}.weight`] = weightOf(layer, before);
    const bias = biasOf(layer);
    if (bias) tensors[`layers.${l}.bias`] = bias;
  }
  return tensors;
}

function weightOf({ synapses, weights }: Layer, image: ImageShape | undefined): Tensor {
  if (synapses.kind === "convolution") {
    const { kernel, input, output } = synapses;
    return tensor(toTorchKernel(weights, synapses), [output[2], input[2], ...kernel]);
  }
  const { inputs, outputs } = synapses;
  const rows = image ? reordered(weights, outputs, image, "to torch") : weights;
  return tensor(transposed(rows, inputs, outputs), [outputs, inputs]);
}

function biasOf(layer: Layer): Tensor | undefined {
  const { synapses, biases } = layer;
  if (!biases || synapses.kind === "dense" || biases.length === columnsOf(layer))
    return biases ? tensor(biases) : undefined;
  const [height, width, channels] = synapses.output;
  return tensor(reordered(biases, 1, synapses.output, "to torch"), [channels, height, width]);
}

function imageOf({ synapses }: Layer): ImageShape | undefined {
  return synapses.kind === "convolution" ? synapses.output : undefined;
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
export function reordered<T extends Float32Array | Float64Array>(
  values: T,
  columns: number,
  image: ImageShape,
  direction: "from torch" | "to torch",
): T {
  const [height, width, channels] = image;
  const size = sizeOf(image) * columns;
  const result = (values instanceof Float32Array ? new Float32Array(size) : new Float64Array(size)) as T;
  for (let y = 0, ours = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++, ours++) {
        const torch = (c * height + y) * width + x;
        const [from, to] = direction === "from torch" ? [torch, ours] : [ours, torch];
        result.set(values.subarray(from * columns, (from + 1) * columns), to * columns);
      }
  return result;
}
