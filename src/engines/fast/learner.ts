import { type Lif, type Neuron, neuronModels } from "../../network/neurons/index.ts";
import type { SpikingNetwork } from "../../network/network.ts";
import { learnedCount, type LearnedDynamics } from "../../network/learned-dynamics.ts";
import { layerPrices, type SpikeRegulariser } from "../../network/regulariser.ts";
import type { SurrogateOptions } from "../../network/surrogate.ts";
import type { TrainableNetwork } from "../../network/trainable.ts";
import { parameterCount } from "../../network/parameters.ts";
import { besideKnown, besideWeights, type KernelsDynamics } from "./learned.ts";
import { learner } from "./kernels/learner.ts";
import { outputCoefficients } from "./kernels/neurons.ts";
import { createPlan } from "./kernels/plan.ts";
import { acquirePool, jobs } from "./kernels/pool.ts";

const CHUNK = 16;

export interface SpikingLearnerOptions {
  readonly maxBatch: number;
  readonly threads: number;
  readonly surrogate: SurrogateOptions;
  readonly detachReset: boolean;
  readonly regulariser?: SpikeRegulariser;
  /** Names of neurons' parameters that are to be learned too. */
  readonly learn?: readonly LearnedDynamics[];
}

const kinds = { "fast-sigmoid": 0, "arctan": 1, "triangular": 2, "sigmoid": -1 } as const;

/** Whether the kernels compute the gradients of this network; engines/reference/gradients.ts computes all. */
export function kernelsLearn(
  network: SpikingNetwork,
  { surrogate, detachReset, regulariser, learn = [] }: SpikingLearnerOptions,
): boolean {
  const { layers, coding } = network;
  const last = layers[layers.length - 1].activation;
  return (
    layers.every(({ activation, recurrent }) => !recurrent && (activation.kind !== "lif" || unrolled(activation))) &&
    coding.decoding === "potential" &&
    coding.encoding === "constant" &&
    !coding.signedInputs &&
    kinds[surrogate.name] >= 0 &&
    (!regulariser || last.kind === "lif") &&
    (learn.length === 0 || besideKnown(learn, network)) &&
    layers.every(({ synapses, pooling }) => synapses.kind === "dense" && !pooling) &&
    layers.every(({ activation }) => activation.kind === last.kind) &&
    readable(last) &&
    (detachReset ||
      layers.every(({ activation: { reset } }) => reset === "subtraction" || reset === "delayed-subtraction"))
  );
}

/** Whether an output layer's potential is a sum of its inputs, with the same coefficients for all its neurons. */
function readable(neuron: Neuron): boolean {
  if (neuron.kind !== "lif") return true;
  const { alpha, beta, gain, lowest } = neuron;
  return [alpha, beta, gain].every((of) => typeof of === "number") && lowest === -Infinity;
}

/** Whether the kernels find the way back through lif's steps: from the potential that was compared alone. */
function unrolled({ reset, maxSpikes, lowest, threshold }: Lif): boolean {
  if (maxSpikes > 1 || reset === "subtraction-late") return false;
  if (reset === "subtraction" || reset === "value" || lowest === -Infinity) return true;
  const most = typeof lowest === "number" ? lowest : Math.max(...lowest);
  return most <= (typeof threshold === "number" ? threshold : Math.min(...threshold));
}

/**
 * Backpropagation through time on the kernels (equations in engines/reference/gradients.ts), float32. Where neurons have a lag, of a layer that is d
 * layers below the output only the first T - 2d + 1 steps are computed: a later spike reaches the output after the end.
 */
export function spikingLearner(network: SpikingNetwork, options: SpikingLearnerOptions): TrainableNetwork {
  const { maxBatch, threads, surrogate, detachReset, regulariser, learn = [] } = options;
  const { layers, coding } = network;
  const { steps } = coding;
  const last = layers.length - 1;
  const { lag } = neuronModels[layers[last].activation.kind];
  const reaching = (l: number): number => (l === last || lag === 0 ? steps : Math.max(0, steps - lag * (last - l) + 1));
  const plan = createPlan({
    layers: layers.map((layer, l) => ({ ...layer, steps: reaching(l), spikes: l < last })),
    element: 4,
    steps,
    maxBatch,
    slots: maxBatch,
    chunk: CHUNK,
    threads,
    training: {
      surrogate: {
        kind: kinds[surrogate.name],
        scale: surrogate.scale * (surrogate.name === "arctan" ? Math.PI / 2 : 1),
        detached: detachReset,
      },
      coefficients: outputCoefficients(layers[last].activation, steps),
      ...(regulariser && {
        price: { strengths: layerPrices(regulariser, network).map(({ strength }) => strength), rate: regulariser.rate },
      }),
      learned: learn.length > 0,
    },
  });
  return learner({
    network,
    plan,
    pool: acquirePool(threads),
    maxBatch,
    forwardJob: jobs.spikingForward,
    backwardJob: jobs.spikingBackward,
    ...(learn.length > 0 && {
      extra: learnedCount(network, learn) - parameterCount(network),
      beside: (parameters, gradients) =>
        besideWeights(network, plan, learn as readonly KernelsDynamics[], parameters, gradients),
    }),
  });
}
