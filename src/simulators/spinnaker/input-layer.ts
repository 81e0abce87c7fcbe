import { convolution, type ImageShape } from "../../network/convolution.ts";
import { UsageError } from "../../errors.ts";
import { observationSize, type SpikingLayer, type SpikingNetwork } from "../../network/old/spiking-network.ts";
import type { Mapping, Simulator } from "../simulator.ts";
import { pow } from "../../numeric/elementary.ts";

/** Who turns an observation into the first layer's input: the host (currents, spike trains), or neurons and sources on the chip. */
export type InputPlace = "host" | "chip";

/** Where a network's input is made on SpiNNaker. */
export interface InputOptions {
  readonly input?: InputPlace;
  /** The largest magnitude that each value of an observation is taken to have, or one for all; 1 unless given. */
  readonly inputRange?: readonly number[];
}

/** Neurons for each value of an observation and each of its signs. */
const NEURONS = 4;

/**
 * `network` with a population of input neurons in front, which the chip itself updates: the host gives nothing but the observation, as their
 * i_offset, and spikes carry it on. NEURONS neurons for each value, and as many for its negative part,
 *
 *   v <- v + x / theta_k,   spike where v >= 1,   weights theta_k W0 / NEURONS      theta_k = range 2^((k + 1/2) / NEURONS - 1/2)
 *
 * Reset to zero loses what exceeds the threshold, so one neuron has the rates 1/1, 1/2, 1/3, ... only; thresholds spread over an octave round
 * at different places, and their mean is closer to x. A value above `range` saturates at one spike per step. Images have one neuron for each
 * pixel (a 1 x 1 convolution), for they have enough of them, and no negative half.
 *
 * The result takes the same observations. Input spikes that an encoding prescribes (equidistant) are made so too, with theta = 1.
 */
export function withInputNeurons(network: SpikingNetwork, range: readonly number[] = []): SpikingNetwork {
  const [first, ...others] = network.layers;
  const size = observationSize(network);
  const rateCoded = network.encoding !== "constant";
  const ranges = rateCoded ? new Array<number>(size).fill(1) : rangeOf(range, size);
  const neurons = first.convolution
    ? pixelNeurons(first, ranges)
    : valueNeurons(network, ranges, rateCoded ? 1 : NEURONS, !rateCoded || network.signedInputs);
  return {
    ...network,
    encoding: "constant",
    biasInput: false,
    signedInputs: false,
    layers: [neurons.layer, neurons.first, ...others],
  };
}

/** Whether `input` puts neurons in front of the network: SpikeSourcePoisson draws Poisson input without them. */
export function hasInputNeurons({ encoding }: SpikingNetwork, input: InputPlace | undefined): boolean {
  return input === "chip" && encoding !== "poisson";
}

function rangeOf(range: readonly number[], size: number): number[] {
  const ranges = range.length === 0 ? [1] : range;
  const all = ranges.length === 1 ? new Array<number>(size).fill(ranges[0]) : [...ranges];
  if (all.length !== size || all.some((value) => !(value > 0 && Number.isFinite(value))))
    throw new UsageError(
      "BAD_ARGUMENT",
      `The input range ${ranges.join(",")} doesn't fit observations of length ${size}.`,
      {
        hint: `Give one number above 0, or ${size} of them: the largest magnitude of each value.`,
      },
    );
  return all;
}

interface InputNeurons {
  readonly layer: SpikingLayer;
  /** The network's own first layer, as it is fed by them. */
  readonly first: SpikingLayer;
}

const still = { alpha: 0, beta: 1, threshold: 1, reset: "zero", resetBy: 1, initialPotential: null } as const;

function valueNeurons(network: SpikingNetwork, ranges: readonly number[], each: number, signed: boolean): InputNeurons {
  const { inputs, outputs, weights, biases } = network.layers[0];
  const size = ranges.length;
  const count = size * each * (signed ? 2 : 1);
  const observed = new Float32Array(size * count);
  const onward = new Float32Array(count * outputs);
  for (let neuron = 0; neuron < count; neuron++) {
    const k = neuron % each;
    const i = Math.floor(neuron / each) % size;
    const sign = neuron < size * each ? 1 : -1;
    const theta = each === 1 ? ranges[i] : ranges[i] * pow(2, (k + 0.5) / each - 0.5);
    observed[i * count + neuron] = sign / theta;
    for (let j = 0; j < outputs; j++) onward[neuron * outputs + j] = ((sign * theta) / each) * weights[i * outputs + j];
  }
  // The constant 1 of biasInput needs no neuron: it is a bias.
  const bias = Float32Array.from(biases ?? new Float32Array(outputs));
  if (network.biasInput) for (let j = 0; j < outputs; j++) bias[j] += weights[(inputs - 1) * outputs + j];
  return {
    layer: { ...still, inputs: size, outputs: count, weights: observed, biases: null },
    first: {
      ...network.layers[0],
      inputs: count,
      weights: onward,
      biases: biases || network.biasInput ? bias : null,
    },
  };
}

function pixelNeurons(first: SpikingLayer, ranges: readonly number[]): InputNeurons {
  const shape: ImageShape = first.convolution!.input;
  const channels = shape[2];
  const theta = ranges[0];
  if (ranges.some((value) => value !== theta))
    throw new UsageError("BAD_ARGUMENT", "The pixels of an image have one input range.", {
      hint: "Give one number: the largest pixel.",
    });
  const identity = new Float32Array(channels * channels);
  for (let c = 0; c < channels; c++) identity[c * channels + c] = 1 / theta;
  return {
    layer: {
      ...still,
      inputs: first.inputs,
      outputs: first.inputs,
      weights: identity,
      biases: null,
      convolution: convolution(shape, { filters: channels, kernel: [1, 1] }),
    },
    first: { ...first, weights: first.weights.map((w) => w * theta) },
  };
}

/** `simulator` with the input neurons in front of every network it is given; spikes are those of the network's own layers. */
export function simulatorWithInput(simulator: Simulator, { input, inputRange }: InputOptions): Simulator {
  let skipped = 0;
  const placed = (network: SpikingNetwork): SpikingNetwork =>
    hasInputNeurons(network, input) ? withInputNeurons(network, inputRange) : network;
  return {
    ...simulator,
    async map(network) {
      const onMachine = placed(network);
      const mapping = await simulator.map(onMachine);
      return onMachine === network ? mapping : withInputMapping(mapping, onMachine.layers[0].outputs);
    },
    async load(network, mapping) {
      const onMachine = placed(network);
      skipped = onMachine.layers.length - network.layers.length;
      await simulator.load(onMachine, mapping);
    },
    async run(inputs, options) {
      const result = await simulator.run(inputs, options);
      return { ...result, spikes: result.spikes.slice(skipped) };
    },
  };
}

/** Layers are numbered as the network's own; what is in front of them is -1. */
function withInputMapping(mapping: Mapping, neurons: number): Mapping {
  return {
    ...mapping,
    input: `${neurons} IFCurDelta neurons on the machine, x as their i_offset`,
    layers: mapping.layers.map((layer) => ({ ...layer, layer: layer.layer - 1 })),
    notes: [
      ...mapping.notes,
      "Input neurons lose what exceeds their threshold: rates are 1/n, averaged over thresholds that differ.",
    ],
  };
}
