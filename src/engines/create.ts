import { UsageError } from "../errors.ts";
import type { SpikingNetwork } from "../network/old/spiking-network.ts";
import { surrogateDefaults, type SurrogateOptions } from "../network/surrogate.ts";
import { validateNetwork } from "../network/validate.ts";
import { type LearnedDynamics, referenceLearner } from "./reference/learner.ts";
import type { SpikeRegulariser } from "../network/regulariser.ts";
import { kernelsLearn, spikingLearner } from "./fast/learner.ts";
import { denseLearner } from "./fast/dense-learner.ts";
import type { DenseNetwork } from "../network/old/dense-network.ts";
import { loadTfjs } from "./tensorflow/tfjs.ts";
import type { TrainableNetwork } from "../network/trainable.ts";

/** Buffers, threads and, for spiking networks, how spikes are differentiated. */
export interface TrainableOptions {
  /** The largest batch of any call. */
  readonly maxBatch: number;
  /** Threads over the batch; results are the same bits with any number. */
  readonly threads?: number;
  /** Spiking networks: the derivative that stands in for the spike's (fast sigmoid of scale 100 unless given). */
  readonly surrogate?: Partial<SurrogateOptions>;
  /** Spiking networks: whether no gradient flows through the reset (the original's; default true). */
  readonly detachReset?: boolean;
  /** Spiking networks: a price on spikes. */
  readonly regulariser?: SpikeRegulariser;
  /** Spiking networks: decays and thresholds (one of each per layer) that are trained with the weights. */
  readonly learn?: readonly LearnedDynamics[];
  /** Seed of a random encoding. */
  readonly seed?: number;
}

/** A network that learns, from the portable form, on the kernels where they know all its options. Call `close` when done. */
export function createTrainable(network: DenseNetwork | SpikingNetwork, options: TrainableOptions): TrainableNetwork {
  const { maxBatch, threads = 1, detachReset = true } = options;
  if (!Number.isInteger(maxBatch) || maxBatch < 1)
    throw new UsageError("BATCH_EMPTY", `maxBatch must be a positive integer, not ${maxBatch}.`);
  if (!Number.isInteger(threads) || threads < 1 || threads > 64)
    throw new UsageError("THREADS", `threads must be an integer from 1 to 64, not ${threads}.`);
  validateNetwork(network);
  if (network.kind === "dense") return denseLearner(network, { maxBatch, threads });
  const image = network.layers.findIndex((layer) => layer.convolution ?? layer.pooling);
  if (image >= 0)
    throw new UsageError(
      "TRAINING_NEEDS_TFJS",
      `Layer ${image} is a convolution, through which only TensorFlow computes gradients.`,
      { hint: "openTrainable(network, options) loads it.", facts: { layer: image } },
    );
  const all = { ...options, threads, surrogate: { ...surrogateDefaults, ...options.surrogate }, detachReset };
  return kernelsLearn(network, all) ? spikingLearner(network, all) : referenceLearner(network, all);
}

/** As `createTrainable`; a spiking network with convolutions learns inside TensorFlow, which is loaded, and set up if need be. */
export async function openTrainable(
  network: DenseNetwork | SpikingNetwork,
  options: TrainableOptions,
): Promise<TrainableNetwork> {
  if (network.kind === "dense" || !network.layers.some((layer) => layer.convolution ?? layer.pooling))
    return createTrainable(network, options);
  if (options.learn?.length)
    throw new UsageError("BAD_ARGUMENT", "Decays and thresholds are learned in networks of dense layers only.");
  const { tensorflowLearner } = await import("./tensorflow/spiking-learner.ts");
  const { detachReset = true, surrogate } = options;
  const all = { ...options, detachReset, surrogate: { ...surrogateDefaults, ...surrogate } };
  return tensorflowLearner(await loadTfjs(), network, all);
}
