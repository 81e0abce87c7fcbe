import type { Environments } from "../../environments/worlds.ts";
import { DsqnError } from "../../errors.ts";
import { argmax } from "../../network/decide.ts";
import { createDenseNetwork } from "../../network/create.ts";
import type { Network } from "../../network/network.ts";
import { exp } from "../../numeric/elementary.ts";
import { Random, type RandomState } from "../../numeric/random.ts";
import { createTrainable } from "../../engines/create.ts";
import type { ActorCritic } from "../actor-critic/actor-critic.ts";
import { separateActorCritic } from "../actor-critic/separate.ts";
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
import { assertShapingFits, rewardShapings } from "../rewards.ts";
import { assertScalingFits, foldScaling, type Scaling, scaleObservations } from "../scaling.ts";
import { valueAt } from "../schedules.ts";
import type { TrainingPlan } from "../train.ts";
import type { PpoConfig } from "./ppo-config.ts";
import { generalisedAdvantages, logSoftmax, type Minibatch, ppoSlopes } from "./ppo-gradient.ts";

/** When such a run ends, and how it is judged in between. */
export function ppoPlan({ seed, environment, episodes, steps, solve, evaluation }: PpoConfig): TrainingPlan {
  return {
    seed,
    count: environment.count,
    episodes,
    steps,
    solve,
    evaluation: { ...evaluation, clock: "steps", atEnd: false },
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
    await trainable(policy, config.network, maxBatch, makeTrainable),
    createTrainable(critic, { maxBatch }),
    { ...config, saved: (network) => (scaling ? foldScaling(network, scaling) : network) },
  );
  return new Ppo(config, learner, { count, observationSize, scaling });
}

interface Seen {
  readonly count: number;
  readonly observationSize: number;
  readonly scaling: Scaling | undefined;
}

interface Facts {
  readonly updates: number;
  readonly settled: number;
  readonly filled: number;
  readonly optimizerSteps: number;
  readonly random: { readonly exploration: RandomState; readonly minibatches: RandomState };
}

type Rollout = ReturnType<typeof createRollout>;

/** What was done since the last update, [horizon, count] each. */
function createRollout(steps: number, observationSize: number) {
  return {
    observations: new Float32Array(steps * observationSize),
    actions: new Int32Array(steps),
    logProbabilities: new Float32Array(steps),
    values: new Float32Array(steps),
    rewards: new Float64Array(steps),
    ended: new Uint8Array(steps),
  };
}

class Ppo implements Algorithm {
  readonly sees = "observations";
  readonly episodes = "at-once";
  readonly #config: PpoConfig;
  readonly #learner: ActorCritic;
  readonly #seen: Seen;
  readonly #exploration: Random;
  readonly #minibatches: Random;
  readonly #rollout: Rollout;
  /** What the environments show, as the networks see it, [count, observationSize]; and unscaled, where rewards are shaped by it. */
  readonly #current: Float32Array;
  readonly #raw: Shown[] = [];
  /** Steps of the rollout that were taken. */
  #filled = 0;
  #updates = 0;
  #settled = 1;

  constructor(config: PpoConfig, learner: ActorCritic, seen: Seen) {
    this.#config = config;
    this.#learner = learner;
    this.#seen = seen;
    this.#exploration = Random.stream(config.seed, "exploration");
    this.#minibatches = Random.stream(config.seed, "minibatches");
    this.#rollout = createRollout(config.horizon * seen.count, seen.observationSize);
    this.#current = new Float32Array(seen.count * seen.observationSize);
  }

  get updates(): number {
    return this.#updates;
  }

  #scaled(shown: Shown): Float32Array {
    const { scaling } = this.#seen;
    return scaling ? scaleObservations(scaling, shown as Float32Array) : (shown as Float32Array);
  }

  begin(i: number, shown: Shown): void {
    this.#current.set(this.#scaled(shown), i * this.#seen.observationSize);
    if (this.#config.rewardShaping !== "none") this.#raw[i] = shown.slice();
  }

  act(running: Int32Array, environmentSteps: number): Int32Array {
    const { horizon } = this.#config;
    const { count, observationSize: n } = this.#seen;
    if (this.#filled === horizon) this.#learn(environmentSteps);
    const { logits, values } = this.#learner.judge(this.#current, count);
    const { actions } = this.#learner;
    const rollout = this.#rollout;
    const first = this.#filled++ * count;
    rollout.observations.set(this.#current, first * n);
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

  observe(i: number, { reward, shown, terminated, truncated }: Outcome): void {
    const { rewardShaping, rewardScale, gamma } = this.#config;
    const { count, observationSize: n } = this.#seen;
    const at = (this.#filled - 1) * count + i;
    const shaped = rewardShapings[rewardShaping](reward, this.#raw[i], shown, terminated, gamma);
    const scaled = this.#scaled(shown);
    // What a time limit cuts would have gone on.
    const rest = truncated && !terminated ? gamma * this.#learner.judge(scaled, 1).values[0] : 0;
    this.#rollout.rewards[at] = shaped * rewardScale + rest;
    this.#rollout.ended[at] = Number(terminated || truncated);
    this.#current.set(scaled, i * n);
    if (rewardShaping !== "none") this.#raw[i] = shown.slice();
  }

  #learn(environmentSteps: number): void {
    const { gamma, lambda, epochs, minibatches, learningRate } = this.#config;
    const { count, observationSize: n } = this.#seen;
    const { observations, actions, logProbabilities, values } = this.#rollout;
    const next = this.#learner.judge(this.#current, count).values.slice(0, count);
    const advantages = generalisedAdvantages(this.#rollout, next, gamma, lambda);
    const rate = valueAt(learningRate, environmentSteps) * this.#settled;
    const size = actions.length / minibatches;
    const rows = new Float32Array(size * n);
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = shuffled(actions.length, this.#minibatches);
      for (let start = 0; start < order.length; start += size) {
        const chosen = order.subarray(start, start + size);
        chosen.forEach((k, row) => rows.set(observations.subarray(k * n, (k + 1) * n), row * n));
        const batch: Minibatch = {
          actions: chosen.map((k) => actions[k]),
          logProbabilities: Float32Array.from(chosen, (k) => logProbabilities[k]),
          advantages: Float64Array.from(chosen, (k) => advantages[k]),
          returns: Float64Array.from(chosen, (k) => advantages[k] + values[k]),
        };
        this.#learner.update(rows, size, (said) => this.#slopes(said, batch, environmentSteps), rate);
        this.#updates++;
      }
    }
    this.#filled = 0;
  }

  #slopes(said: Parameters<typeof ppoSlopes>[0], batch: Minibatch, environmentSteps: number) {
    const slopes = ppoSlopes(said, batch, this.#config);
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
    return {};
  }

  readonly greedy: Act = (observations, batch) => {
    const { actions } = this.#learner;
    const { logits } = this.#learner.judge(this.#scaled(observations), batch);
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
      random: { exploration: this.#exploration.state, minibatches: this.#minibatches.state },
    };
    return {
      facts,
      tensors: {
        ...prefixed("network", weights),
        ...Object.assign({}, ...moments.map((moment, k) => prefixed(`moments${k}`, moment))),
        ...prefixed("rollout", this.#rollout),
      },
    };
  }

  restore({ facts, tensors }: Stored): void {
    const { updates, settled, filled, optimizerSteps, random } = facts as Facts;
    [this.#updates, this.#settled, this.#filled] = [updates, settled, filled];
    this.#exploration.state = random.exploration;
    this.#minibatches.state = random.minibatches;
    const weights = listed("network", tensors);
    const moments = weights.map((_, k) => listed(`moments${k}`, tensors));
    this.#learner.restore({ weights, moments, steps: optimizerSteps });
    const kept = unprefixed("rollout", tensors);
    for (const [name, values] of Object.entries(this.#rollout))
      (values as Float32Array).set(kept[name] as Float32Array);
  }

  resume(i: number, shown: Shown): boolean {
    this.begin(i, shown);
    return true;
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

/** 0 to n - 1 in a random order (Fisher & Yates). */
function shuffled(n: number, random: Random): Int32Array {
  const order = Int32Array.from({ length: n }, (_, k) => k);
  for (let k = n - 1; k > 0; k--) {
    const other = random.integer(k + 1);
    [order[k], order[other]] = [order[other], order[k]];
  }
  return order;
}
