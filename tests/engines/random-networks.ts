import fc from "fast-check";
import { createSpikingNetwork } from "../../src/network/create.ts";
import { columnsOf, outputsOf, type SpikingLayer } from "../../src/network/layer.ts";
import { type Coding, observationSize, type SpikingNetwork } from "../../src/network/network.ts";
import { type Neuron, neuron, type NeuronKind, neuronModels } from "../../src/network/neurons/index.ts";
import { lifModel } from "../../src/network/neurons/lif.ts";
import { Random } from "../../src/numeric/random.ts";

export interface Sample {
  readonly network: SpikingNetwork;
  readonly batch: number;
  readonly observations: Float32Array;
}

/**
 * The network with populations: of random size in each layer, neurons (in a convolution channels) side by side get the
 * first one's weights.
 */
export function populated(network: SpikingNetwork, seed: number): SpikingNetwork {
  const random = new Random(seed);
  const layers = network.layers.map((layer) => {
    const columns = columnsOf(layer);
    const sizes = Array.from({ length: columns }, (_, k) => k + 1).filter((size) => columns % size === 0);
    const size = sizes[random.integer(sizes.length)];
    return { ...layer, weights: layer.weights.map((_, k, all) => all[k - (k % size)]) };
  });
  return { ...network, layers };
}

/** The network with each layer's neurons changed. */
export function withNeurons(
  network: SpikingNetwork,
  change: (neuron: Neuron, layer: SpikingLayer) => Neuron,
): SpikingNetwork {
  return {
    ...network,
    layers: network.layers.map((layer) => ({ ...layer, activation: change(layer.activation, layer) })),
  };
}

/** Which of lif's options are drawn. */
export type LifOptions = "plain" | "full" | "several";

export interface SampleLimits {
  /** The largest layer. */
  readonly size: number;
  readonly steps: number;
  readonly batch?: number;
  /** How it is read and written, where that is not to be drawn. */
  readonly only?: Partial<Coding>;
  /** All of them, also mixed, unless given. */
  readonly neurons?: readonly NeuronKind[];
  /** lif's options: those of version 1 alone, all for one spike in a step (unless given), or several spikes too, of which there are no gradients. */
  readonly lif?: LifOptions;
}

export const everyNeuron = Object.keys(neuronModels) as NeuronKind[];

/** One of the kinds for a whole network, or now and then another one in every layer. */
export function neuronKinds(kinds: readonly NeuronKind[], random: Random): () => NeuronKind {
  const one = kinds[random.integer(kinds.length)];
  const mixed = random.integer(4) === 0;
  return () => (mixed ? kinds[random.integer(kinds.length)] : one);
}

/**
 * Neurons of a kind with every parameter drawn anew. `value`: of a standard deviation, quantised where the network's
 * weights are. `options`: of lif.
 */
export function randomNeuron(
  kind: NeuronKind,
  outputs: number,
  random: Random,
  value: (scale: number) => number,
  options: LifOptions = "full",
): Neuron {
  const pick = <T>(...choices: T[]): T => choices[random.integer(choices.length)];
  const values = (scale: number): Float32Array => Float32Array.from({ length: outputs }, () => Math.abs(value(scale)));
  const each = (scale: number, most: number): Float32Array => values(scale).map((x) => Math.min(x, most));
  const threshold = pick(1, 1, 0.5, 0.3 + random.uniform());
  const resetBy = pick(1, 1, 0.5, 0.7);
  const initial = pick(null, values(0.6));
  const beta = pick(1, 1, 0.9, random.uniform(), 0);
  if (kind === "lagged-lif") {
    const alpha = pick(0, 0, 0.5, random.uniform(), 1);
    return neuron(kind, { alpha, beta, threshold, resetBy, initial, reset: pick("subtraction", "zero") });
  }
  const plain = neuron(kind, {
    beta: pick<number | Float32Array>(beta, beta, each(0.8, 1)),
    threshold: pick<number | Float32Array>(
      threshold,
      threshold,
      each(1, 3).map((x) => 0.25 + x),
    ),
    resetBy: pick<number | Float32Array>(resetBy, resetBy, each(0.7, 3)),
    resetTo: pick<number | Float32Array>(0, 0, -0.5, 0.25, each(0.4, 1)),
    fires: pick("above", "at"),
    reset: pick("subtraction", "value"),
    initial,
  });
  if (options === "plain" || pick(true, false)) return plain;
  const reset = pick(...lifModel.choices.reset.values, plain.reset, plain.reset);
  const sends = options === "several" && (reset === "subtraction" || reset === "value") ? pick(1, 2, 3, Infinity) : 1;
  return {
    ...plain,
    reset,
    current: pick(...lifModel.choices.current.values),
    alpha: pick<number | Float32Array>(0.5, random.uniform(), each(0.5, 1)),
    gain: pick<number | Float32Array>(1, 1, 0.5, -0.25, each(0.8, 2)),
    offset: pick<number | Float32Array>(0, 0, 0.25, each(0.3, 1)),
    leakTo: pick<number | Float32Array>(0, 0, -0.5, each(0.3, 1)),
    lowest: pick<number | Float32Array>(
      -Infinity,
      -Infinity,
      -0.5,
      0,
      each(0.5, 1).map((x) => (x > 0.5 ? -Infinity : -x)),
    ),
    maxSpikes: sends,
  };
}

/** Recurrent weights of a layer now and then, where it may have them. */
export function randomRecurrence(
  { kind, maxSpikes }: { kind: NeuronKind; maxSpikes?: number },
  outputs: number,
  random: Random,
  value: (scale: number) => number,
  options: LifOptions = "full",
): { recurrent?: Float32Array } {
  // Without a limit spikes that make spikes would be ever more.
  if (kind !== "lif" || options === "plain" || random.integer(4) > 0 || maxSpikes === Infinity) return {};
  return { recurrent: Float32Array.from({ length: outputs * outputs }, () => value(0.5 / Math.sqrt(outputs))) };
}

/**
 * Spiking networks with every option drawn anew, layer by layer, and observations for them. A quarter has weights that
 * are multiples of 1/4, so that potentials often equal the threshold exactly.
 */
export function samples({
  size,
  steps,
  batch = 4,
  only = {},
  neurons = everyNeuron,
  lif,
}: SampleLimits): fc.Arbitrary<Sample> {
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
      decoding: fc.constantFrom("potential", "max-potential", "mean-potential", "spikes", "first-spike" as const),
      ties: fc.constantFrom("first", "last", "potential" as const),
    })
    .map(({ shape, seed, dyadic, steps, batch, ...options }) => {
      const random = new Random(seed);
      const drawn = createSpikingNetwork(shape, random, { ...options, ...only, steps, weightScale: 1.5 });
      const quantise = (x: number): number => (dyadic ? Math.round(x * 4) / 4 : x);
      const pick = <T>(...choices: T[]): T => choices[random.integer(choices.length)];
      const kind = neuronKinds(neurons, random);
      const value = (scale: number): number => quantise(random.normal() * scale);
      const layers = drawn.layers.map((layer): SpikingLayer => {
        const outputs = outputsOf(layer);
        const biases = pick(
          null,
          Float32Array.from({ length: outputs }, () => value(0.3)),
        );
        const activation = randomNeuron(kind(), outputs, random, value, lif);
        const recurrence = randomRecurrence(activation, outputs, random, value, lif);
        return { ...layer, weights: layer.weights.map(quantise), biases, ...recurrence, activation };
      });
      const network = { ...drawn, layers };
      const observe = (): number => pick(0, 0.5, quantise(random.normal()), random.uniform());
      const observations = Float32Array.from({ length: batch * observationSize(network) }, observe);
      return { network, batch, observations };
    });
}

/** What fast-check prints of a counterexample: the weights say nothing. */
export function described({ network, batch }: Sample): string {
  const layers = network.layers.map(({ weights, biases, recurrent, activation, ...rest }) => ({
    ...rest,
    activation: Object.fromEntries(
      Object.entries(activation).map(([name, value]) => [name, typeof value === "object" && value ? "each" : value]),
    ),
    biases: biases !== null,
    recurrent: recurrent !== undefined,
    weights: weights.length,
  }));
  return JSON.stringify({ ...network, layers, batch });
}
