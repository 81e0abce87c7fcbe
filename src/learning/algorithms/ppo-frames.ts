import { fastEngine } from "../../engines/fast/index.ts";
import { isGraphable } from "../../engines/tensorflow/spiking-differentiable.ts";
import { tensorflowLearner } from "../../engines/tensorflow/spiking-learner.ts";
import { loadTfjs } from "../../engines/tensorflow/tfjs.ts";
import type { Environments, PixelEnvironments } from "../../environments/worlds.ts";
import { loadModel } from "../../network/file/model.ts";
import { DsqnError } from "../../errors.ts";
import { actionsOf, isSpiking, type Network, observationSize } from "../../network/network.ts";
import { exp } from "../../numeric/elementary.ts";
import type { ActorCritic } from "../actor-critic/actor-critic.ts";
import { sharedActorCritic } from "../actor-critic/shared.ts";
import { frameSight } from "../actor-critic/sight.ts";
import { tensorflowActorCritic } from "../actor-critic/tensorflow.ts";
import { withValueOutput } from "../actor-critic/value-output.ts";
import type { Algorithm, AlgorithmOptions, Shown } from "../algorithm.ts";
import { initialPixelNetwork, rescaled } from "../pixel-networks.ts";
import { ppoOf } from "./ppo.ts";
import type { PixelPpoConfig } from "./ppo-config.ts";
import { logSoftmax } from "./ppo-gradient.ts";

/** How small the first weights of a new policy are beside those of other layers: it starts near chance (CleanRL does the same). */
const FIRST_POLICY = 0.01;

/**
 * Proximal policy optimisation over an Atari game's frames: a convolutional network inside TensorFlow, or one that spikes. Policy and critic share
 * all layers but the last. There is no normalisation layer: the policy converts as it is.
 *
 * Errors: MODEL_DOES_NOT_FIT, LAYER_UNTRAINABLE, TRAINING_DIVERGED, and those of `loadTfjs` and `loadModel`.
 */
export async function createPixelPpo(
  config: PixelPpoConfig,
  environments: Environments,
  options: AlgorithmOptions = {},
): Promise<Algorithm> {
  const { count, height, width, stack, actions } = environments as PixelEnvironments;
  const tf = await loadTfjs(options);
  const { policyScale, outputs, model } = config.network;
  const policy = await initialPixelNetwork(config, environments as PixelEnvironments, actions);
  const scale = policyScale ?? (model === undefined ? FIRST_POLICY : 1);
  const network = withValueOutput(policy, scale, outputs);
  const learner = isSpiking(network)
    ? spikingActorCritic(config, network, tf, count)
    : tensorflowActorCritic(tf, network, config);
  const sight = frameSight({ horizon: config.horizon, count }, height * width, stack);
  const teach = config.teacher && (await teacherOf(config.teacher, network, actions));
  return ppoOf(config, learner, sight, { count, sees: "frames", teach });
}

/** The probabilities of a model's actions: the softmax of what its outputs are times `sharpness`. */
async function teacherOf(
  { model, sharpness }: NonNullable<PixelPpoConfig["teacher"]>,
  pupil: Network,
  actions: number,
): Promise<(observations: Shown, batch: number) => Float32Array> {
  const { network } = await loadModel(model);
  const [size, wanted] = [observationSize(network), observationSize(pupil)];
  if (size !== wanted || actionsOf(network) !== actions)
    throw new DsqnError(
      "MODEL_DOES_NOT_FIT",
      `The teacher "${model}" takes ${size} values and knows ${actionsOf(network)} actions; its pupil takes ${wanted} and has ${actions}.`,
      { hint: "Name a model of the same game and preprocessing.", facts: { model } },
    );
  const loaded = fastEngine().load(network);
  return (observations, batch) => {
    const { outputs } = loaded.run(new Float32Array(observations));
    const rows = Float32Array.from(outputs, (value) => value * sharpness);
    for (let k = 0; k < batch; k++) {
      const row = rows.subarray(k * actions, (k + 1) * actions);
      row.set(logSoftmax(row).map(exp));
    }
    return rows;
  };
}

/** One network that starts at a spiking one over bytes, whose saved weights hold `inputScale`: it sees bytes * inputScale. */
function spikingActorCritic(
  config: PixelPpoConfig,
  network: Parameters<typeof rescaled>[0],
  tf: Awaited<ReturnType<typeof loadTfjs>>,
  count: number,
): ActorCritic {
  const { inputScale, spiking, learning } = config.network;
  const unsaid = { surrogate: "fast-sigmoid", surrogateScale: 100, detachReset: true } as const;
  const { surrogate, surrogateScale, detachReset, regulariser } = spiking ??
    learning ?? { ...unsaid, regulariser: undefined };
  const shape = { name: surrogate, scale: surrogateScale };
  const scaled = rescaled(network, 1 / inputScale);
  const saved = (learned: Network): Network => rescaled(learned as Parameters<typeof rescaled>[0], inputScale);
  if (detachReset && !regulariser && isGraphable(scaled, shape))
    return tensorflowActorCritic(tf, scaled, { ...config, saved, spikes: { surrogate: shape, byteScale: inputScale } });
  const size = (count * config.horizon) / config.minibatches;
  const learner = tensorflowLearner(tf, scaled, {
    surrogate: shape,
    detachReset,
    regulariser,
    maxBatch: Math.max(size, count, config.evaluation.episodes),
    byteScale: inputScale,
  });
  return sharedActorCritic(learner, { ...config, saved });
}
