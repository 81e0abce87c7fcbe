import { adam, clipNorm } from "../../engines/optimizers/index.ts";
import type { Environments } from "../../environments/worlds.ts";
import { exp } from "../../numeric/elementary.ts";
import { Random, type RandomState } from "../../numeric/random.ts";
import type { Algorithm, AlgorithmOptions } from "../algorithm.ts";
import { greedy } from "../greedy.ts";
import { initialNetwork, trainable } from "../networks.ts";
import { assertScalingFits, foldScaling, type Scaling, scaleObservations } from "../scaling.ts";
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
  /** Of each environment's open episode: steps. */
  readonly lengths: readonly number[];
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
  const { observationSize: n, actions, count } = environments;
  const scaling = config.scaling as Scaling | undefined;
  assertScalingFits(scaling, n, environments.id);
  const initial = initialNetwork(config.network, n, actions, config.seed);
  const network = await trainable(initial, config.network, 512, makeTrainable);
  const { parameters } = network;
  const optimizer = adam(parameters.length);
  const gradients = new Float32Array(parameters.length);
  const exploration = Random.stream(config.seed, "exploration");
  const seen = (shown: Float32Array): Float32Array => (scaling ? scaleObservations(scaling, shown) : shown.slice());
  const current = new Array<Float32Array>(count);
  const blank = (): Recording => ({ observations: [], actions: [], rewards: [] });
  const recordings = Array.from({ length: count }, blank);
  let [updates, settled] = [0, 1];

  return {
    sees: "observations",
    episodes: "rounds",
    get updates() {
      return updates;
    },
    begin(i, shown) {
      current[i] = seen(shown as Float32Array);
      recordings[i] = blank();
    },
    act(running) {
      const rows = new Float32Array(running.length * n);
      running.forEach((i, row) => rows.set(current[i], row * n));
      const outputs = network.forward(rows, running.length);
      return running.map((_, row) => sampleSoftmax(outputs.subarray(row * actions, (row + 1) * actions), exploration));
    },
    learn: () => undefined,
    observe(i, { action, reward, shown }) {
      recordings[i].observations.push(current[i]);
      recordings[i].actions.push(action);
      recordings[i].rewards.push(reward);
      current[i] = seen(shown as Float32Array);
    },
    endRound() {
      const episodes = recordings.map(episodeOf);
      const returns = discountedReturns(episodes, config.gamma, config.normalise);
      policyGradient(network, episodes, returns, config.entropy, gradients);
      if (config.clip !== undefined) clipNorm(gradients, config.clip);
      optimizer.step(parameters, gradients, valueAt(config.learningRate, updates) * settled);
      updates++;
    },
    slowDown: (factor) => void (settled *= factor),
    report: () => ({}),
    greedy: greedy(network, scaling),
    candidate: () => [parameters.slice()],
    weights: () => [parameters.slice()],
    network(weights) {
      const kept = parameters.slice();
      if (weights) parameters.set(weights[0]);
      const learned = network.toNetwork();
      parameters.set(kept);
      return scaling ? foldScaling(learned, scaling) : learned;
    },
    save() {
      const { steps, moments } = optimizer.save();
      const episodes = recordings.map(episodeOf);
      const lengths = episodes.map((episode) => episode.actions.length);
      const facts: Facts = { updates, settled, exploration: exploration.state, optimizerSteps: steps, lengths };
      const recorded = episodes.flatMap((episode, i) =>
        Object.entries(episode).map(([name, data]) => [`${name}.${i}`, data]),
      );
      const optimised = moments.map((moment, i) => [`optimizer.${i}`, moment]);
      return { facts, tensors: { policy: parameters.slice(), ...Object.fromEntries([...optimised, ...recorded]) } };
    },
    restore({ facts, tensors }) {
      const saved = facts as Facts;
      ({ updates, settled } = saved);
      exploration.state = saved.exploration;
      parameters.set(tensors.policy as Float32Array);
      const moments = optimizer.save().moments.map((_, i) => tensors[`optimizer.${i}`] as Float32Array);
      optimizer.restore({ steps: saved.optimizerSteps, moments });
      saved.lengths.forEach((length, i) => {
        const observations = tensors[`observations.${i}`] as Float32Array;
        recordings[i] = {
          observations: Array.from({ length }, (_, t) => observations.slice(t * n, (t + 1) * n)),
          actions: Array.from(tensors[`actions.${i}`] as Int32Array),
          rewards: Array.from(tensors[`rewards.${i}`] as Float64Array),
        };
      });
    },
    resume(i, shown) {
      current[i] = seen(shown as Float32Array);
      return true;
    },
    close: () => network.close(),
  };
}

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
