import { z } from "zod";
import type { ConvolutionalLayer, ConvolutionalNetwork } from "../old/convolutional-network.ts";
import { convolutionSchema, described, imageSchema, kernelShape, parseMetadata } from "./geometry.ts";
import type { SafetensorsFile } from "../../files/safetensors.ts";
import { type Taker, taker } from "./tensor-reader.ts";
import { type Tensor, tensor, toFloat32 } from "../../files/tensor.ts";

const activation = z.enum(["relu", "linear"]);

const layerSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("convolution"), convolution: convolutionSchema, activation }),
  z.strictObject({ kind: z.enum(["average-pooling", "max-pooling"]), window: convolutionSchema }),
  z.strictObject({ kind: z.literal("batch-norm"), shape: imageSchema, epsilon: z.number(), activation }),
  z.strictObject({ kind: z.literal("dense"), activation }),
]);
type LayerDescription = z.infer<typeof layerSchema>;

/** What a convolutional network is besides its tensors; stored as JSON in the metadata `architecture`. */
const architectureSchema = z.strictObject({
  input: imageSchema,
  inputScale: z.number(),
  layers: z.array(layerSchema).min(1),
});

/** The metadata `architecture` of a model file. */
export function architectureOf({ input, inputScale, layers }: ConvolutionalNetwork): string {
  return JSON.stringify({ input, inputScale, layers: layers.map(describe) });
}

function describe(layer: ConvolutionalLayer): LayerDescription {
  switch (layer.kind) {
    case "convolution":
      return { kind: layer.kind, convolution: mutable(layer.convolution), activation: layer.activation };
    case "average-pooling":
    case "max-pooling":
      return { kind: layer.kind, window: mutable(layer.window) };
    case "batch-norm": {
      const { kind, shape, epsilon, activation } = layer;
      return { kind, shape: [...shape], epsilon, activation };
    }
    case "dense":
      return { kind: layer.kind, activation: layer.activation };
  }
}

const mutable = (geometry: Parameters<typeof described>[0]): z.infer<typeof convolutionSchema> =>
  described(geometry) as z.infer<typeof convolutionSchema>;

/**
 * A network's tensors as TensorFlow has them: `layers.{i}.weight` [kernel height, kernel width, input channels, output channels], of a
 * dense layer [inputs, outputs], `.bias`; of a batch normalisation `.gamma`, `.beta`, `.mean`, `.variance` [channels].
 */
export function convolutionalTensors({ layers }: ConvolutionalNetwork): Record<string, Tensor> {
  return Object.fromEntries(
    layers.flatMap((layer, l) =>
      Object.entries(layerTensors(layer)).map(([name, value]) => [`layers.${l}.${name}`, value]),
    ),
  );
}

function layerTensors(layer: ConvolutionalLayer): Record<string, Tensor> {
  switch (layer.kind) {
    case "convolution":
      return { weight: tensor(layer.weights, kernelShape(layer.convolution)), bias: tensor(layer.biases) };
    case "dense":
      return { weight: tensor(layer.weights, [layer.inputs, layer.outputs]), bias: tensor(layer.biases) };
    case "batch-norm": {
      const { gamma, beta, mean, variance } = layer;
      return { gamma: tensor(gamma), beta: tensor(beta), mean: tensor(mean), variance: tensor(variance) };
    }
    default:
      return {};
  }
}

/** The convolutional network in a model file; sizes are left to `validateConvolutional`. */
export function decodeConvolutional({ tensors, metadata }: SafetensorsFile, source: string): ConvolutionalNetwork {
  const take = taker(tensors, source);
  const { layers: descriptions, ...rest } = parseMetadata(
    metadata.architecture,
    architectureSchema,
    "the convolutional network's architecture",
    source,
  );
  const layers = descriptions.map((description, l) => decodeLayer(description, `layers.${l}`, take));
  take.finish();
  return { kind: "convolutional", ...rest, layers };
}

function decodeLayer(description: LayerDescription, name: string, take: Taker): ConvolutionalLayer {
  const vector = (part: string): Float32Array => toFloat32(take(`${name}.${part}`, 1));
  switch (description.kind) {
    case "convolution":
      return { ...description, weights: toFloat32(take(`${name}.weight`, 4)), biases: vector("bias") };
    case "batch-norm":
      return {
        ...description,
        gamma: vector("gamma"),
        beta: vector("beta"),
        mean: vector("mean"),
        variance: vector("variance"),
      };
    case "dense": {
      const weight = take(`${name}.weight`, 2);
      const [inputs, outputs] = weight.shape;
      return { ...description, inputs, outputs, weights: toFloat32(weight), biases: vector("bias") };
    }
    default:
      return description;
  }
}
