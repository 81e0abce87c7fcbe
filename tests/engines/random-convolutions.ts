import fc from "fast-check";
import { type Convolution, convolution, type ImageShape, kernelSize, sizeOf } from "../../src/network/convolution.ts";
import { Random } from "../../src/numeric/random.ts";
import { spikingDefaults, type SpikingLayer, type SpikingNetwork, synapticInputs } from "../../src/network/old/spiking-network.ts";
import { described, type Sample } from "./random-networks.ts";

export interface ConvolutionLimits {
  /** The largest height and width of the input. */
  readonly size: number;
  readonly channels: number;
  readonly steps: number;
  /** Whether layers may have max pooling. */
  readonly pooling: boolean;
}

/**
 * Spiking networks of one to three convolutions and a dense layer or none, every geometry and option drawn anew, with observations for them.
 * Half of the weights are multiples of 1/8, so that potentials often equal the threshold exactly.
 */
export function convolutionSamples({ size, channels, steps, pooling }: ConvolutionLimits): fc.Arbitrary<Sample> {
  return fc
    .record({
      seed: fc.nat(),
      steps: fc.integer({ min: 1, max: steps }),
      batch: fc.integer({ min: 1, max: 3 }),
      signedInputs: fc.boolean(),
      encoding: fc.constantFrom("constant", "poisson", "equidistant", "equidistant-original" as const),
      decoding: fc.constantFrom("potential", "max-potential", "spikes", "first-spike" as const),
    })
    .map(({ seed, batch, ...options }) => {
      const random = new Random(seed);
      const between = (least: number, most: number): number => least + random.integer(most - least + 1);
      const pick = <T>(...choices: T[]): T => choices[random.integer(choices.length)];
      const dyadic = pick(true, false);
      const value = (scale: number): number =>
        dyadic ? Math.round(random.normal() * scale * 8) / 8 : random.normal() * scale;
      const values = (n: number, scale: number): Float32Array => Float32Array.from({ length: n }, () => value(scale));
      const window = (input: ImageShape, filters: number): Convolution =>
        convolution(input, {
          filters,
          kernel: [between(1, Math.min(4, input[0])), between(1, Math.min(4, input[1]))],
          strides: [between(1, 3), between(1, 3)],
          padding: pick("valid", "same"),
        });
      const dynamics = (inputs: number, outputs: number): Omit<SpikingLayer, "weights"> => ({
        inputs,
        outputs,
        biases: pick(null, values(outputs, 0.3)),
        alpha: pick(0, 0, 0, 0.5, random.uniform()),
        beta: pick(1, 1, 1, 0.9),
        threshold: pick(1, 1, 0.5, 0.3 + random.uniform()),
        reset: pick("subtraction", "subtraction", "zero"),
        resetBy: pick(1, 1, 0.5),
        initialPotential: pick(null, values(outputs, 0.5)),
      });
      const layers: SpikingLayer[] = [];
      let image: ImageShape = [between(1, size), between(1, size), between(1, channels)];
      const input = sizeOf(image);
      for (let l = 0, convolutions = between(1, 3); l < convolutions; l++) {
        const inputs = sizeOf(image);
        const pooled =
          pooling && (l > 0 || !options.signedInputs) && pick(true, false) ? window(image, image[2]) : null;
        const geometry = window(pooled?.output ?? image, between(1, channels));
        const { kernel, input, output } = geometry;
        image = output;
        layers.push({
          ...dynamics(inputs, sizeOf(output)),
          weights: values(kernelSize(geometry), 1.5 / Math.sqrt(kernel[0] * kernel[1] * input[2])),
          convolution: geometry,
          ...(pooled && { pooling: pooled }),
        });
      }
      if (pick(true, false)) {
        const outputs = between(1, 6);
        const pooled = pooling && pick(true, false) ? window(image, image[2]) : null;
        const layer = { ...dynamics(sizeOf(image), outputs), ...(pooled && { pooling: pooled }) };
        const inputs = synapticInputs({ ...layer, weights: new Float32Array(0) });
        layers.push({ ...layer, weights: values(inputs * outputs, 1.5 / Math.sqrt(inputs)) });
      }
      const network: SpikingNetwork = { ...spikingDefaults, kind: "spiking", layers, ...options };
      const observe = (): number => pick(0, 0.5, value(1), random.uniform());
      const observations = Float32Array.from({ length: batch * input }, observe);
      // What a failing test prints: the weights say nothing.
      const print = { [fc.toStringMethod]: () => described({ network, batch, observations }) };
      return { network, batch, observations, ...print };
    });
}
