import { type Convolution, sizeOf } from "../../network/convolution.ts";
import type {
  ConvolutionalLayer,
  ConvolutionalNetwork,
  ConvolutionLayer,
  FlatLayer,
} from "../../network/old/convolutional-network.ts";
import { validateConvolutional } from "../../network/old/convolutional-validate.ts";
import { DsqnError } from "../../errors.ts";
import { type Affine, affineAfter, affineBefore, composed, normalisation } from "./affine.ts";
import { averagedBefore } from "./average.ts";

/** A linear map of a flat vector or an image, with a bias for each of its outputs. */
export interface LinearMap {
  /** A matrix [inputs, outputs], or a kernel as `convolution` says. */
  readonly weights: Float64Array;
  /** [outputs] */
  readonly biases: Float64Array;
  readonly convolution?: Convolution;
}

/**
 * What one spiking layer will compute, in units of the source's activations: max pooling or none, a linear map, and a ReLU in all stages
 * but the last.
 */
export interface Stage extends LinearMap {
  readonly pooling?: Convolution;
  /** Channels of what it puts out: output j belongs to channel j % channels. */
  readonly channels: number;
  /** The layer of the source that puts out the same. */
  readonly layer: number;
}

/** What lies between two linear maps: max pooling, then average pooling, then batch normalisation. */
interface Between {
  readonly pooling?: Convolution;
  readonly averages: readonly { readonly window: Convolution; readonly layer: number }[];
  readonly affine?: Affine;
}

/**
 * The network as stages. Exact but for roundings: `inputScale` goes into the first weights, batch normalisation into the weights before it or
 * after it, average pooling into those after it. A layer that has no place in a stage is refused by name (LAYER_UNCONVERTIBLE).
 */
export function stagesOf(network: ConvolutionalNetwork): Stage[] {
  validateConvolutional(network);
  const { layers, input, inputScale } = network;
  const stages: Stage[] = [];
  let between: Between = { averages: [], affine: composed(undefined, scaling(input[2], inputScale)) };
  for (let l = 0; l < layers.length; l++) {
    const layer = layers[l];
    const refuse = (why: string, hint: string, at = l): never => unconvertible(layers[at], at, why, hint);
    if ("window" in layer)
      between =
        layer.kind === "max-pooling"
          ? maximum(between, layer.window, refuse)
          : { ...between, averages: [...between.averages, { window: layer.window, layer: l }] };
    else if (layer.kind === "batch-norm") {
      if (layer.activation === "relu")
        refuse(
          "its ReLU follows no weights, so that it would need neurons of its own",
          "Put it behind a layer without an activation.",
        );
      between = { ...between, affine: composed(between.affine, normalisation(layer)) };
    } else {
      let map: LinearMap = linearMap(layer);
      let rectified = layer.activation === "relu";
      const next = layers[l + 1] as ConvolutionalLayer | undefined;
      if (!rectified && next?.kind === "batch-norm") {
        map = affineAfter(map, normalisation(next));
        rectified = next.activation === "relu";
        l++;
      }
      if (!rectified && l < layers.length - 1)
        refuse("nothing rectifies what it puts out, and a firing rate can't be negative", "Give it a ReLU.", l);
      if (between.affine) map = affineBefore(map, between.affine);
      for (const { window, layer: at } of [...between.averages].reverse())
        map =
          averagedBefore(map, window) ??
          refuse(
            "the padding of the layer behind it doesn't fit its windows, and as a matrix both would be too large",
            'Train with padding "valid", or with strides instead of pooling.',
            at,
          );
      const channels = layer.kind === "dense" ? layer.outputs : layer.convolution.output[2];
      stages.push({ ...map, channels, layer: l, ...(between.pooling && { pooling: between.pooling }) });
      between = { averages: [] };
    }
  }
  return stages;
}

/** Inputs of a stage: what goes into its windows, or into its weights. */
export function stageInputs({ pooling, convolution, weights, biases }: Stage): number {
  if (pooling) return sizeOf(pooling.input);
  return convolution ? sizeOf(convolution.input) : weights.length / biases.length;
}

function linearMap(layer: ConvolutionLayer | FlatLayer): LinearMap {
  const { biases } = layer;
  const weights = Float64Array.from(layer.weights);
  if (layer.kind === "dense") return { weights, biases: Float64Array.from(biases) };
  const { convolution } = layer;
  const perNeuron = Float64Array.from({ length: sizeOf(convolution.output) }, (_, j) => biases[j % biases.length]);
  return { weights, biases: perNeuron, convolution };
}

function scaling(channels: number, by: number): Affine {
  return { scale: new Float64Array(channels).fill(by), shift: new Float64Array(channels) };
}

function maximum(between: Between, window: Convolution, refuse: (why: string, hint: string) => never): Between {
  const { pooling, averages, affine } = between;
  if (averages.length > 0)
    refuse(
      "it takes the largest of averages, and spikes can't be averaged before they are compared",
      "Use one kind of pooling between two layers with weights.",
    );
  // Maximum and a growing function change places; a falling one would make it a minimum.
  if (affine && affine.scale.some((scale) => scale <= 0))
    refuse(
      "a normalisation before it turns channels over, so that it would have to take the smallest",
      "Normalise before the activation.",
    );
  if (!pooling) return { ...between, pooling: window };
  if ([...pooling.padding, ...window.padding].some((n) => n > 0) || !inside(pooling) || !inside(window))
    refuse("it follows another max pooling, and one of them is padded", 'Train with padding "valid".');
  const axis = (k: 0 | 1) => ({
    kernel: (window.kernel[k] - 1) * pooling.strides[k] + pooling.kernel[k],
    stride: window.strides[k] * pooling.strides[k],
  });
  const [y, x] = [axis(0), axis(1)];
  const both: Convolution = {
    input: pooling.input,
    output: window.output,
    kernel: [y.kernel, x.kernel],
    strides: [y.stride, x.stride],
    padding: [0, 0],
  };
  return { ...between, pooling: both };
}

/** Whether all windows lie inside of the image. */
export function inside({ input, output, kernel, strides, padding }: Convolution): boolean {
  return ([0, 1] as const).every((k) => padding[k] === 0 && (output[k] - 1) * strides[k] + kernel[k] <= input[k]);
}

function unconvertible(layer: ConvolutionalLayer, l: number, why: string, hint: string): never {
  throw new DsqnError("LAYER_UNCONVERTIBLE", `Layer ${l} (${layer.kind}) can't be made spiking: ${why}.`, {
    hint,
    facts: { layer: l, kind: layer.kind },
  });
}
