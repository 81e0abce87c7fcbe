import fc from "fast-check";
import { convolution, type ImageShape, kernelSize, sizeOf } from "../../src/network/convolution.ts";
import { type Layer, linear, type Pooling, relu } from "../../src/network/layer.ts";
import type { Network } from "../../src/network/network.ts";
import { Random } from "../../src/numeric/random.ts";

/** Small convolutional networks that can be converted, every layer drawn anew, with some observations of values 0 to 255. */
export const convertible: fc.Arbitrary<{ network: Network; states: Float32Array }> = fc.nat().map((seed) => {
  const random = new Random(seed);
  const between = (least: number, most: number): number => least + random.integer(most - least + 1);
  const pick = <T>(...choices: T[]): T => choices[random.integer(choices.length)];
  const normals = (n: number, scale: number): Float32Array =>
    Float32Array.from({ length: n }, () => random.normal() * scale);
  const input: ImageShape = [between(4, 7), between(4, 7), between(1, 3)];
  const layers: Layer[] = [];
  let image = input;
  const window = (filters: number, size: number) =>
    convolution(image, {
      filters,
      kernel: [Math.min(size, image[0]), Math.min(size, image[1])],
      strides: [between(1, 2), between(1, 2)],
      padding: pick("valid", "same"),
    });
  const pooled = (): { pooling?: Pooling } => {
    const kind = pick<Pooling["kind"] | undefined>("average", "max", undefined, undefined);
    if (!kind) return {};
    const pooling = { kind, window: window(image[2], 2) };
    image = pooling.window.output;
    return { pooling };
  };
  for (let l = 0, count = between(1, 2); l < count; l++) {
    const before = pooled();
    const geometry = window(between(1, 4), 3);
    const fanIn = geometry.kernel[0] * geometry.kernel[1] * image[2];
    image = geometry.output;
    layers.push({
      ...before,
      synapses: { kind: "convolution", ...geometry },
      weights: normals(kernelSize(geometry), 1.5 / Math.sqrt(fanIn)),
      // one for a channel, one for a place (as behind a folded normalisation), or none
      biases: pick(normals(image[2], 0.1), normals(sizeOf(image), 0.1), null),
      activation: relu,
    });
  }
  const before = pooled();
  const dense = (inputs: number, outputs: number, last: boolean): Layer => ({
    synapses: { kind: "dense", inputs, outputs },
    weights: normals(inputs * outputs, 1.5 / Math.sqrt(inputs)),
    biases: normals(outputs, 0.1),
    activation: last ? linear : relu,
  });
  layers.push({ ...before, ...dense(sizeOf(image), 8, false) }, dense(8, 3, true));
  const states = Float32Array.from({ length: 6 * sizeOf(input) }, () => random.integer(256));
  return { network: { input, inputScale: 1 / 255, layers }, states };
});
