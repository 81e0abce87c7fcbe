import type { Environments } from "../../environments/worlds.ts";
import { DsqnError } from "../../errors.ts";
import { createTrainable } from "../../engines/create.ts";
import { createDenseNetwork } from "../../network/create.ts";
import { argmax } from "../../network/decide.ts";
import type { Network } from "../../network/network.ts";
import type { TrainableNetwork } from "../../network/trainable.ts";
import { Random, type RandomState } from "../../numeric/random.ts";
import {
  type Act,
  type Algorithm,
  type AlgorithmOptions,
  listed,
  type Outcome,
  prefixed,
  type Shown,
  type Stored,
  unprefixed,
  type Weights,
} from "../algorithm.ts";
import { savedAs } from "../few-bits.ts";
import { initialNetwork, trainable } from "../networks.ts";
import { commonMode } from "../q-learner/common-mode.ts";
import { duelingHead, plainHead } from "../q-learner/dueling.ts";
import { flatLearner } from "../q-learner/flat.ts";
import type { QLearner } from "../q-learner/q-learner.ts";
import type { Replay } from "../replay/replay.ts";
import { vectorReplay } from "../replay/vectors.ts";
import { assertShapingFits, rewardClips, rewardShapings } from "../rewards.ts";
import { assertScalingFits, type Scaling } from "../scaling.ts";
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
    ...("restart" in config && config.restart && { restart: config.restart }),
  };
}

/**
 * Deep Q-learning (Mnih et al. 2015) over lists of values with a dense or spiking network, on any environment with discrete actions: double Q
 * (van Hasselt et al. 2016), n-step returns, prioritised replay, dueling outputs and soft target updates as options. Over frames: dqn-frames.ts.
 *
 * Errors: SCALING_IMPOSSIBLE, LAYER_UNTRAINABLE, TRAINING_DIVERGED, CONFIG_INVALID.
 */
export async function createVectorDqn(
  config: DqnConfig,
  environments: Environments,
  options: AlgorithmOptions = {},
): Promise<Algorithm> {
  const pieces = await overVectors(config, environments, options);
  return qLearning(config, environments, pieces, "observations");
}

/** Q-learning with a learner and a memory, wherever their observations come from. */
export function qLearning(
  config: Config,
  environments: Environments,
  pieces: Pieces,
  sees: Algorithm["sees"],
): Algorithm {
  assertShapingFits(config.rewardShaping, environments.observationSize, environments.id);
  return new QLearning(config, pieces, sees);
}

/** What a Q-learner learns with, and from. */
export interface Pieces {
  readonly learner: QLearner;
  readonly replay: Replay;
  /** A learner with other random weights, for the `attempt`-th start; absent where there is one start alone. */
  readonly renewed?: (attempt: number) => Promise<QLearner>;
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
  const maxBatch = Math.max(batchOf(config), count, config.evaluation.episodes);
  const common = config.commonMode && [observationSize, ...config.commonMode.hidden, 1];
  const open = async (attempt: number): Promise<TrainableNetwork> => {
    const stream = (name: string): string => (attempt === 0 ? name : `${name}, start ${attempt}`);
    const [outputs, { seed }] = [head.outputs(actions), config];
    const initial = initialNetwork(config.network, observationSize, outputs, seed, stream("network"));
    const network = await trainable(initial, config.network, maxBatch, { makeTrainable, scaling });
    if (!common) return network;
    const shared = createDenseNetwork(common, Random.stream(seed, stream("common mode")));
    return commonMode(network, createTrainable(shared, { maxBatch }));
  };
  const renewed = async (attempt: number): Promise<QLearner> =>
    flatLearner(await open(attempt), await open(attempt), {
      ...config,
      head,
      round: Math.fround,
      saved: (network) => savedAs(network, { bits: config.network.bits, scaling }),
    });
  const replay = vectorReplay({
    ...config,
    ...config.replay,
    environments: count,
    observationSize,
    scaling,
    dropTruncated: config.truncation === "drop",
  });
  return { learner: await renewed(0), replay, renewed };
}

/** With advantage learning the target network sees observations and next ones at once. */
export function batchOf({ batchSize, advantageLearning }: Config): number {
  return (advantageLearning > 0 ? 2 : 1) * batchSize;
}

/** What a Q-learner leaves in a checkpoint besides arrays. */
interface Facts extends Counters {
  readonly random: { readonly exploration: RandomState; readonly replay: RandomState };
  readonly optimizerSteps: number;
  readonly replay: object;
}

interface Counters {
  updates: number;
  /** Environment steps not yet paid for with gradient steps. */
  credit: number;
  loss: number;
  /** What the learning rate is multiplied by. */
  settled: number;
  /** Environment steps before the last start: schedules count from it. */
  begunAt: number;
  /** Episodes. */
  ended: number;
  epsilon: number;
}

/** Q-learning itself: what it does with a learner and a memory, wherever their observations come from. */
class QLearning implements Algorithm {
  readonly sees: Algorithm["sees"];
  readonly episodes = "at-once";
  readonly #config: Config;
  #learner: QLearner;
  readonly #replay: Replay;
  readonly #renewed: Pieces["renewed"];
  readonly #exploration: Random;
  readonly #draws: Random;
  /** What each environment shows, where rewards are shaped by it. */
  readonly #shown: Shown[] = [];
  readonly #counters: Counters = { updates: 0, credit: 0, loss: 0, settled: 1, begunAt: 0, ended: 0, epsilon: 0 };

  constructor(config: Config, { learner, replay, renewed }: Pieces, sees: Algorithm["sees"]) {
    this.#config = config;
    this.#learner = learner;
    this.#replay = replay;
    this.#renewed = renewed;
    this.sees = sees;
    this.#exploration = Random.stream(config.seed, "exploration");
    this.#draws = Random.stream(config.seed, "replay");
  }

  get updates(): number {
    return this.#counters.updates;
  }

  begin(i: number, shown: Shown): void {
    this.#replay.begin(i, shown);
    this.#see(i, shown);
  }

  act(running: Int32Array, environmentSteps: number): Int32Array {
    const { actions } = this.#learner;
    const random = this.#exploration;
    const { begunAt } = this.#counters;
    const epsilon = (this.#counters.epsilon = valueAt(this.#config.epsilon, environmentSteps - begunAt));
    const chosen = running.map(() => (random.uniform() < epsilon ? random.integer(actions) : -1));
    if (!chosen.includes(-1)) return chosen;
    const values = this.#learner.values(this.#replay.current(running), running.length);
    return chosen.map((action, row) => (action < 0 ? argmax(values, row * actions, actions) : action));
  }

  learn(steps: number, environmentSteps: number): void {
    const { batchSize, replay, updateEvery, updates, target } = this.#config;
    if (this.#replay.size < Math.max(batchSize, replay.initial)) return;
    this.#counters.credit += steps;
    for (; this.#counters.credit >= updateEvery; this.#counters.credit -= updateEvery)
      for (let i = 0; i < updates; i++) this.#update(environmentSteps);
    if (target.kind !== "steps") return;
    const copies = (n: number): number => Math.floor(n / target.every);
    if (copies(environmentSteps + steps) > copies(environmentSteps)) this.#learner.follow(1);
  }

  #update(environmentSteps: number): void {
    const { batchSize, optimizer, target } = this.#config;
    const counters = this.#counters;
    const batch = this.#replay.sample(batchSize, this.#draws);
    const rate = valueAt(optimizer.learningRate, environmentSteps - counters.begunAt) * counters.settled;
    const { loss, errors } = this.#learner.update(batch, rate);
    if (!Number.isFinite(loss))
      throw new DsqnError("TRAINING_DIVERGED", `The loss became ${loss} at gradient step ${counters.updates}.`, {
        hint: "Lower the learning rate, or clip gradients. The last checkpoint is from before.",
        facts: { gradientSteps: counters.updates, environmentSteps },
      });
    this.#replay.updatePriorities(batch.slots, errors);
    // The newest is reported, or where batches of frames say little a running mean.
    const share = this.sees === "frames" ? 0.001 : 1;
    counters.loss = counters.updates === 0 ? loss : (1 - share) * counters.loss + share * loss;
    counters.updates++;
    if (target.kind === "soft") this.#learner.follow(target.tau);
  }

  observe(i: number, { lifeLost, reward, ...outcome }: Outcome): void {
    const { rewards, rewardShaping, rewardScale, gamma, lifeLossIsTerminal, target } = this.#config;
    const { shown, terminated, truncated } = outcome;
    const clipped = rewardClips[rewards](reward);
    const shaped = rewardShapings[rewardShaping](clipped, this.#shown[i], shown, terminated, gamma);
    this.#see(i, shown);
    const terminal = terminated || (lifeLossIsTerminal && lifeLost);
    this.#replay.observe(i, { ...outcome, reward: shaped * rewardScale, terminal });
    if (!terminated && !truncated) return;
    if (target.kind === "episodes" && this.#counters.ended % target.every === 0) this.#learner.follow(1);
    this.#counters.ended++;
  }

  #see(i: number, shown: Shown): void {
    if (this.#config.rewardShaping !== "none") this.#shown[i] = shown.slice();
  }

  async restart(attempt: number, environmentSteps: number): Promise<void> {
    if (!this.#renewed) return;
    const worn = this.#learner;
    this.#learner = await this.#renewed(attempt);
    worn.close();
    this.#replay.clear?.();
    Object.assign(this.#counters, { settled: 1, credit: 0, begunAt: environmentSteps });
  }

  slowDown(factor: number): void {
    this.#counters.settled *= factor;
  }

  report(): { epsilon: number; loss: number } {
    const { epsilon, loss } = this.#counters;
    return { epsilon, loss };
  }

  readonly greedy: Act = (observations, batch) => {
    const { actions } = this.#learner;
    const values = this.#learner.values(this.#replay.view(observations), batch, this.#config.evaluation.of);
    return Int32Array.from({ length: batch }, (_, k) => argmax(values, k * actions, actions));
  };

  candidate(): Weights {
    return this.#learner.weights(this.#config.evaluation.of);
  }

  weights(): Weights {
    return this.#learner.weights();
  }

  network(weights?: Weights): Network {
    return this.#learner.network(weights);
  }

  checkpointDue(): boolean {
    return this.#replay.due?.() ?? false;
  }

  save(): Stored {
    const { online, target, moments, steps } = this.#learner.save();
    const { facts, tensors } = this.#replay.save();
    const random = { exploration: this.#exploration.state, replay: this.#draws.state };
    const saved: Facts = { ...this.#counters, random, optimizerSteps: steps, replay: facts };
    return {
      facts: saved,
      tensors: {
        ...prefixed("online", online),
        ...prefixed("target", target),
        ...Object.assign({}, ...moments.map((moment, k) => prefixed(`moment${k}`, moment))),
        ...prefixed("replay", tensors),
      },
    };
  }

  restore({ facts, tensors }: Stored): void {
    const { random, optimizerSteps, replay, ...counters } = facts as Facts;
    Object.assign(this.#counters, counters);
    this.#exploration.state = random.exploration;
    this.#draws.state = random.replay;
    const [online, target] = [listed("online", tensors), listed("target", tensors)];
    const moments = ["moment0", "moment1"].map((name) => listed(name, tensors)).filter((all) => all.length > 0);
    this.#learner.restore({ online, target, moments, steps: optimizerSteps });
    this.#replay.restore({ facts: replay, tensors: unprefixed("replay", tensors) });
  }

  resume(i: number, shown: Shown): boolean {
    this.#see(i, shown);
    return this.#replay.resume(i, shown);
  }

  close(): void {
    this.#learner.close();
    this.#replay.close?.();
  }
}
