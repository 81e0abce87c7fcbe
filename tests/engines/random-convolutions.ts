import fc from "fast-check";
import { type Convolution, convolution, type ImageShape, kernelSize, sizeOf } from "../../src/network/convolution.ts";
import { outputsOf, type Pooling, type SpikingLayer, type Synapses } from "../../src/network/layer.ts";
import { codingDefaults, type SpikingNetwork } from "../../src/network/network.ts";
import type { NeuronKind } from "../../src/network/neurons/index.ts";
import { Random } from "../../src/numeric/random.ts";
import {
  described,
  everyNeuron,
  type LifOptions,
  neuronKinds,
  randomNeuron,
  randomRecurrence,
  type Sample,
} from "./random-networks.ts";

export interface ConvolutionLimits {
  /** The largest height and width of the input. */
  readonly size: number;
  readonly channels: number;
  readonly steps: number;
  /** Whether layers may have pooling, of every kind. */
  readonly pooling: boolean;
  /** All of them, also mixed, unless given. */
  readonly neurons?: readonly NeuronKind[];
  /** As of dense networks (random-networks.ts). */
  readonly lif?: LifOptions;
}

/**
 * Spiking networks of one to three convolutions and a dense layer or none, every geometry and option drawn anew, with
 * observations for them. Half of the weights are multiples of 1/8, so that potentials often equal the threshold
 * exactly.
 */
export function convolutionSamples({
  size,
  channels,
  steps,
  pooling,
  neurons = everyNeuron,
  lif,
}: ConvolutionLimits): fc.Arbitrary<Sample> {
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
      const pooled = (image: ImageShape, first: boolean): Pooling | undefined =>
        pooling && !(first && options.signedInputs) && pick(true, false)
          ? { kind: pick("average", "max", "sum", "step-max"), window: window(image, image[2]) }
          : undefined;
      const kind = neuronKinds(neurons, random);
      const layers: SpikingLayer[] = [];
      const add = (synapses: Synapses, weights: Float32Array, pooling: Pooling | undefined): void => {
        const outputs = outputsOf({ synapses });
        // One bias per neuron, or of a convolution per channel.
        const each = synapses.kind === "convolution" ? pick(outputs, synapses.output[2]) : outputs;
        const activation = randomNeuron(kind(), outputs, random, value, lif);
        const recurrence = synapses.kind === "dense" ? randomRecurrence(activation, outputs, random, value, lif) : {};
        layers.push({
          synapses,
          weights,
          biases: pick(null, values(each, 0.3)),
          ...recurrence,
          activation,
          ...(pooling && { pooling }),
        });
      };
      let image: ImageShape = [between(1, size), between(1, size), between(1, channels)];
      const input = image;
      for (let l = 0, convolutions = between(1, 3); l < convolutions; l++) {
        const pooling = pooled(image, l === 0);
        const geometry = window(pooling?.window.output ?? image, between(1, channels));
        const fanIn = geometry.kernel[0] * geometry.kernel[1] * geometry.input[2];
        add({ kind: "convolution", ...geometry }, values(kernelSize(geometry), 1.5 / Math.sqrt(fanIn)), pooling);
        image = geometry.output;
      }
      if (pick(true, false)) {
        const pooling = pooled(image, false);
        const [inputs, outputs] = [sizeOf(pooling?.window.output ?? image), between(1, 6)];
        add({ kind: "dense", inputs, outputs }, values(inputs * outputs, 1.5 / Math.sqrt(inputs)), pooling);
      }
      const network: SpikingNetwork = { input, inputScale: 1, layers, coding: { ...codingDefaults, ...options } };
      const observe = (): number => pick(0, 0.5, value(1), random.uniform());
      const observations = Float32Array.from({ length: batch * sizeOf(input) }, observe);
      // What a failing test prints: the weights say nothing.
      const print = { [fc.toStringMethod]: () => described({ network, batch, observations }) };
      return { network, batch, observations, ...print };
    });
}
