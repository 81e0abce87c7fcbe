import { createTrainable } from "../../engines/create.ts";
import type { DenseNetwork } from "../../network/old/dense-network.ts";
import { DsqnError } from "../../errors.ts";
import type { OnProgress } from "../../progress.ts";
import type { SpikingNetwork } from "../../network/old/spiking-network.ts";
import type { Environments, MakeEnvironments } from "../../environments/worlds.ts";
import { greedy } from "../greedy.ts";
import { withGymnasium } from "../../environments/gymnasium-worlds.ts";
import { mean100, watchCriterion } from "../learning-curve.ts";
import { rewardShapings } from "../rewards.ts";
import { assertScalingFits, scaleObservations } from "../scaling.ts";
import { valueAt } from "../schedules.ts";
import type { DqnConfig } from "./config.ts";
import { createEvaluator } from "./evaluator.ts";
import { createLearner } from "./learner.ts";
import { createNetworks, exportNetwork, type MakeTrainable } from "./networks.ts";
import {
  createState,
  restoreSnapshot,
  takeSnapshot,
  type EpisodeEntry,
  type EvaluationEntry,
  type Snapshot,
  type TrainingState,
} from "./state.ts";

/** Where to learn, with which network, and who hears of it. */
export interface TrainDqnOptions {
  /** The worlds; Gymnasium's `config.environment` unless given. */
  readonly makeEnvironments?: MakeEnvironments;
  /** Makes a network learn; `createTrainable` unless given. */
  readonly makeTrainable?: MakeTrainable;
  readonly onProgress?: OnProgress;
  readonly onEpisode?: (entry: EpisodeEntry) => void;
  readonly onEvaluation?: (entry: EvaluationEntry) => void;
  /**
   * Called between steps, where the run could stop; `snapshot()` is all it takes to go on from here. Also called, with
   * `last` set, when training ends or `signal` fires.
   */
  readonly onSafePoint?: (facts: { snapshot: () => Snapshot; last: boolean }) => void;
  readonly resume?: Snapshot;
  readonly signal?: AbortSignal;
}

/** What training came to. */
export interface DqnResult {
  /** The checkpoint that greedy evaluation chose. */
  readonly network: DenseNetwork | SpikingNetwork;
  readonly initial: DenseNetwork | SpikingNetwork;
  /** The weights at the end of training, chosen or not. */
  readonly last: DenseNetwork | SpikingNetwork;
  readonly curve: readonly EpisodeEntry[];
  readonly evaluations: readonly EvaluationEntry[];
  readonly chosen: EvaluationEntry | null;
  readonly confirmed: boolean;
  readonly solvedAt: number | null;
  readonly environmentSteps: number;
  readonly updates: number;
  readonly seconds: number;
}

/**
 * Deep Q-learning (Mnih et al. 2015) with a dense or a spiking network, on any environment with discrete actions: double Q
 * (van Hasselt et al. 2016), n-step returns, prioritised replay, dueling outputs and soft target updates as options.
 *
 * Learning overlaps with the environments' step: while step t is under way, the gradient steps due use what is known up to
 * t - 1. The order of everything is fixed, so that a config gives one curve, bit for bit, however busy the machine is.
 *
 * @example
 * const { config } = await loadConfig("cartpole-dqn");
 * const { network, curve, evaluations } = await trainDqn(dqnSchema.parse({ ...config, seed: 1, episodes: 50 }));
 * console.log(curve.at(-1)!.mean100, evaluations.at(-1)!.mean);
 *
 * Errors: ACTIONS_NOT_DISCRETE, OBSERVATIONS_UNSUPPORTED, SCALING_IMPOSSIBLE, INTERRUPTED, and those of the environments.
 */
export async function trainDqn(config: DqnConfig, options: TrainDqnOptions = {}): Promise<DqnResult> {
  const { makeEnvironments, makeTrainable = createTrainable } = options;
  if (!makeEnvironments)
    return withGymnasium(config.environment, (make) => trainDqn(config, { ...options, makeEnvironments: make }));
  return train(config, { ...options, makeEnvironments, makeTrainable });
}

type Options = TrainDqnOptions & { readonly makeEnvironments: MakeEnvironments; readonly makeTrainable: MakeTrainable };

async function train(config: DqnConfig, options: Options): Promise<DqnResult> {
  const { signal } = options;
  const started = performance.now();
  const environments = await options.makeEnvironments(config.environment.count);
  const { observationSize, actions, count } = environments;
  assertScalingFits(config.scaling, observationSize, config.environment.id);
  const maxBatch = Math.max(config.batchSize, count, config.evaluation.episodes);
  const networks = await createNetworks(config, { observationSize, actions, maxBatch }, options.makeTrainable);
  const state = createState(config, environments, networks.policy, networks.target);
  const { progression } = state;
  const learn = createLearner(config, state);
  const evaluate = createEvaluator(config, state, options);
  const scaled = new Float32Array(count * observationSize);
  const act = greedy(state.policy, config.scaling);
  const safePoint = (last: boolean): void =>
    options.onSafePoint?.({ snapshot: () => takeSnapshot(state, spent()), last });
  let before = 0;
  const spent = (): number => before + (performance.now() - started) / 1000;

  try {
    if (options.resume) {
      await restoreSnapshot(state, options.resume, environments);
      before = progression.seconds;
    } else await begin(state, environments);

    while (progression.curve.length < config.episodes && !progression.confirmed) {
      if (signal?.aborted) {
        safePoint(true);
        throw new DsqnError("INTERRUPTED", `Training stopped after episode ${progression.curve.length}.`, {
          cause: signal.reason,
        });
      }
      safePoint(false);
      const epsilon = valueAt(config.epsilon, progression.environmentSteps);
      const chosen = act(state.observations, count).slice();
      for (let i = 0; i < count; i++)
        if (state.random.exploration.uniform() < epsilon) chosen[i] = state.random.exploration.integer(actions);
      const pending = environments.step(chosen);
      learn(count);
      const result = await pending;
      await record(config, state, environments, chosen, result, epsilon, options, spent, scaled);
      if (progression.environmentSteps >= progression.nextEvaluation) {
        progression.nextEvaluation += config.evaluation.every;
        await evaluate();
      }
    }
    if (!progression.chosen) await evaluate();
    progression.seconds = spent();
    safePoint(true);
    return {
      network: exportNetwork(state.policy, state.chosenParameters, config),
      initial: exportNetwork(state.policy, state.initialParameters, config),
      last: exportNetwork(state.policy, state.policy.parameters, config),
      curve: progression.curve,
      evaluations: progression.evaluations,
      chosen: progression.chosen,
      confirmed: progression.confirmed,
      solvedAt: progression.solvedAt,
      environmentSteps: progression.environmentSteps,
      updates: progression.updates,
      seconds: progression.seconds,
    };
  } finally {
    state.policy.close();
    state.target.close();
    await environments.close();
    await evaluate.close();
  }
}

async function begin(state: TrainingState, environments: Environments): Promise<void> {
  for (const episode of state.episodes) episode.seed = state.random.environment.integer(2 ** 31);
  state.observations = (await environments.reset({ seed: state.episodes.map((episode) => episode.seed) })).slice();
}

/** Remembers one step of all environments, ends their episodes, starts new ones. */
async function record(
  config: DqnConfig,
  state: TrainingState,
  environments: Environments,
  actions: Int32Array,
  result: Awaited<ReturnType<Environments["step"]>>,
  epsilon: number,
  options: TrainDqnOptions,
  spent: () => number,
  scaled: Float32Array,
): Promise<void> {
  const { progression, episodes, windows, memory, observations } = state;
  const { count, observationSize: n } = environments;
  const shape = rewardShapings[config.rewardShaping];
  const seen = config.scaling ? scaleObservations(config.scaling, observations, scaled.slice()) : observations.slice();
  const next = config.scaling ? scaleObservations(config.scaling, result.observations, scaled) : result.observations;
  const row = (values: Float32Array, i: number): Float32Array => values.subarray(i * n, (i + 1) * n);
  const ended = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const terminated = result.terminated[i] === 1;
    const truncated = result.truncated[i] === 1;
    const reward = shape(
      result.rewards[i],
      row(observations, i),
      row(result.observations, i),
      terminated,
      config.gamma,
    );
    windows[i].push(
      {
        observation: row(seen, i),
        action: actions[i],
        reward: reward * config.rewardScale,
        next: row(next, i),
        terminated,
        truncated,
      },
      (...transition) => memory.push(...transition),
    );
    progression.environmentSteps++;
    episodes[i].actions.push(actions[i]);
    episodes[i].return += result.rewards[i];
    ended[i] = Number(terminated || truncated);
    if (ended[i]) finishEpisode(config, state, i, epsilon, options, spent);
  }
  state.observations = result.observations.slice();
  if (!ended.includes(1)) return;
  for (let i = 0; i < count; i++)
    if (ended[i]) episodes[i] = { seed: state.random.environment.integer(2 ** 31), actions: [], return: 0 };
  state.observations = (
    await environments.reset({ seed: episodes.map((episode) => episode.seed), mask: ended })
  ).slice();
}

function finishEpisode(
  config: DqnConfig,
  state: TrainingState,
  i: number,
  epsilon: number,
  options: TrainDqnOptions,
  spent: () => number,
): void {
  const { progression, episodes } = state;
  const { curve } = progression;
  const entry: EpisodeEntry = {
    episode: curve.length,
    environmentSteps: progression.environmentSteps,
    return: episodes[i].return,
    length: episodes[i].actions.length,
    mean100: mean100(curve, episodes[i].return),
    epsilon,
    loss: progression.loss,
  };
  curve.push(entry);
  if (config.target.kind === "episodes" && entry.episode % config.target.every === 0)
    state.target.parameters.set(state.policy.parameters);
  if (config.solve) watchCriterion(config.solve, curve, progression);
  options.onEpisode?.(entry);
  options.onProgress?.({
    stage: "train",
    done: curve.length,
    total: config.episodes,
    unit: "episodes",
    note:
      `mean100 ${entry.mean100.toFixed(1)}  epsilon ${epsilon.toFixed(2)}  ${(progression.environmentSteps / spent()).toFixed(0)} env-steps/s` +
      (progression.chosen ? `  greedy ${progression.chosen.mean.toFixed(1)}` : ""),
  });
}
