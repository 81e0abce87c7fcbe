import { convolution, type Convolution, type ConvolutionOptions, type ImageShape, sizeOf } from "../convolution.ts";
import type { Random } from "../../numeric/random.ts";

/** A convolution, y = act(x * W + b). */
export interface ConvolutionLayer {
  readonly kind: "convolution";
  readonly convolution: Convolution;
  /** [kernel height, kernel width, input channels, output channels] */
  readonly weights: Float32Array;
  /** [output channels] */
  readonly biases: Float32Array;
  readonly activation: "relu" | "linear";
}

/** The mean or the largest value of each window, channel by channel; `window.input` and `window.output` have the same channels. */
export interface PoolingLayer {
  readonly kind: "average-pooling" | "max-pooling";
  readonly window: Convolution;
}

/** Batch normalisation with frozen statistics: y = act(gamma (x - mean) / sqrt(variance + epsilon) + beta), channel by channel. */
export interface BatchNormLayer {
  readonly kind: "batch-norm";
  /** What it normalises: [height, width, channels], or [1, 1, values] after a dense layer or of an image as a list of values. */
  readonly shape: ImageShape;
  /** Each [channels]. */
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  readonly epsilon: number;
  readonly activation: "relu" | "linear";
}

/** A fully connected layer; after an image it takes its values in index order (a flatten layer is not needed). */
export interface FlatLayer {
  readonly kind: "dense";
  readonly inputs: number;
  readonly outputs: number;
  /** [inputs, outputs] */
  readonly weights: Float32Array;
  /** [outputs] */
  readonly biases: Float32Array;
  readonly activation: "relu" | "linear";
}

/** A layer of a convolutional network. */
export type ConvolutionalLayer = ConvolutionLayer | PoolingLayer | BatchNormLayer | FlatLayer;

export function isPooling(layer: ConvolutionalLayer): layer is PoolingLayer {
  return layer.kind === "average-pooling" || layer.kind === "max-pooling";
}

/** The shape that a layer takes; of a dense one [1, 1, inputs]. */
export function layerInput(layer: ConvolutionalLayer): ImageShape {
  if (layer.kind === "convolution") return layer.convolution.input;
  if (layer.kind === "batch-norm") return layer.shape;
  return layer.kind === "dense" ? [1, 1, layer.inputs] : layer.window.input;
}

/** The shape that a layer puts out; of a dense one [1, 1, outputs]. */
export function layerOutput(layer: ConvolutionalLayer): ImageShape {
  if (layer.kind === "convolution") return layer.convolution.output;
  if (layer.kind === "batch-norm") return layer.shape;
  return layer.kind === "dense" ? [1, 1, layer.outputs] : layer.window.output;
}

/** A feed-forward network over images whose last layer is dense and linear: one value per action. */
export interface ConvolutionalNetwork {
  readonly kind: "convolutional";
  /** Of an observation, [height, width, channels]; a stack of frames has the newest as last channel. */
  readonly input: ImageShape;
  /** The first layer sees observation * inputScale: 1/255 for frames of bytes. */
  readonly inputScale: number;
  readonly layers: readonly ConvolutionalLayer[];
}

/** Layers as one writes them down: shapes follow from the input, and all but the last have ReLUs. */
export type LayerSpec =
  ({ readonly kind: "convolution" } & ConvolutionOptions) | { readonly kind: "dense"; readonly outputs: number };

/** A network with weights and biases uniform in +-1/sqrt(fan in), as PyTorch initialises `Conv2d` and `Linear`. */
export function createConvolutionalNetwork(
  input: ImageShape,
  specs: readonly LayerSpec[],
  random: Random,
  inputScale = 1 / 255,
): ConvolutionalNetwork {
  const layers: ConvolutionalLayer[] = [];
  let shape = input;
  for (const [l, spec] of specs.entries()) {
    const activation = l < specs.length - 1 ? "relu" : "linear";
    const fanIn = spec.kind === "dense" ? sizeOf(shape) : spec.kernel[0] * spec.kernel[1] * shape[2];
    const outputs = spec.kind === "dense" ? spec.outputs : spec.filters;
    const draw = (n: number): Float32Array =>
      Float32Array.from({ length: n }, () => (2 * random.uniform() - 1) / Math.sqrt(fanIn));
    const weights = draw(fanIn * outputs);
    const biases = draw(outputs);
    if (spec.kind === "dense") {
      layers.push({ kind: "dense", inputs: fanIn, outputs, weights, biases, activation });
      shape = [1, 1, outputs];
    } else {
      const geometry = convolution(shape, spec);
      layers.push({ kind: "convolution", convolution: geometry, weights, biases, activation });
      shape = geometry.output;
    }
  }
  return { kind: "convolutional", input, inputScale, layers };
}

const dense = (outputs: number): LayerSpec => ({ kind: "dense", outputs });
const conv = (filters: number, size: number, stride: number): LayerSpec => ({
  kind: "convolution",
  filters,
  kernel: [size, size],
  strides: [stride, stride],
});

/** Well-known networks over 84 x 84 x 4 (Patel's over 80 x 80 x 1), by name, for `actions` actions. */
export const architectures: Readonly<Record<string, (actions: number) => readonly LayerSpec[]>> = {
  /** Mnih et al. 2015, Nature 518, 529-533: 1.7 million weights. */
  "nature": (actions) => [conv(32, 8, 4), conv(64, 4, 2), conv(64, 3, 1), dense(512), dense(actions)],
  /** Mnih et al. 2013, arXiv:1312.5602: 0.7 million weights, a third of the operations; sized for CPUs. */
  "small": (actions) => [conv(16, 8, 4), conv(32, 4, 2), dense(256), dense(actions)],
  /** Patel et al. 2019 and the thesis: one hidden layer of 1000. */
  "patel-small": (actions) => [dense(1000), dense(actions)],
  /** Patel et al. 2019: two hidden layers. */
  "patel-large": (actions) => [dense(1000), dense(1000), dense(actions)],
};
