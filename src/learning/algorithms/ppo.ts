import type { Environments } from "../../environments/worlds.ts";
import { DsqnError } from "../../errors.ts";
import { argmax } from "../../network/decide.ts";
import { createDenseNetwork } from "../../network/create.ts";
import type { Network } from "../../network/network.ts";
import { exp } from "../../numeric/elementary.ts";
import { Random, type RandomState } from "../../numeric/random.ts";
import { createTrainable } from "../../engines/create.ts";
import type { ActorCritic, Judgement } from "../actor-critic/actor-critic.ts";
import { separateActorCritic } from "../actor-critic/separate.ts";
import { type Sight, vectorSight } from "../actor-critic/sight.ts";
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
import { initialNetwork, trainable } from "../networks.ts";
import { assertShapingFits, rewardClips, type RewardShapingName, rewardShapings } from "../rewards.ts";
import { savedAs } from "../few-bits.ts";
import { assertScalingFits, type Scaling } from "../scaling.ts";
import { valueAt } from "../schedules.ts";
import type { TrainingPlan } from "../train.ts";
import type { PixelPpoConfig, PpoConfig } from "./ppo-config.ts";
import { explainedVariance, generalisedAdvantages, logSoftmax, ppoSlopes, type Showed } from "./ppo-gradient.ts";
import { createRollout, minibatches, type Rollout } from "./ppo-rollout.ts";

/** When such a run ends, and how it is judged in between. */
export function ppoPlan(config: PpoConfig | PixelPpoConfig): TrainingPlan {
  const { seed, environment, episodes, steps, solve, evaluation } = config;
  return {
    seed,
    count: environment.count,
    episodes,
    steps,
    solve,
    // A run over frames, which costs hours, is scored at its end too.
    evaluation: { ...evaluation, clock: "steps", atEnd: "game" in environment },
  };
}

/**
 * Proximal policy optimisation (Schulman et al. 2017) with a dense or spiking policy and a dense critic. There is no normalisation layer: the policy
 * converts as it is. It acts by drawing from the softmax of its outputs while it learns, and greedily afterwards.
 *
 * Errors: SCALING_IMPOSSIBLE, CONFIG_INVALID, TRAINING_DIVERGED.
 */
export async function createPpo(
  config: PpoConfig,
  environments: Environments,
  { makeTrainable }: AlgorithmOptions = {},
): Promise<Algorithm> {
  const { observationSize, actions, id, count } = environments;
  const scaling = config.scaling as Scaling | undefined;
  assertScalingFits(scaling, observationSize, id);
  assertShapingFits(config.rewardShaping, observationSize, id);
  const maxBatch = Math.max((count * config.horizon) / config.minibatches, count, config.evaluation.episodes);
  const policy = initialNetwork(config.network, observationSize, actions, config.seed);
  const shape = [observationSize, ...config.critic.hidden, 1];
  const critic = createDenseNetwork(shape, Random.stream(config.seed, "critic"));
  const learner = separateActorCritic(
    await trainable(policy, config.network, maxBatch, { makeTrainable, scaling }),
    createTrainable(critic, { maxBatch }),
    { ...config, saved: (network) => savedAs(network, { bits: config.network.bits, scaling }) },
  );
  const sight = vectorSight({ horizon: config.horizon, count }, observationSize, scaling);
  return ppoOf(config, learner, sight, { count, sees: "observations" });
}

/** What the algorithm itself has to know of a config, over lists of values or over frames. */
type Settings = Pick<
  PpoConfig,
  | "seed"
  | "horizon"
  | "epochs"
  | "minibatches"
  | "gamma"
  | "lambda"
  | "clipRange"
  | "entropy"
  | "valueWeight"
  | "learningRate"
  | "rewardScale"
> &
  Partial<Pick<PpoConfig, "rewardShaping"> & Pick<PixelPpoConfig, "rewards" | "lifeLossIsTerminal" | "teacher">>;

/** Where it learns. */
interface Place {
  readonly count: number;
  readonly sees: Algorithm["sees"];
  /** A teacher's probabilities of the actions, [batch, actions]. */
  readonly teach?: (observations: Shown, batch: number) => Float32Array;
}

/** The algorithm over any actor-critic, and whatever it sees of `count` environments. */
export function ppoOf(settings: Settings, learner: ActorCritic, sight: Sight, place: Place): Algorithm {
  return new Ppo(settings, learner, sight, place);
}

interface Facts {
  readonly updates: number;
  readonly settled: number;
  readonly filled: number;
  readonly optimizerSteps: number;
  /** Lists of moments; as many as of weights unless said. */
  readonly moments?: number;
  /** Absent from checkpoints of earlier releases. */
  readonly showed?: Partial<Showed> & { readonly explained?: number };
  readonly random: { readonly exploration: RandomState; readonly minibatches: RandomState };
}

class Ppo implements Algorithm {
  readonly sees: Algorithm["sees"];
  readonly episodes = "at-once";
  readonly #config: Settings;
  readonly #learner: ActorCritic;
  readonly #sight: Sight;
  readonly #count: number;
  readonly #teach: Place["teach"];
  readonly #exploration: Random;
  readonly #minibatches: Random;
  readonly #rollout: Rollout;
  /** What the environments show, unscaled, where rewards are shaped by it. */
  readonly #raw: Shown[] = [];
  /** Steps of the rollout that were taken. */
  #filled = 0;
  #updates = 0;
  #settled = 1;
  /** Of the last gradient step; `explained`, of the last rollout. */
  #showed: NonNullable<Facts["showed"]> = {};

  constructor(config: Settings, learner: ActorCritic, sight: Sight, { count, sees, teach }: Place) {
    this.#config = config;
    this.#learner = learner;
    this.#sight = sight;
    this.#count = count;
    this.#teach = teach;
    this.sees = sees;
    this.#exploration = Random.stream(config.seed, "exploration");
    this.#minibatches = Random.stream(config.seed, "minibatches");
    this.#rollout = createRollout(config.horizon * count, teach ? learner.actions : 0);
  }

  get updates(): number {
    return this.#updates;
  }

  get #shaping(): RewardShapingName {
    return this.#config.rewardShaping ?? "none";
  }

  #see(i: number, shown: Shown, starts: boolean): void {
    this.#sight.show(this.#filled, i, shown, starts);
    if (this.#shaping !== "none") this.#raw[i] = shown.slice();
  }

  begin(i: number, shown: Shown): void {
    this.#see(i, shown, true);
  }

  act(running: Int32Array, environmentSteps: number): Int32Array {
    const count = this.#count;
    if (this.#filled === this.#config.horizon) this.#learn(environmentSteps);
    const shown = this.#sight.at(this.#filled);
    const { logits, values } = this.#learner.judge(shown, count);
    const { actions } = this.#learner;
    const rollout = this.#rollout;
    const first = this.#filled++ * count;
    if (this.#teach) rollout.taught.set(this.#teach(shown, count), first * actions);
    rollout.values.set(values.subarray(0, count), first);
    return running.map((i) => {
      const logs = logSoftmax(logits.subarray(i * actions, (i + 1) * actions));
      const action = draw(logs, this.#exploration);
      rollout.actions[first + i] = action;
      rollout.logProbabilities[first + i] = logs[action];
      return action;
    });
  }

  learn(): void {
    // From whole rollouts only, before the next action: the policy that acts is the one that is learned from.
  }

  observe(i: number, { reward, shown, terminated, truncated, lifeLost }: Outcome): void {
    const { rewards = "raw", lifeLossIsTerminal = false, rewardScale, gamma } = this.#config;
    const count = this.#count;
    const at = (this.#filled - 1) * count + i;
    const clipped = rewardClips[rewards](reward);
    const shaped = rewardShapings[this.#shaping](clipped, this.#raw[i], shown, terminated, gamma);
    const terminal = terminated || (lifeLossIsTerminal && lifeLost);
    this.#see(i, shown, false);
    // What a time limit cuts would have gone on.
    const cut = truncated && !terminal;
    const rest = cut
      ? gamma * this.#learner.judge(this.#sight.of(Int32Array.of(this.#filled * count + i)), 1).values[0]
      : 0;
    this.#rollout.rewards[at] = shaped * rewardScale + rest;
    this.#rollout.ended[at] = Number(terminal || truncated);
  }

  #learn(environmentSteps: number): void {
    const { horizon, gamma, lambda, epochs, minibatches: parts, learningRate, teacher } = this.#config;
    const teaching = teacher && valueAt(teacher.weight, environmentSteps);
    const next = this.#learner.judge(this.#sight.at(horizon), this.#count).values.slice(0, this.#count);
    const advantages = generalisedAdvantages(this.#rollout, next, gamma, lambda);
    const rate = valueAt(learningRate, environmentSteps) * this.#settled;
    const size = advantages.length / parts;
    const objective = { ...this.#config, teaching };
    const explained = explainedVariance(this.#rollout.values, advantages);
    for (let epoch = 0; epoch < epochs; epoch++)
      for (const { steps, batch } of minibatches(this.#rollout, advantages, size, this.#minibatches)) {
        const slopes = (said: Judgement): Judgement => {
          const { showed, ...found } = ppoSlopes(said, batch, objective);
          this.#showed = { ...showed, explained };
          return this.#slopes(found, environmentSteps);
        };
        this.#learner.update(this.#sight.of(steps), size, slopes, rate);
        this.#updates++;
      }
    this.#sight.carry(horizon);
    this.#filled = 0;
  }

  #slopes(slopes: Judgement, environmentSteps: number): Judgement {
    if (slopes.logits.every(Number.isFinite) && slopes.values.every(Number.isFinite)) return slopes;
    throw new DsqnError("TRAINING_DIVERGED", `A gradient became infinite at gradient step ${this.#updates}.`, {
      hint: "Lower the learning rate, or clip gradients. The last checkpoint is from before.",
      facts: { gradientSteps: this.#updates, environmentSteps },
    });
  }

  slowDown(factor: number): void {
    this.#settled *= factor;
  }

  report(): Record<string, number> {
    return { ...this.#showed };
  }

  readonly greedy: Act = (observations, batch) => {
    const { actions } = this.#learner;
    const { logits } = this.#learner.judge(this.#sight.view(observations), batch);
    return Int32Array.from({ length: batch }, (_, k) => argmax(logits, k * actions, actions));
  };

  candidate(): Weights {
    return this.weights();
  }

  weights(): Weights {
    return this.#learner.weights();
  }

  network(weights?: Weights): Network {
    return this.#learner.network(weights);
  }

  save(): Stored {
    const { weights, moments, steps } = this.#learner.save();
    const facts: Facts = {
      updates: this.#updates,
      settled: this.#settled,
      filled: this.#filled,
      optimizerSteps: steps,
      moments: moments.length,
      showed: this.#showed,
      random: { exploration: this.#exploration.state, minibatches: this.#minibatches.state },
    };
    return {
      facts,
      tensors: {
        ...prefixed("network", weights),
        ...Object.assign({}, ...moments.map((moment, k) => prefixed(`moments${k}`, moment))),
        ...prefixed("rollout", { ...this.#rollout, ...this.#sight.save(this.#filled) }),
      },
    };
  }

  restore({ facts, tensors }: Stored): void {
    const { updates, settled, filled, optimizerSteps, random, moments: lists, showed = {} } = facts as Facts;
    this.#showed = showed;
    [this.#updates, this.#settled, this.#filled] = [updates, settled, filled];
    this.#exploration.state = random.exploration;
    this.#minibatches.state = random.minibatches;
    const weights = listed("network", tensors);
    const moments = Array.from({ length: lists ?? weights.length }, (_, k) => listed(`moments${k}`, tensors));
    this.#learner.restore({ weights, moments, steps: optimizerSteps });
    const kept = unprefixed("rollout", tensors);
    for (const [name, values] of Object.entries(this.#rollout))
      if (kept[name]) (values as Float32Array).set(kept[name] as Float32Array);
    this.#sight.restore(kept);
  }

  resume(i: number, shown: Shown): boolean {
    if (this.#shaping !== "none") this.#raw[i] = shown.slice();
    return this.#sight.resume(this.#filled, i, shown);
  }

  close(): void {
    this.#learner.close();
  }
}

/** An action drawn from log probabilities. */
function draw(logs: Float64Array, random: Random): number {
  let left = random.uniform();
  for (let j = 0; j < logs.length - 1; j++) {
    left -= exp(logs[j]);
    if (left < 0) return j;
  }
  return logs.length - 1;
}
