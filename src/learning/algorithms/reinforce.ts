import { adam, clipNorm, type Optimizer } from "../../engines/optimizers/index.ts";
import type { Environments } from "../../environments/worlds.ts";
import type { Network } from "../../network/network.ts";
import type { TrainableNetwork } from "../../network/trainable.ts";
import { exp } from "../../numeric/elementary.ts";
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
import { greedy } from "../greedy.ts";
import { initialNetwork, trainable } from "../networks.ts";
import { savedAs } from "../few-bits.ts";
import { assertScalingFits, type Scaling, scaleObservations } from "../scaling.ts";
import { valueAt } from "../schedules.ts";
import type { TrainingPlan } from "../train.ts";
import { discountedReturns, type Episode, policyGradient } from "./policy-gradient.ts";
import type { ReinforceConfig } from "./reinforce-config.ts";

/** Seeds of the episodes that choose and confirm: away from those of training and of scores. */
const VALIDATION_SEED = 500_000;
const CONFIRMATION_SEED = 600_000;

/** When such a run ends, and how it is judged in between. */
export function reinforcePlan({ seed, environment, episodes, solve, evaluation }: ReinforceConfig): TrainingPlan {
  const seeds = [VALIDATION_SEED, CONFIRMATION_SEED] as const;
  return {
    seed,
    count: environment.count,
    episodes,
    solve,
    evaluation: { ...evaluation, clock: "updates", seeds, atEnd: false },
  };
}

/** What an episode has seen so far. */
interface Recording {
  readonly observations: Float32Array[];
  readonly actions: number[];
  readonly rewards: number[];
}

interface Facts {
  readonly updates: number;
  readonly settled: number;
  readonly exploration: RandomState;
  readonly optimizerSteps: number;
}

/**
 * REINFORCE (Williams 1992) with a softmax policy: whole episodes with sampled actions, discounted and normalised returns, one
 * Adam step per update. The policy is later used greedily, and its outputs convert like a classifier's.
 */
export async function createReinforce(
  config: ReinforceConfig,
  environments: Environments,
  { makeTrainable }: AlgorithmOptions = {},
): Promise<Algorithm> {
  const { observationSize, actions, id } = environments;
  const scaling = config.scaling as Scaling | undefined;
  assertScalingFits(scaling, observationSize, id);
  const initial = initialNetwork(config.network, observationSize, actions, config.seed);
  const learner = await trainable(initial, config.network, 512, { makeTrainable, scaling });
  return new Reinforce(config, learner, environments.count);
}

class Reinforce implements Algorithm {
  readonly sees = "observations";
  readonly episodes = "rounds";
  readonly greedy: Act;
  readonly #config: ReinforceConfig;
  readonly #scaling: Scaling | undefined;
  readonly #network: TrainableNetwork;
  readonly #optimizer: Optimizer;
  readonly #gradients: Float32Array;
  readonly #exploration: Random;
  /** What each environment shows, and what its episode has seen so far. */
  readonly #current: Float32Array[];
  readonly #recordings: Recording[];
  #updates = 0;
  #settled = 1;

  constructor(config: ReinforceConfig, network: TrainableNetwork, count: number) {
    this.#config = config;
    this.#network = network;
    this.#scaling = config.scaling as Scaling | undefined;
    this.#optimizer = adam(network.parameters.length);
    this.#gradients = new Float32Array(network.parameters.length);
    this.#exploration = Random.stream(config.seed, "exploration");
    this.#current = Array.from({ length: count }, () => new Float32Array(0));
    this.#recordings = this.#current.map(blank);
    this.greedy = greedy(network, this.#scaling);
  }

  get updates(): number {
    return this.#updates;
  }

  #see(i: number, shown: Shown): void {
    const values = shown as Float32Array;
    this.#current[i] = this.#scaling ? scaleObservations(this.#scaling, values) : values.slice();
  }

  begin(i: number, shown: Shown): void {
    this.#see(i, shown);
    this.#recordings[i] = blank();
  }

  act(running: Int32Array): Int32Array {
    const { observationSize: n, actions } = this.#network;
    const rows = new Float32Array(running.length * n);
    running.forEach((i, row) => rows.set(this.#current[i], row * n));
    const outputs = this.#network.forward(rows, running.length);
    return running.map((_, row) =>
      sampleSoftmax(outputs.subarray(row * actions, (row + 1) * actions), this.#exploration),
    );
  }

  learn(): void {
    // From whole episodes only: endRound.
  }

  observe(i: number, { action, reward, shown }: Outcome): void {
    const { observations, actions, rewards } = this.#recordings[i];
    observations.push(this.#current[i]);
    actions.push(action);
    rewards.push(reward);
    this.#see(i, shown);
  }

  endRound(): void {
    const { gamma, normalise, entropy, clip, learningRate } = this.#config;
    const episodes = this.#recordings.map(episodeOf);
    const returns = discountedReturns(episodes, gamma, normalise);
    policyGradient(this.#network, episodes, returns, entropy, this.#gradients);
    if (clip !== undefined) clipNorm(this.#gradients, clip);
    const rate = valueAt(learningRate, this.#updates) * this.#settled;
    this.#optimizer.step(this.#network.parameters, this.#gradients, rate);
    this.#updates++;
  }

  slowDown(factor: number): void {
    this.#settled *= factor;
  }

  report(): Record<string, number> {
    return {};
  }

  candidate(): Weights {
    return this.weights();
  }

  weights(): Weights {
    return [this.#network.parameters.slice()];
  }

  network(weights?: Weights): Network {
    const { parameters } = this.#network;
    const kept = parameters.slice();
    if (weights) parameters.set(weights[0]);
    const learned = this.#network.toNetwork();
    parameters.set(kept);
    return savedAs(learned, { bits: this.#config.network.bits, scaling: this.#scaling });
  }

  save(): Stored {
    const { steps, moments } = this.#optimizer.save();
    const facts: Facts = {
      updates: this.#updates,
      settled: this.#settled,
      exploration: this.#exploration.state,
      optimizerSteps: steps,
    };
    const recorded = this.#recordings.map((recording, i) => prefixed(`episode${i}`, { ...episodeOf(recording) }));
    const [policy] = this.weights();
    return { facts, tensors: { policy, ...prefixed("moment", moments), ...Object.assign({}, ...recorded) } };
  }

  restore({ facts, tensors }: Stored): void {
    const { updates, settled, exploration, optimizerSteps } = facts as Facts;
    [this.#updates, this.#settled] = [updates, settled];
    this.#exploration.state = exploration;
    this.#network.parameters.set(tensors.policy as Float32Array);
    this.#optimizer.restore({ steps: optimizerSteps, moments: listed("moment", tensors) });
    const n = this.#network.observationSize;
    this.#recordings.forEach((_, i) => {
      const { observations, actions, rewards } = unprefixed(`episode${i}`, tensors) as unknown as Episode;
      this.#recordings[i] = {
        observations: Array.from(actions, (_, t) => observations.slice(t * n, (t + 1) * n)),
        actions: Array.from(actions),
        rewards: Array.from(rewards),
      };
    });
  }

  resume(i: number, shown: Shown): boolean {
    this.#see(i, shown);
    return true;
  }

  close(): void {
    this.#network.close();
  }
}

const blank = (): Recording => ({ observations: [], actions: [], rewards: [] });

function episodeOf({ observations, actions, rewards }: Recording): Episode {
  const n = observations[0]?.length ?? 0;
  const rows = new Float32Array(observations.length * n);
  observations.forEach((observation, t) => rows.set(observation, t * n));
  return { observations: rows, actions: Int32Array.from(actions), rewards: Float64Array.from(rewards) };
}

function sampleSoftmax(values: Float32Array, random: Random): number {
  const top = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const sum = values.reduce((total, value) => total + exp(value - top), 0);
  let left = random.uniform() * sum;
  for (let j = 0; j < values.length - 1; j++) {
    left -= exp(values[j] - top);
    if (left < 0) return j;
  }
  return values.length - 1;
}
