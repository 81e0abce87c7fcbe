import { Random } from "../random.ts";
import {
  observationSize,
  type Decoding,
  type Encoding,
  type Reset,
  type SpikingLayer,
  type SpikingNetwork,
} from "../snn/network.ts";

export interface FuzzOptions {
  readonly seed: number;
  /** Both unless given. */
  readonly reset?: Reset;
  /** Up to 1000 unless given. */
  readonly steps?: number;
  /** Leaky membranes, and with reset to zero synaptic currents too. */
  readonly leaky?: boolean;
}

const encodings: readonly Encoding[] = [
  "constant",
  "constant",
  "constant",
  "poisson",
  "equidistant",
  "equidistant-original",
];
const decodings: readonly Decoding[] = ["potential", "potential", "max-potential", "spikes", "first-spike"];

/**
 * The `index`-th of a series of random networks that use every option there is: 1-3 hidden layers of 4-128 neurons, T of 20-1000 steps.
 * A quarter has dyadic weights, biases, potentials and observations, and so potentials that lie exactly on the threshold.
 */
export function randomNetwork(index: number, options: FuzzOptions): SpikingNetwork {
  const random = Random.stream(options.seed, `network ${index}`);
  const pick = <T>(values: readonly T[]): T => values[random.integer(values.length)];
  const logUniform = (low: number, high: number): number => Math.round(low * (high / low) ** random.uniform());
  const chance = (p: number): boolean => random.uniform() < p;

  const dyadic = isDyadic(index, options);
  const observations = 1 + random.integer(8);
  const [biasInput, signedInputs] = [chance(0.3), chance(0.3)];
  const hidden = Array.from({ length: 1 + random.integer(3) }, () => logUniform(4, 128));
  const shape = [observations + Number(biasInput), ...hidden, 2 + random.integer(4)];
  const reset = options.reset ?? pick<Reset>(["subtraction", "zero"]);
  const threshold = chance(0.6) ? 1 : dyadic ? pick([0.5, 1.25, 2]) : Math.fround(0.5 + random.uniform());
  const resetBy = chance(0.5) ? 1 : threshold;
  const beta = options.leaky ? 0.5 + random.uniform() * 0.49 : 1;
  const alpha = options.leaky && reset === "zero" && chance(0.6) ? 0.01 + random.uniform() * 0.89 : 0;
  const [biases, initial, gain] = [chance(0.6), chance(0.25), 1 + random.uniform()];

  const value = (scale: number): number =>
    dyadic ? Math.round(random.normal() * scale * 8) / 8 : random.normal() * scale;
  const values = (n: number, scale: number): Float32Array => Float32Array.from({ length: n }, () => value(scale));
  const layers = shape.slice(1).map((outputs, l): SpikingLayer => {
    const inputs = shape[l];
    return {
      inputs,
      outputs,
      weights: values(inputs * outputs, gain / Math.sqrt(inputs)),
      biases: biases ? values(outputs, 0.2) : null,
      alpha,
      beta,
      threshold,
      reset,
      resetBy,
      initialPotential: initial ? values(outputs, 0.7) : null,
    };
  });
  const steps = options.steps ?? logUniform(20, 1000);
  const ties = pick(["first", "last", "potential"] as const);
  return {
    kind: "spiking",
    layers,
    biasInput,
    signedInputs,
    encoding: pick(encodings),
    decoding: pick(decodings),
    ties,
    steps,
  };
}

/** Observations for a network of that series, standard normal: [states, observationSize]. */
export function randomStates(
  network: SpikingNetwork,
  index: number,
  states: number,
  options: FuzzOptions,
): Float32Array {
  const random = Random.stream(options.seed, `states ${index}`);
  const dyadic = isDyadic(index, options);
  return Float32Array.from({ length: states * observationSize(network) }, () => {
    const x = random.normal();
    return dyadic ? Math.round(x * 4) / 4 : x;
  });
}

function isDyadic(index: number, { leaky }: FuzzOptions): boolean {
  return !leaky && index % 4 === 3;
}
