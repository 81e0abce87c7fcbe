import { tensorflowLearner } from "../../engines/tensorflow/spiking-learner.ts";
import { loadTfjs } from "../../engines/tensorflow/tfjs.ts";
import type { Environments, PixelEnvironments } from "../../environments/worlds.ts";
import { DsqnError } from "../../errors.ts";
import { argmax } from "../../network/decide.ts";
import { isSpiking, type Network } from "../../network/network.ts";
import { Random, type RandomState } from "../../numeric/random.ts";
import type { Algorithm, AlgorithmOptions, Shown, Stored } from "../algorithm.ts";
import { initialNetwork, initialPixelNetwork, rescaled, spikeOptions, trainable } from "../networks.ts";
import { duelingHead, plainHead } from "../q-learner/dueling.ts";
import { flatLearner } from "../q-learner/flat.ts";
import type { QLearner, QLearnerState } from "../q-learner/q-learner.ts";
import { tensorflowQLearner } from "../q-learner/tensorflow.ts";
import { frameReplay } from "../replay/frames.ts";
import { assertReplayFits } from "../replay/replay-memory-limit.ts";
import type { Replay } from "../replay/replay.ts";
import { vectorReplay } from "../replay/vectors.ts";
import { assertShapingFits, rewardClips, rewardShapings } from "../rewards.ts";
import { assertScalingFits, foldScaling, type Scaling } from "../scaling.ts";
import { valueAt } from "../schedules.ts";
import type { TrainingPlan } from "../train.ts";
import type { ConvDqnConfig, DqnConfig } from "./dqn-config.ts";

type Config = DqnConfig | ConvDqnConfig;

/** When such a run ends, and how it is judged in between. */
export function dqnPlan(config: Config): TrainingPlan {
  const { seed, environment, episodes, steps, solve, evaluation } = config;
  // A run over frames, which costs hours, is scored at its end too.
  const atEnd = "game" in environment;
  return {
    seed,
    count: environment.count,
    episodes,
    steps,
    solve,
    evaluation: { ...evaluation, clock: "steps", atEnd },
  };
}

/**
 * Deep Q-learning (Mnih et al. 2015) with a dense, convolutional or spiking network, on any environment with discrete actions: double Q
 * (van Hasselt et al. 2016), n-step returns, prioritised replay, dueling outputs and soft target updates as options.
 *
 * Errors: SCALING_IMPOSSIBLE, REPLAY_TOO_LARGE, LAYER_UNTRAINABLE, MODEL_DOES_NOT_FIT, TRAINING_DIVERGED, CONFIG_INVALID.
 */
export async function createDqn(
  config: Config,
  environments: Environments,
  options: AlgorithmOptions = {},
): Promise<Algorithm> {
  const { actions, observationSize, id } = environments;
  assertShapingFits(config.rewardShaping, observationSize, id);
  const frames = "game" in config.environment;
  const pieces = frames
    ? await overFrames(config as ConvDqnConfig, environments as PixelEnvironments, options)
    : await overVectors(config as DqnConfig, environments, options);
  return qLearning(config, pieces, {
    actions,
    environments: environments.count,
    sees: frames ? "frames" : "observations",
  });
}

interface Pieces {
  readonly learner: QLearner;
  readonly replay: Replay;
}

async function overVectors(
  config: DqnConfig,
  environments: Environments,
  { makeTrainable }: AlgorithmOptions,
): Promise<Pieces> {
  const { observationSize, actions, count, id } = environments;
  const scaling = config.scaling as Scaling | undefined;
  assertScalingFits(scaling, observationSize, id);
  const head = config.network.dueling ? duelingHead : plainHead;
  const initial = initialNetwork(config.network, observationSize, head.outputs(actions), config.seed);
  const maxBatch = Math.max(batchOf(config), count, config.evaluation.episodes);
  const open = () => trainable(initial, config.network, maxBatch, makeTrainable);
  const learner = flatLearner(await open(), await open(), {
    ...config,
    head,
    round: Math.fround,
    saved: (network) => (scaling ? foldScaling(network, scaling) : network),
  });
  const replay = vectorReplay({
    ...config,
    ...config.replay,
    environments: count,
    observationSize,
    scaling,
    dropTruncated: config.truncation === "drop",
  });
  return { learner, replay };
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

/** With advantage learning the target network sees observations and next ones at once. */
function batchOf({ batchSize, advantageLearning }: Config): number {
  return (advantageLearning > 0 ? 2 : 1) * batchSize;
}

interface Facts {
  readonly updates: number;
  readonly credit: number;
  readonly loss: number;
  readonly settled: number;
  readonly ended: number;
  readonly epsilon: number;
  readonly random: { readonly exploration: RandomState; readonly replay: RandomState };
  readonly steps: number;
  readonly replay: object;
}

/** Q-learning itself: what it does with a learner and a memory, wherever their observations come from. */
export function qLearning(
  config: Config,
  { learner, replay }: Pieces,
  { actions, environments, sees }: { actions: number; environments: number; sees: Algorithm["sees"] },
): Algorithm {
  const { optimizer, target, evaluation, gamma, batchSize } = config;
  const random = {
    exploration: Random.stream(config.seed, "exploration"),
    replay: Random.stream(config.seed, "replay"),
  };
  const clip = rewardClips[config.rewards];
  const shape = rewardShapings[config.rewardShaping];
  const raw = new Array<Shown>(config.rewardShaping === "none" ? 0 : environments);
  const enough = Math.max(batchSize, config.replay.initial);
  /** Of the loss that is reported: the newest, or where batches of frames say little a running mean. */
  const share = sees === "frames" ? 0.001 : 1;
  /** `credit`: environment steps not yet paid for with gradient steps. `ended`: episodes. */
  let [updates, credit, loss, settled, ended, epsilon] = [0, 0, 0, 1, 0, 0];

  const update = (environmentSteps: number): void => {
    const batch = replay.sample(batchSize, random.replay);
    const rate = valueAt(optimizer.learningRate, environmentSteps) * settled;
    const result = learner.update(batch, rate);
    if (!Number.isFinite(result.loss))
      throw new DsqnError("TRAINING_DIVERGED", `The loss became ${result.loss} at gradient step ${updates}.`, {
        hint: "Lower the learning rate, or clip gradients. The last checkpoint is from before.",
        facts: { gradientSteps: updates, environmentSteps },
      });
    replay.updatePriorities(batch.slots, result.errors);
    loss = updates === 0 ? result.loss : (1 - share) * loss + share * result.loss;
    updates++;
    if (target.kind === "soft") learner.follow(target.tau);
  };

  return {
    sees,
    episodes: "at-once",
    get updates() {
      return updates;
    },
    begin(i, shown) {
      replay.begin(i, shown);
      if (raw.length > 0) raw[i] = shown.slice();
    },
    act(running, environmentSteps) {
      epsilon = valueAt(config.epsilon, environmentSteps);
      const chosen = Int32Array.from(running, () =>
        random.exploration.uniform() < epsilon ? random.exploration.integer(actions) : -1,
      );
      if (!chosen.includes(-1)) return chosen;
      const values = learner.values(replay.current(running), running.length);
      return chosen.map((action, row) => (action < 0 ? argmax(values, row * actions, actions) : action));
    },
    learn(steps, environmentSteps) {
      if (replay.size < enough) return;
      credit += steps;
      for (; credit >= config.updateEvery; credit -= config.updateEvery)
        for (let i = 0; i < config.updates; i++) update(environmentSteps);
      if (target.kind !== "steps") return;
      const copies = (n: number): number => Math.floor(n / target.every);
      if (copies(environmentSteps + steps) > copies(environmentSteps)) learner.follow(1);
    },
    observe(i, { lifeLost, reward, ...outcome }) {
      const { shown, terminated, truncated } = outcome;
      const shaped = shape(clip(reward), raw[i], shown, terminated, gamma);
      if (raw.length > 0) raw[i] = shown.slice();
      const terminal = terminated || (config.lifeLossIsTerminal && lifeLost);
      replay.observe(i, { ...outcome, reward: shaped * config.rewardScale, terminal });
      if (!terminated && !truncated) return;
      if (target.kind === "episodes" && ended % target.every === 0) learner.follow(1);
      ended++;
    },
    slowDown: (factor) => void (settled *= factor),
    report: () => ({ epsilon, loss }),
    greedy(observations, batch) {
      const values = learner.values(replay.view(observations), batch, evaluation.of);
      return Int32Array.from({ length: batch }, (_, k) => argmax(values, k * actions, actions));
    },
    candidate: () => learner.weights(evaluation.of),
    weights: () => learner.weights(),
    network: (weights) => learner.network(weights),
    checkpointDue: () => replay.due?.() ?? false,
    save() {
      const { online, target: behind, moments, steps } = learner.save();
      const { facts, tensors } = replay.save();
      const streams = { exploration: random.exploration.state, replay: random.replay.state };
      const saved: Facts = { updates, credit, loss, settled, ended, epsilon, random: streams, steps, replay: facts };
      const named = [["online", online] as const, ["target", behind] as const];
      return {
        facts: saved,
        tensors: { ...arrays([...named, ...moments.map((m, k) => [`moment${k}`, m] as const)]), ...replayed(tensors) },
      };
    },
    restore({ facts, tensors }) {
      const saved = facts as Facts;
      ({ updates, credit, loss, settled, ended, epsilon } = saved);
      random.exploration.state = saved.random.exploration;
      random.replay.state = saved.random.replay;
      learner.restore(stateOf(tensors, saved.steps));
      const own = Object.entries(tensors).filter(([name]) => name.startsWith(REPLAY));
      replay.restore({
        facts: saved.replay,
        tensors: Object.fromEntries(own.map(([name, data]) => [name.slice(REPLAY.length), data])),
      });
    },
    resume(i, shown) {
      if (raw.length > 0) raw[i] = shown.slice();
      return replay.resume(i, shown);
    },
    close() {
      learner.close();
      replay.close?.();
    },
  };
}

const REPLAY = "replay.";
const replayed = (tensors: Stored["tensors"]): Stored["tensors"] =>
  Object.fromEntries(Object.entries(tensors).map(([name, data]) => [REPLAY + name, data]));

function arrays(groups: readonly (readonly [name: string, arrays: readonly Float32Array[]])[]): Stored["tensors"] {
  return Object.fromEntries(groups.flatMap(([name, all]) => all.map((array, i) => [`${name}.${i}`, array])));
}

function stateOf(tensors: Stored["tensors"], steps: number): QLearnerState {
  const take = (prefix: string): Float32Array[] => {
    const found: Float32Array[] = [];
    for (let i = 0; `${prefix}.${i}` in tensors; i++) found.push(tensors[`${prefix}.${i}`] as Float32Array);
    return found;
  };
  const moments = ["moment0", "moment1"].map(take).filter((all) => all.length > 0);
  return { online: take("online"), target: take("target"), moments, steps };
}
