import { UsageError } from "../../errors.ts";
import { convolution, type ImageShape } from "../../network/convolution.ts";
import type { Engine } from "../../network/engine.ts";
import { inputsOf, outputsOf, type SpikingLayer, type Synapses } from "../../network/layer.ts";
import type { Mapping } from "../../network/mapping.ts";
import { type Coding, isSpiking, type Network, observationSize, type SpikingNetwork } from "../../network/network.ts";
import { neuron } from "../../network/neurons/index.ts";
import { pow } from "../../numeric/elementary.ts";

/** Who makes the first layer's input: the host (currents, spike trains), or neurons and sources on the chip. */
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
 * `network` with a population of input neurons in front, which the chip itself updates: the host gives nothing but the
 * observation, as their i_offset, and spikes carry it on. NEURONS neurons for each value, and as many for its negative
 * part,
 *
 *   v <- v + x / theta_k,   spike where v >= 1,   weights theta_k W0 / NEURONS      theta_k = range 2^((k + 1/2) / NEURONS - 1/2)
 *
 * Where they are reset to zero they lose what exceeds the threshold, so that one neuron has the rates 1/1, 1/2, 1/3, ...
 * only; thresholds spread over an octave round at different places, and their mean is closer to x. A value above `range` saturates at
 * one spike per step. Images have one neuron for each pixel (a 1 x 1 convolution), for they have enough of them, and no
 * negative half.
 *
 * The result takes the same observations. Input spikes that an encoding prescribes (equidistant) are made so too, with
 * theta = 1.
 */
export function withInputNeurons(network: SpikingNetwork, range: readonly number[] = []): SpikingNetwork {
  const { coding, layers } = network;
  const [first, ...others] = layers;
  const size = observationSize(network);
  const rateCoded = coding.encoding !== "constant";
  const ranges = rateCoded ? new Array<number>(size).fill(1) : rangeOf(range, size);
  const neurons =
    first.synapses.kind === "convolution"
      ? pixelNeurons(first, first.synapses.input, ranges)
      : valueNeurons(first, coding, ranges, rateCoded ? 1 : NEURONS, !rateCoded || coding.signedInputs);
  return {
    ...network,
    coding: { ...coding, encoding: "constant", biasInput: false, signedInputs: false },
    layers: [neurons.layer, neurons.first, ...others],
  };
}

/** Whether `input` puts neurons in front of the network: SpikeSourcePoisson draws Poisson input without them. */
export function hasInputNeurons({ coding }: SpikingNetwork, input: InputPlace | undefined): boolean {
  return input === "chip" && coding.encoding !== "poisson";
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

function valueNeurons(
  ownFirst: SpikingLayer,
  { biasInput }: Coding,
  ranges: readonly number[],
  each: number,
  signed: boolean,
): InputNeurons {
  const { weights, biases } = ownFirst;
  const [inputs, outputs, size] = [inputsOf(ownFirst), outputsOf(ownFirst), ranges.length];
  const count = size * each * (signed ? 2 : 1);
  const observed = new Float32Array(size * count);
  const onward = new Float32Array(count * outputs);
  for (let n = 0; n < count; n++) {
    const k = n % each;
    const i = Math.floor(n / each) % size;
    const sign = n < size * each ? 1 : -1;
    const theta = each === 1 ? ranges[i] : ranges[i] * pow(2, (k + 0.5) / each - 0.5);
    observed[i * count + n] = sign / theta;
    for (let j = 0; j < outputs; j++) onward[n * outputs + j] = ((sign * theta) / each) * weights[i * outputs + j];
  }
  // The constant 1 of biasInput needs no neuron: it is a bias.
  const bias = Float32Array.from(biases ?? new Float32Array(outputs));
  if (biasInput) for (let j = 0; j < outputs; j++) bias[j] += weights[(inputs - 1) * outputs + j];
  return {
    layer: inputLayer({ kind: "dense", inputs: size, outputs: count }, observed, ownFirst),
    first: {
      ...ownFirst,
      synapses: { kind: "dense", inputs: count, outputs },
      weights: onward,
      biases: biases || biasInput ? bias : null,
    },
  };
}

function pixelNeurons(first: SpikingLayer, shape: ImageShape, ranges: readonly number[]): InputNeurons {
  const channels = shape[2];
  const theta = ranges[0];
  if (ranges.some((value) => value !== theta))
    throw new UsageError("BAD_ARGUMENT", "The pixels of an image have one input range.", {
      hint: "Give one number: the largest pixel.",
    });
  const identity = new Float32Array(channels * channels);
  for (let c = 0; c < channels; c++) identity[c * channels + c] = 1 / theta;
  const pixels = convolution(shape, { filters: channels, kernel: [1, 1] });
  return {
    layer: inputLayer({ kind: "convolution", ...pixels }, identity, first),
    first: { ...first, weights: first.weights.map((w) => w * theta) },
  };
}

/** Integrate-and-fire neurons with threshold 1, of the kind and with the reset of those behind them. */
function inputLayer(synapses: Synapses, weights: Float32Array, { activation }: SpikingLayer): SpikingLayer {
  const own =
    activation.kind === "lif"
      ? neuron("lif", { reset: activation.reset === "value" ? "value" : "subtraction", fires: "at" })
      : neuron("lagged-lif", { reset: activation.reset });
  return { synapses, weights, biases: null, activation: own };
}

/**
 * `engine` with the input neurons in front of every network it is given; spikes are those of the network's own layers.
 */
export function engineWithInput(engine: Engine, { input, inputRange }: InputOptions): Engine {
  if (input !== "chip") return engine;
  const placed = (network: Network): Network =>
    isSpiking(network) && hasInputNeurons(network, input) ? withInputNeurons(network, inputRange) : network;
  return {
    ...engine,
    async describe(network) {
      const onMachine = placed(network);
      const mapping = await engine.describe(onMachine);
      return onMachine === network ? mapping : withInputMapping(mapping, outputsOf(onMachine.layers[0]));
    },
    async load(network) {
      const onMachine = placed(network);
      const skipped = onMachine.layers.length - network.layers.length;
      const loaded = await engine.load(onMachine);
      return {
        ...loaded,
        async run(observations, options) {
          const result = await loaded.run(observations, options);
          return {
            ...result,
            spikeCounts: result.spikeCounts.slice(skipped),
            ...(result.spikes && { spikes: result.spikes.slice(skipped) }),
          };
        },
      };
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
      "Input neurons have four thresholds each; reset to zero they lose what exceeds it, and know the rates 1/n alone.",
    ],
  };
}
