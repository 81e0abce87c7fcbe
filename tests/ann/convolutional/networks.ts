import { convolution, type ConvolutionOptions, type ImageShape } from "../../../src/ann/convolution.ts";
import type { ConvolutionalLayer, ConvolutionalNetwork } from "../../../src/ann/convolutional/network.ts";
import { layerOutput } from "../../../src/ann/convolutional/network.ts";
import { sizeOf } from "../../../src/ann/convolution.ts";
import { Random } from "../../../src/random.ts";

export const normals = (n: number, random: Random, scale = 1): Float32Array =>
  Float32Array.from({ length: n }, () => random.normal() * scale);

/** A layer to be, over whatever comes before it. */
export type Sketch =
  | ({ kind: "convolution"; activation?: "relu" | "linear" } & ConvolutionOptions)
  | ({ kind: "average-pooling" | "max-pooling" } & Omit<ConvolutionOptions, "filters">)
  | { kind: "batch-norm"; activation?: "relu" | "linear" }
  | { kind: "dense"; outputs: number; activation?: "relu" | "linear" };

/** A random network of any layers there are; batch-norm statistics are random too. */
export function sketched(
  input: ImageShape,
  sketches: readonly Sketch[],
  seed = 1,
  inputScale = 1,
): ConvolutionalNetwork {
  const random = new Random(seed);
  const layers: ConvolutionalLayer[] = [];
  let shape = input;
  for (const sketch of sketches) {
    const layer = grown(sketch, shape, random);
    layers.push(layer);
    shape = layerOutput(layer);
  }
  return { kind: "convolutional", input, inputScale, layers };
}

function grown(sketch: Sketch, input: ImageShape, random: Random): ConvolutionalLayer {
  switch (sketch.kind) {
    case "convolution": {
      const geometry = convolution(input, sketch);
      const fanIn = sketch.kernel[0] * sketch.kernel[1] * input[2];
      return {
        kind: "convolution",
        convolution: geometry,
        weights: normals(fanIn * sketch.filters, random, 1 / Math.sqrt(fanIn)),
        biases: normals(sketch.filters, random, 0.1),
        activation: sketch.activation ?? "relu",
      };
    }
    case "dense": {
      const inputs = sizeOf(input);
      const { outputs, activation = "linear" } = sketch;
      const weights = normals(inputs * outputs, random, 1 / Math.sqrt(inputs));
      return { kind: "dense", inputs, outputs, weights, biases: normals(outputs, random, 0.1), activation };
    }
    case "batch-norm": {
      const channels = input[2];
      return {
        kind: "batch-norm",
        shape: input,
        gamma: normals(channels, random),
        beta: normals(channels, random),
        mean: normals(channels, random),
        variance: normals(channels, random).map((x) => x * x + 0.1),
        epsilon: 1e-3,
        activation: sketch.activation ?? "linear",
      };
    }
    default:
      return { kind: sketch.kind, window: convolution(input, { ...sketch, filters: input[2] }) };
  }
}

/** Every kind of layer, strides and paddings of each axis their own. */
export const everyKind: readonly Sketch[] = [
  { kind: "convolution", filters: 5, kernel: [4, 3], strides: [2, 1], padding: "same", activation: "linear" },
  { kind: "batch-norm", activation: "relu" },
  { kind: "max-pooling", kernel: [3, 2], strides: [2, 2], padding: "same" },
  { kind: "convolution", filters: 6, kernel: [2, 3] },
  { kind: "average-pooling", kernel: [2, 3], strides: [1, 2], padding: "same" },
  { kind: "dense", outputs: 7, activation: "relu" },
  { kind: "batch-norm" },
  { kind: "dense", outputs: 3 },
];
