import { createDenseNetwork, type DenseNetwork } from "../network/old/dense-network.ts";
import type { TrainableNetwork } from "../network/trainable.ts";
import { DsqnError } from "../errors.ts";
import type { OnProgress } from "../progress.ts";
import { adam, clipNorm } from "../engines/optimizers/index.ts";
import { Random } from "../numeric/random.ts";
import type { MakeTrainable } from "./dqn/networks.ts";
import type { Environments, MakeEnvironments } from "../environments/worlds.ts";
import { runEpisodes } from "./episodes.ts";
import { greedy } from "./greedy.ts";
import { mean100, watchCriterion } from "./learning-curve.ts";
import type { ReinforceConfig } from "./reinforce-config.ts";
import { discountedReturns, policyGradient, type Episode } from "./reinforce-gradient.ts";
import {
  createReinforceState,
  restoreReinforceSnapshot,
  takeReinforceSnapshot,
  type ReinforceEpisode,
  type ReinforceEvaluation,
  type ReinforceSnapshot,
} from "./reinforce-state.ts";
import { assertScalingFits, foldScaling, scaleObservations } from "./scaling.ts";
import { valueAt } from "./schedules.ts";
import { mean } from "../numeric/statistics.ts";
import { exp } from "../numeric/elementary.ts";

/** What goes into `reinforce` besides its config: environments, progress, interruption. */
export interface ReinforceOptions {
  readonly makeEnvironments: MakeEnvironments;
  readonly makeTrainable: MakeTrainable;
  readonly onProgress?: OnProgress;
  readonly onEpisode?: (entry: ReinforceEpisode) => void;
  readonly onEvaluation?: (entry: ReinforceEvaluation) => void;
  /** Called between updates; `snapshot()` is all it takes to go on from here. `last`: training ends, or `signal` fired. */
  readonly onSafePoint?: (facts: { snapshot: () => ReinforceSnapshot; last: boolean }) => void;
  readonly resume?: ReinforceSnapshot;
  readonly signal?: AbortSignal;
}

/** A trained policy network, with its curve and its greedy score. */
export interface ReinforceResult {
  /** The checkpoint that greedy evaluation chose. */
  readonly network: DenseNetwork;
  readonly initial: DenseNetwork;
  readonly curve: readonly ReinforceEpisode[];
  readonly evaluations: readonly ReinforceEvaluation[];
  readonly chosen: ReinforceEvaluation;
  readonly confirmed: boolean;
  readonly solvedAt: number | null;
  readonly updates: number;
  readonly seconds: number;
}

/** Validation seeds: away from those of training and of scores. */
const VALIDATION_SEED = 500_000;
const CONFIRMATION_SEED = 600_000;

/**
 * REINFORCE (Williams 1992) with a softmax policy: whole episodes with sampled actions, discounted and normalised returns, one
 * Adam step per update. The policy is later used greedily, and its outputs convert like a classifier's.
 */
export async function reinforce(config: ReinforceConfig, options: ReinforceOptions): Promise<ReinforceResult> {
  const started = performance.now();
  const { signal, onProgress } = options;
  const environments = await options.makeEnvironments(config.environment.count);
  const { observationSize: n, actions } = environments;
  assertScalingFits(config.scaling, n, config.environment.id);
  const initial = createDenseNetwork([n, ...config.network.hidden, actions], Random.stream(config.seed, "network"));
  const network = await options.makeTrainable(initial, { maxBatch: 512 });
  const state = createReinforceState(network, adam(network.parameters.length), config.seed);
  if (options.resume) restoreReinforceSnapshot(state, options.resume);
  const { progression, optimizer } = state;
  const { curve } = progression;
  const before = progression.seconds;
  const spent = (): number => before + (performance.now() - started) / 1000;
  const safePoint = (last: boolean): void =>
    options.onSafePoint?.({ snapshot: () => takeReinforceSnapshot(state, spent()), last });
  const scaled = (states: Float32Array): Float32Array =>
    config.scaling ? scaleObservations(config.scaling, states, new Float32Array(states.length)) : states;
  const gradients = new Float32Array(network.parameters.length);

  const greedyMean = async (firstSeed: number, episodes: number): Promise<number> => {
    const judges = await options.makeEnvironments(episodes);
    try {
      const seeds = Array.from({ length: episodes }, (_, i) => firstSeed + i);
      return mean((await runEpisodes(judges, greedy(network, config.scaling), { seeds, signal })).returns);
    } finally {
      await judges.close();
    }
  };
  const evaluate = async (): Promise<void> => {
    const entry: ReinforceEvaluation = {
      episode: curve.length,
      mean: await greedyMean(VALIDATION_SEED, config.evaluation.episodes),
    };
    progression.evaluations.push(entry);
    options.onEvaluation?.(entry);
    if (!progression.chosen || entry.mean >= progression.chosen.mean) {
      progression.chosen = entry;
      state.best.set(network.parameters);
    }
    const { stop } = config.evaluation;
    if (stop && entry.mean >= stop.mean)
      progression.confirmed = (await greedyMean(CONFIRMATION_SEED, stop.episodes)) >= stop.mean;
  };

  try {
    while (curve.length < config.episodes && !progression.confirmed) {
      if (signal?.aborted) {
        safePoint(true);
        throw new DsqnError("INTERRUPTED", `Training stopped after episode ${curve.length}.`, { cause: signal.reason });
      }
      safePoint(false);
      const episodes = await playEpisodes(environments, network, scaled, state.random);
      const returns = discountedReturns(episodes, config.gamma, config.normalise);
      policyGradient(network, episodes, returns, config.entropy, gradients);
      if (config.clip !== undefined) clipNorm(gradients, config.clip);
      optimizer.step(network.parameters, gradients, valueAt(config.learningRate, progression.updates));
      progression.updates++;
      for (const { rewards } of episodes) {
        const total = rewards.reduce((sum, reward) => sum + reward, 0);
        const length = rewards.length;
        curve.push({ episode: curve.length, return: total, length, mean100: mean100(curve, total) });
        options.onEpisode?.(curve.at(-1)!);
        if (config.solve) watchCriterion(config.solve, curve, progression);
      }
      if (progression.updates % config.evaluation.every === 0) await evaluate();
      const greedyNote = progression.chosen ? `  greedy ${progression.chosen.mean.toFixed(1)}` : "";
      const note = `mean100 ${curve.at(-1)!.mean100.toFixed(1)}${greedyNote}`;
      onProgress?.({ stage: "train", done: curve.length, total: config.episodes, unit: "episodes", note });
    }
    if (!progression.chosen) await evaluate();
    progression.seconds = spent();
    safePoint(true);
    network.parameters.set(state.best);
    const trained = network.toNetwork() as DenseNetwork;
    const exported = (dense: DenseNetwork): DenseNetwork =>
      config.scaling ? foldScaling(dense, config.scaling) : dense;
    const { evaluations, chosen, confirmed, solvedAt, updates, seconds } = progression;
    return {
      network: exported(trained),
      initial: exported(initial),
      curve,
      evaluations,
      chosen: chosen!,
      confirmed,
      solvedAt,
      updates,
      seconds,
    };
  } finally {
    network.close();
    await environments.close();
  }
}

/** One episode in each environment, actions drawn from the softmax of the outputs. */
async function playEpisodes(
  environments: Environments,
  network: TrainableNetwork,
  scaled: (states: Float32Array) => Float32Array,
  random: { seeds: Random; actions: Random },
): Promise<Episode[]> {
  const { count, observationSize: n, actions } = environments;
  const records = Array.from({ length: count }, () => ({
    observations: [] as number[],
    actions: [] as number[],
    rewards: [] as number[],
  }));
  const chosen = new Int32Array(count);
  let observations = await environments.reset({
    seed: Array.from({ length: count }, () => random.seeds.integer(2 ** 31)),
  });
  let running = Array.from({ length: count }, (_, i) => i);
  while (running.length > 0) {
    const seen = scaled(observations);
    const rows = new Float32Array(running.length * n);
    running.forEach((i, k) => rows.set(seen.subarray(i * n, (i + 1) * n), k * n));
    const outputs = network.forward(rows, running.length);
    running.forEach((i, k) => {
      chosen[i] = sampleSoftmax(outputs, k * actions, actions, random.actions);
      records[i].observations.push(...rows.subarray(k * n, (k + 1) * n));
      records[i].actions.push(chosen[i]);
    });
    const result = await environments.step(chosen);
    observations = result.observations;
    running = running.filter((i) => {
      records[i].rewards.push(result.rewards[i]);
      return !result.terminated[i] && !result.truncated[i];
    });
  }
  return records.map((record) => ({
    observations: Float32Array.from(record.observations),
    actions: Int32Array.from(record.actions),
    rewards: Float64Array.from(record.rewards),
  }));
}

function sampleSoftmax(values: Float32Array, offset: number, count: number, random: Random): number {
  let top = -Infinity;
  for (let j = 0; j < count; j++) top = Math.max(top, values[offset + j]);
  let sum = 0;
  for (let j = 0; j < count; j++) sum += exp(values[offset + j] - top);
  let left = random.uniform() * sum;
  for (let j = 0; j < count - 1; j++) {
    left -= exp(values[offset + j] - top);
    if (left < 0) return j;
  }
  return count - 1;
}
