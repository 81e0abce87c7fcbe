import { tensorflowLearner } from "../../engines/tensorflow/spiking-learner.ts";
import { loadTfjs } from "../../engines/tensorflow/tfjs.ts";
import type { Environments, PixelEnvironments } from "../../environments/worlds.ts";
import { isSpiking, type Network } from "../../network/network.ts";
import type { Algorithm, AlgorithmOptions } from "../algorithm.ts";
import { spikeOptions } from "../networks.ts";
import { initialPixelNetwork, rescaled } from "../pixel-networks.ts";
import { duelingHead, plainHead } from "../q-learner/dueling.ts";
import { flatLearner } from "../q-learner/flat.ts";
import type { QLearner } from "../q-learner/q-learner.ts";
import { tensorflowQLearner } from "../q-learner/tensorflow.ts";
import { frameReplay } from "../replay/frames.ts";
import { assertReplayFits } from "../replay/replay-memory-limit.ts";
import { batchOf, createVectorDqn, type Pieces, qLearning } from "./dqn.ts";
import type { ConvDqnConfig, DqnConfig } from "./dqn-config.ts";

/**
 * Deep Q-learning over lists of values (dqn.ts) or, where the config names a game, over its frames, with a convolutional or spiking network.
 *
 * Errors: those of `createVectorDqn`, REPLAY_TOO_LARGE, MODEL_DOES_NOT_FIT.
 */
export async function createDqn(
  config: DqnConfig | ConvDqnConfig,
  environments: Environments,
  options: AlgorithmOptions = {},
): Promise<Algorithm> {
  if (!("game" in config.environment)) return createVectorDqn(config as DqnConfig, environments, options);
  const pieces = await overFrames(config as ConvDqnConfig, environments as PixelEnvironments, options);
  return qLearning(config, environments, pieces, "frames");
}

async function overFrames(
  config: ConvDqnConfig,
  environments: PixelEnvironments,
  options: AlgorithmOptions,
): Promise<Pieces> {
  const { count, height, width, stack, actions } = environments;
  const frameSize = height * width;
  assertReplayFits({ capacity: config.replay.capacity, frameSize, environments: count });
  const tf = await loadTfjs(options);
  const head = config.network.dueling ? duelingHead : plainHead;
  const network = await initialPixelNetwork(config, environments, head.outputs(actions));
  const learner = isSpiking(network)
    ? spikingPixelLearner(config, network, tf, environments)
    : tensorflowQLearner(tf, network, { ...config, head });
  const replay = frameReplay({
    ...config,
    ...config.replay,
    environments: count,
    frameSize,
    stack,
    dropTruncated: config.truncation === "drop",
    file: options.framesFile,
  });
  return { learner, replay };
}

/** A Q-learner that starts at a spiking network over bytes, whose saved weights hold `inputScale`: it sees bytes * inputScale. */
export function spikingPixelLearner(
  config: ConvDqnConfig,
  network: Parameters<typeof rescaled>[0],
  tf: Awaited<ReturnType<typeof loadTfjs>>,
  { count }: Pick<Environments, "count">,
): QLearner {
  const { inputScale, spiking } = config.network;
  const spikes = spiking
    ? spikeOptions(spiking)
    : ({ surrogate: { name: "fast-sigmoid", scale: 100 }, detachReset: true } as const);
  const maxBatch = Math.max(batchOf(config), count, config.evaluation.episodes, config.final.episodes);
  // Thousands of inputs: one product for the whole batch reads the first layer's weights once, the kernels once per state.
  const open = () =>
    tensorflowLearner(tf, rescaled(network, 1 / inputScale), { ...spikes, maxBatch, byteScale: inputScale });
  return flatLearner(open(), open(), {
    ...config,
    head: config.network.dueling ? duelingHead : plainHead,
    saved: (learned: Network) => rescaled(learned as Parameters<typeof rescaled>[0], inputScale),
  });
}
