import { convolution, type Convolution, type ImageShape, kernelSize, sizeOf } from "../network/convolution.ts";
import type { SpikingLayer, Synapses } from "../network/layer.ts";
import { type Decoding, type Encoding, observationSize, type SpikingNetwork } from "../network/network.ts";
import type { LaggedLif, Lif, Neuron, NeuronKind } from "../network/neurons/index.ts";
import { pow } from "../numeric/elementary.ts";
import { Random } from "../numeric/random.ts";
import type { Subject } from "./certificate-form.ts";
import { simulated } from "./neurons/index.ts";

/** Which random networks are drawn. */
export interface FuzzOptions {
  readonly seed: number;
  /** lagged-lif unless given. */
  readonly neuron?: NeuronKind;
  /** Both unless given; "zero" of lif is a reset to the value 0. */
  readonly reset?: LaggedLif["reset"];
  /** Up to 1000 unless given. */
  readonly steps?: number;
  /** Leaky membranes and synaptic currents. */
  readonly leaky?: boolean;
  /** Convolutions in front of the dense layers. */
  readonly convolution?: boolean;
  /** All that NEST 3 expresses of lif, recurrent weights too; else what every simulator of it does. */
  readonly everyOption?: boolean;
}

const rated: readonly Encoding[] = ["poisson", "equidistant", "equidistant-original"];
const encodings: readonly Encoding[] = ["constant", "constant", "constant", ...rated];
const decodings: readonly Decoding[] = ["potential", "potential", "max-potential", "spikes", "first-spike"];

/**
 * The `index`-th of a series of random networks that use every option there is: 1-3 hidden layers of 4-128 neurons, T
 * of 20-1000 steps. A quarter has dyadic weights, biases, potentials and observations, and so potentials that lie
 * exactly on the threshold; in some each second layer is reset in the other way. With `convolution` one or two
 * convolutions (strides 1-3, padding, at most 12 x 12 x 4) come first.
 */
export function randomNetwork(index: number, options: FuzzOptions): SpikingNetwork {
  const random = Random.stream(options.seed, `network ${index}`);
  const pick = <T>(values: readonly T[]): T => values[random.integer(values.length)];
  const logUniform = (low: number, high: number): number => Math.round(low * pow(high / low, random.uniform()));
  const chance = (p: number): boolean => random.uniform() < p;

  const dyadic = isDyadic(index, options);
  const observations = 1 + random.integer(8);
  const [biasInput, signedInputs] = [chance(0.3), chance(0.3)];
  const hidden = Array.from({ length: 1 + random.integer(3) }, () => logUniform(4, 128));
  const outputs = 2 + random.integer(4);
  const reset = options.reset ?? pick<LaggedLif["reset"]>(["subtraction", "zero"]);
  const threshold = chance(0.6) ? 1 : dyadic ? pick([0.5, 1.25, 2]) : Math.fround(0.5 + random.uniform());
  const resetBy = chance(0.5) ? 1 : threshold;
  const beta = options.leaky ? 0.5 + random.uniform() * 0.49 : 1;
  const alpha = options.leaky && chance(0.6) ? 0.01 + random.uniform() * 0.89 : 0;
  const [biases, initial, gain] = [chance(0.6), chance(0.25), 1 + random.uniform()];

  const value = (scale: number): number =>
    dyadic ? Math.round(random.normal() * scale * 8) / 8 : random.normal() * scale;
  const values = (n: number, scale: number): Float32Array => Float32Array.from({ length: n }, () => value(scale));
  const images = options.convolution ? randomConvolutions(random) : [];
  const { random: draw, otherwiseReset } = simulated(options.neuron ?? "lagged-lif");
  const neurons = draw({
    common: { alpha, beta, threshold, reset, resetBy },
    random: Random.stream(options.seed, `neurons ${index}`),
    leaky: options.leaky ?? false,
    dyadic,
    fixedReset: options.reset !== undefined,
    everyOption: options.everyOption ?? false,
  });
  const own = Random.stream(options.seed, `recurrence ${index}`);
  const layer = (inputs: number, outputs: number, over?: Convolution): SpikingLayer => {
    const weights = over
      ? values(kernelSize(over), gain / Math.sqrt(over.kernel[0] * over.kernel[1] * over.input[2]))
      : values(inputs * outputs, gain / Math.sqrt(inputs));
    const given = { weights, biases: biases ? values(outputs, 0.2) : null };
    const drawn = initial ? values(outputs, 0.7) : null;
    const activation = neurons(outputs);
    const recurs = options.everyOption && !over && activation.kind === "lif" && recurrent(activation, own);
    const recurrence = (): number => (dyadic ? Math.round(own.normal() * 2) / 8 : own.normal() / outputs);
    // What starts above its threshold has lost the first step, for which NEST has none to lose it in.
    const start = lost(activation) ? (drawn?.map((v) => Math.min(v, 0.25)) ?? null) : drawn;
    const synapses: Synapses = over ? { kind: "convolution", ...over } : { kind: "dense", inputs, outputs };
    return {
      synapses,
      ...given,
      ...(recurs && { recurrent: Float32Array.from({ length: outputs * outputs }, recurrence) }),
      activation: { ...activation, initial: start },
    };
  };
  const flat = images.length > 0 ? [sizeOf(images.at(-1)!.output)] : [observations + Number(biasInput), hidden[0]];
  const shape = [...flat, ...hidden.slice(1), outputs];
  const layers = [
    ...images.map((over) => layer(sizeOf(over.input), sizeOf(over.output), over)),
    ...shape.slice(1).map((size, l) => layer(shape[l], size)),
  ];
  const steps = options.steps ?? logUniform(20, images.length > 0 ? 200 : 1000);
  const ties = pick(["first", "last", "potential"] as const);
  const [encoding, decoding] = [pick(encodings), pick(decodings)];
  const mixed = options.reset === undefined && chance(0.15) && !options.everyOption;
  const flags = { biasInput: biasInput && images.length === 0, signedInputs: signedInputs && images.length === 0 };
  return {
    input: images.length > 0 ? images[0].input : [observations],
    inputScale: 1,
    layers: layers.map((own, l) =>
      mixed && l % 2 === 1 ? { ...own, activation: otherwiseReset(own.activation) } : own,
    ),
    coding: { encoding, decoding, ties, steps, ...flags },
  };
}

const lost = (neuron: Neuron): boolean => neuron.kind === "lif" && neuron.reset === "delayed-lost";

/** Whether a layer gets recurrent weights: where NEST has a spike back in its layer in time. */
function recurrent({ current, reset }: Lif, random: Random): boolean {
  return random.uniform() < 0.25 && (current === "none" || reset !== "value");
}

function randomConvolutions(random: Random): Convolution[] {
  const between = (low: number, high: number): number => low + random.integer(high - low + 1);
  const pair = (low: number, high: number): [number, number] => [between(low, high), between(low, high)];
  const made: Convolution[] = [];
  let image: ImageShape = [...pair(5, 12), between(1, 4)];
  for (let count = between(1, 2); count > 0; count--) {
    const kernel: [number, number] = [between(1, Math.min(4, image[0])), between(1, Math.min(4, image[1]))];
    const padding = random.uniform() < 0.5 ? "valid" : "same";
    made.push(convolution(image, { filters: between(1, 6), kernel, strides: pair(1, 3), padding }));
    image = made.at(-1)!.output;
  }
  return made;
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

/** Networks `from` to `to` (not included) of that series with their states, one at a time. */
export function* randomSubjects(from: number, to: number, states: number, options: FuzzOptions): Generator<Subject> {
  for (let index = from; index < to; index++) {
    const network = randomNetwork(index, options);
    const inputs = randomStates(network, index, states, options);
    yield { name: `random ${options.seed}/${index}`, network, inputs, source: "random" };
  }
}

function isDyadic(index: number, { leaky }: FuzzOptions): boolean {
  return !leaky && index % 4 === 3;
}
