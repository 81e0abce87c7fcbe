import fc from "fast-check";
import { Random } from "../../src/numeric/random.ts";
import { createSpikingNetwork, observationSize, type SpikingNetwork } from "../../src/network/old/spiking-network.ts";

export interface Sample {
  readonly network: SpikingNetwork;
  readonly batch: number;
  readonly observations: Float32Array;
}

/** The network with populations: of random size in each layer, neurons (in a convolution channels) side by side get the first one's weights. */
export function populated(network: SpikingNetwork, seed: number): SpikingNetwork {
  const random = new Random(seed);
  const layers = network.layers.map((layer) => {
    const columns = layer.convolution?.output[2] ?? layer.outputs;
    const sizes = Array.from({ length: columns }, (_, k) => k + 1).filter((size) => columns % size === 0);
    const size = sizes[random.integer(sizes.length)];
    return { ...layer, weights: layer.weights.map((_, k, all) => all[k - (k % size)]) };
  });
  return { ...network, layers };
}

export interface SampleLimits {
  /** The largest layer. */
  readonly size: number;
  readonly steps: number;
  readonly batch?: number;
  /** Options to fix. */
  readonly only?: Partial<Pick<SpikingNetwork, "encoding" | "decoding" | "signedInputs" | "biasInput">>;
}

/**
 * Spiking networks with every option drawn anew, layer by layer, and observations for them. A quarter has weights that are
 * multiples of 1/4, so that potentials often equal the threshold exactly.
 */
export function samples({ size, steps, batch = 4, only = {} }: SampleLimits): fc.Arbitrary<Sample> {
  // Small sizes often, large ones sometimes: both sides of every vector width and block.
  const width = fc.oneof(fc.integer({ min: 1, max: Math.min(size, 9) }), fc.integer({ min: 1, max: size }));
  return fc
    .record({
      shape: fc.array(width, { minLength: 2, maxLength: 4 }),
      seed: fc.nat(),
      dyadic: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
      steps: fc.integer({ min: 1, max: steps }),
      batch: fc.integer({ min: 1, max: batch }),
      biasInput: fc.boolean(),
      signedInputs: fc.boolean(),
      encoding: fc.constantFrom("constant", "poisson", "equidistant", "equidistant-original" as const),
      decoding: fc.constantFrom("potential", "max-potential", "spikes", "first-spike" as const),
      ties: fc.constantFrom("first", "last", "potential" as const),
    })
    .map(({ shape, seed, dyadic, steps, batch, ...options }) => {
      const random = new Random(seed);
      const drawn = createSpikingNetwork(shape, random, { ...options, ...only, steps, weightScale: 1.5 });
      const quantise = (x: number): number => (dyadic ? Math.round(x * 4) / 4 : x);
      const pick = <T>(...choices: T[]): T => choices[random.integer(choices.length)];
      const layers = drawn.layers.map((layer): SpikingNetwork["layers"][number] => ({
        ...layer,
        weights: layer.weights.map(quantise),
        biases: pick(
          null,
          Float32Array.from({ length: layer.outputs }, () => quantise(random.normal() * 0.3)),
        ),
        alpha: pick(0, 0, 0.5, random.uniform(), 1),
        beta: pick(1, 1, 0.9, random.uniform(), 0),
        threshold: pick(1, 1, 0.5, 0.3 + random.uniform()),
        reset: pick("subtraction", "zero"),
        resetBy: pick(1, 1, 0.5, 0.7),
        initialPotential: pick(
          null,
          Float32Array.from({ length: layer.outputs }, () => quantise(random.uniform())),
        ),
      }));
      const network = { ...drawn, layers };
      const observe = (): number => pick(0, 0.5, quantise(random.normal()), random.uniform());
      const observations = Float32Array.from({ length: batch * observationSize(network) }, observe);
      return { network, batch, observations };
    });
}

/** What fast-check prints of a counterexample: the weights say nothing. */
export function described({ network, batch }: Sample): string {
  const layers = network.layers.map(({ weights, biases, initialPotential, ...rest }) => ({
    ...rest,
    biases: biases !== null,
    initial: initialPotential !== null,
    weights: weights.length,
  }));
  return JSON.stringify({ ...network, layers, batch });
}
