import { DsqnError, UsageError } from "../errors.ts";
import { isSpiking, type Network } from "../network/network.ts";
import type { SpikeRegulariser } from "../network/regulariser.ts";
import { surrogateDefaults, type SurrogateOptions } from "../network/surrogate.ts";
import type { TrainableNetwork } from "../network/trainable.ts";
import { validateNetwork } from "../network/validate.ts";
import { denseLearner } from "./fast/dense-learner.ts";
import { kernelsLearn, spikingLearner } from "./fast/learner.ts";
import { refuseSeveral } from "./reference/gradients.ts";
import type { LearnedDynamics } from "../network/learned-dynamics.ts";
import { referenceLearner } from "./reference/learner.ts";

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
  /** Spiking networks: parameters of the neurons that are trained with the weights. */
  readonly learn?: readonly LearnedDynamics[];
  /** Seed of a random encoding. */
  readonly seed?: number;
}

/**
 * A network that learns, from the portable form, on the kernels where they know all its options. Call `close` when
 * done.
 */
export function createTrainable(network: Network, options: TrainableOptions): TrainableNetwork {
  const { maxBatch, threads = 1 } = options;
  if (!Number.isInteger(maxBatch) || maxBatch < 1)
    throw new UsageError("BATCH_EMPTY", `maxBatch must be a positive integer, not ${maxBatch}.`);
  if (!Number.isInteger(threads) || threads < 1 || threads > 64)
    throw new UsageError("THREADS", `threads must be an integer from 1 to 64, not ${threads}.`);
  validateNetwork(network);
  const image = layerWithWindows(network);
  if (image >= 0)
    throw new UsageError(
      "TRAINING_NEEDS_TFJS",
      `Layer ${image} is a convolution, through which only TensorFlow computes gradients.`,
      {
        hint: isSpiking(network)
          ? "openTrainable(network, options) loads it."
          : "Learning by Q-values over frames does.",
        facts: { layer: image },
      },
    );
  if (!isSpiking(network)) {
    refuseLinear(network);
    return denseLearner(network, { maxBatch, threads });
  }
  refuseSeveral(network);
  const all = { ...options, threads, ...spikingOptions(options) };
  return kernelsLearn(network, all) ? spikingLearner(network, all) : referenceLearner(network, all);
}

/** Spikes' options with what stands for those not given. */
export function spikingOptions({ surrogate, detachReset = true }: TrainableOptions): {
  readonly surrogate: SurrogateOptions;
  readonly detachReset: boolean;
} {
  return { surrogate: { ...surrogateDefaults, ...surrogate }, detachReset };
}

/** The first layer with a convolution or pooling, or -1. */
export function layerWithWindows({ layers }: Network): number {
  return layers.findIndex(({ synapses, pooling }) => synapses.kind === "convolution" || pooling);
}

/** The kernels put a ReLU behind every layer but the last. */
function refuseLinear({ layers }: Network): void {
  const l = layers.slice(0, -1).findIndex(({ activation }) => activation.kind === "linear");
  if (l < 0) return;
  throw new DsqnError("LAYER_UNTRAINABLE", `Layer ${l} (dense) cannot be learned: it has no ReLU.`, {
    hint: "Two linear layers in a row are one: multiply their weights.",
    facts: { layer: l },
  });
}
