import fc from "fast-check";
import { convolution, type ImageShape, kernelSize, sizeOf } from "../../src/network/convolution.ts";
import type { ConvolutionalLayer, ConvolutionalNetwork } from "../../src/network/old/convolutional-network.ts";
import { Random } from "../../src/numeric/random.ts";

/** Small convolutional networks that can be converted, every layer drawn anew, with some observations of values 0 to 255. */
export const convertible: fc.Arbitrary<{ network: ConvolutionalNetwork; states: Float32Array }> = fc
  .nat()
  .map((seed) => {
    const random = new Random(seed);
    const between = (least: number, most: number): number => least + random.integer(most - least + 1);
    const pick = <T>(...choices: T[]): T => choices[random.integer(choices.length)];
    const normals = (n: number, scale: number): Float32Array =>
      Float32Array.from({ length: n }, () => random.normal() * scale);
    const input: ImageShape = [between(4, 7), between(4, 7), between(1, 3)];
    const layers: ConvolutionalLayer[] = [];
    let image = input;
    const window = (filters: number, size: number) =>
      convolution(image, {
        filters,
        kernel: [Math.min(size, image[0]), Math.min(size, image[1])],
        strides: [between(1, 2), between(1, 2)],
        padding: pick("valid", "same"),
      });
    const pool = (kind: "average-pooling" | "max-pooling"): void => {
      layers.push({ kind, window: window(image[2], 2) });
      image = (layers.at(-1) as { window: { output: ImageShape } }).window.output;
    };
    const normalise = (activation: "relu" | "linear", shape: ImageShape): void => {
      const channels = shape[2];
      layers.push({
        kind: "batch-norm",
        shape,
        gamma: normals(channels, 0.3).map((x) => Math.abs(x) + 0.5),
        beta: normals(channels, 0.2),
        mean: normals(channels, 0.2),
        variance: normals(channels, 0.3).map((x) => Math.abs(x) + 0.5),
        epsilon: 1e-3,
        activation,
      });
    };
    const between2 = (): void => {
      if (pick(true, false, false)) normalise("linear", image);
      if (pick(true, false, false)) pool("max-pooling");
      if (pick(true, false, false)) pool("average-pooling");
      if (pick(true, false, false)) normalise("linear", image);
    };
    for (let l = 0, count = between(1, 2); l < count; l++) {
      if (l > 0 || pick(true, false)) between2();
      const geometry = window(between(1, 4), 3);
      const normalised = pick(true, false);
      const fanIn = geometry.kernel[0] * geometry.kernel[1] * image[2];
      layers.push({
        kind: "convolution",
        convolution: geometry,
        weights: normals(kernelSize(geometry), 1.5 / Math.sqrt(fanIn)),
        biases: normals(geometry.output[2], 0.1),
        activation: normalised ? "linear" : "relu",
      });
      image = geometry.output;
      if (normalised) normalise("relu", image);
    }
    between2();
    const dense = (inputs: number, outputs: number, activation: "relu" | "linear"): void =>
      void layers.push({
        kind: "dense",
        inputs,
        outputs,
        weights: normals(inputs * outputs, 1.5 / Math.sqrt(inputs)),
        biases: normals(outputs, 0.1),
        activation,
      });
    dense(sizeOf(image), 8, "relu");
    if (pick(true, false)) normalise("linear", [1, 1, 8]);
    dense(8, 3, "linear");
    const network: ConvolutionalNetwork = { kind: "convolutional", input, inputScale: 1 / 255, layers };
    return { network, states: Float32Array.from({ length: 6 * sizeOf(input) }, () => random.integer(256)) };
  });
