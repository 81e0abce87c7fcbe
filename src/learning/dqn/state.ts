import type { TrainableNetwork } from "../../network/trainable.ts";
import { adam, rmsprop, type Optimizer } from "../../engines/optimizers/index.ts";
import { Random, type RandomState } from "../../numeric/random.ts";
import type { Environments } from "../../environments/worlds.ts";
import type { CurveEntry, SolveState } from "../learning-curve.ts";
import { ReplayMemory } from "../replay/memory.ts";
import { NStepWindow, type SavedWindow } from "../replay/n-step.ts";
import type { DqnConfig } from "./config.ts";

/** One greedy evaluation during training. */
export interface EvaluationEntry {
  readonly environmentSteps: number;
  /** Training episodes finished by then. */
  readonly episode: number;
  readonly mean: number;
  readonly min: number;
  readonly episodes: number;
}

/** One finished training episode, in the environment's own rewards. */
export interface EpisodeEntry extends CurveEntry {
  readonly environmentSteps: number;
  readonly length: number;
  readonly epsilon: number;
  readonly loss: number;
}

/** Counters and curves: everything of a run that is plain JSON. */
export interface Progression extends SolveState {
  environmentSteps: number;
  updates: number;
  /** Environment steps not yet paid for with gradient steps. */
  credit: number;
  loss: number;
  curve: EpisodeEntry[];
  evaluations: EvaluationEntry[];
  /** What the learning rate is multiplied by (`evaluation.settle`). */
  settled: number;
  /** Environment steps at which the next evaluation is due. */
  nextEvaluation: number;
  chosen: EvaluationEntry | null;
  /** Whether the evaluation that ends a run early was confirmed. */
  confirmed: boolean;
  seconds: number;
}

/** What one environment is in the middle of: with its seed and its actions the environment can be brought back there. */
export interface OpenEpisode {
  seed: number;
  actions: number[];
  return: number;
}

export interface TrainingState {
  readonly policy: TrainableNetwork;
  readonly target: TrainableNetwork;
  readonly optimizer: Optimizer;
  readonly memory: ReplayMemory;
  readonly windows: readonly NStepWindow[];
  readonly random: { readonly environment: Random; readonly exploration: Random; readonly replay: Random };
  readonly chosenParameters: Float32Array;
  readonly initialParameters: Float32Array;
  readonly episodes: OpenEpisode[];
  readonly progression: Progression;
  /** Raw observations the next actions answer to, [count, observationSize]. */
  observations: Float32Array;
}

/** Everything that a run needs to go on, as JSON and arrays. */
export interface Snapshot {
  readonly facts: {
    readonly progression: Progression;
    readonly episodes: readonly OpenEpisode[];
    readonly windows: readonly SavedWindow[];
    readonly random: {
      readonly environment: RandomState;
      readonly exploration: RandomState;
      readonly replay: RandomState;
    };
    readonly replay: { readonly count: number; readonly next: number; readonly maxPriority: number };
    readonly optimizerSteps: number;
  };
  readonly tensors: Readonly<Record<string, Float32Array | Float64Array | Int32Array>>;
}

export function createState(
  config: DqnConfig,
  environments: Environments,
  policy: TrainableNetwork,
  target: TrainableNetwork,
): TrainingState {
  const { replay, seed } = config;
  return {
    policy,
    target,
    optimizer: createOptimizer(config.optimizer, policy.parameters.length),
    memory: new ReplayMemory(replay.capacity, environments.observationSize, replay.prioritisation),
    windows: Array.from(
      { length: environments.count },
      () => new NStepWindow(config.nStep, config.gamma, config.truncation === "drop"),
    ),
    random: {
      environment: Random.stream(seed, "environment"),
      exploration: Random.stream(seed, "exploration"),
      replay: Random.stream(seed, "replay"),
    },
    chosenParameters: policy.parameters.slice(),
    initialParameters: policy.parameters.slice(),
    episodes: Array.from({ length: environments.count }, () => ({ seed: 0, actions: [], return: 0 })),
    observations: new Float32Array(environments.count * environments.observationSize),
    progression: {
      environmentSteps: 0,
      updates: 0,
      credit: 0,
      loss: 0,
      curve: [],
      evaluations: [],
      settled: 1,
      nextEvaluation: config.evaluation.every,
      solveCounter: 0,
      solvedAt: null,
      chosen: null,
      confirmed: false,
      seconds: 0,
    },
  };
}

function createOptimizer(config: DqnConfig["optimizer"], size: number): Optimizer {
  return config.kind === "adam"
    ? adam(size, { beta1: config.beta1, beta2: config.beta2, epsilon: config.epsilon })
    : rmsprop(size, { alpha: config.decay, epsilon: config.epsilon });
}

/** `seconds`: spent so far, earlier parts of the run included. The tensors are views: write them before training goes on. */
export function takeSnapshot(state: TrainingState, seconds: number): Snapshot {
  const { tensors, ...replay } = state.memory.save();
  const optimizer = state.optimizer.save();
  const moments = Object.fromEntries(optimizer.moments.map((moment, i) => [`optimizer.${i}`, moment]));
  return {
    facts: {
      progression: { ...state.progression, seconds },
      episodes: state.episodes,
      windows: state.windows.map((window) => window.save()),
      random: {
        environment: state.random.environment.state,
        exploration: state.random.exploration.state,
        replay: state.random.replay.state,
      },
      replay,
      optimizerSteps: optimizer.steps,
    },
    tensors: {
      // Copies: these lie in the kernels' memory, which threads share.
      policy: state.policy.parameters.slice(),
      target: state.target.parameters.slice(),
      chosen: state.chosenParameters,
      initial: state.initialParameters,
      ...moments,
      ...Object.fromEntries(Object.entries(tensors).map(([name, values]) => [`replay.${name}`, values])),
    },
  };
}

/** Puts `state` where the snapshot was taken, the environments included: each open episode is played again from its seed. */
export async function restoreSnapshot(
  state: TrainingState,
  { facts, tensors }: Snapshot,
  environments: Environments,
): Promise<void> {
  state.policy.parameters.set(tensors.policy);
  state.target.parameters.set(tensors.target);
  state.chosenParameters.set(tensors.chosen);
  state.initialParameters.set(tensors.initial);
  const moments = state.optimizer.save().moments.map((_, i) => tensors[`optimizer.${i}`] as Float32Array);
  state.optimizer.restore({ steps: facts.optimizerSteps, moments });
  const replay = Object.entries(tensors).filter(([name]) => name.startsWith("replay."));
  state.memory.restore({
    ...facts.replay,
    tensors: Object.fromEntries(replay.map(([name, values]) => [name.slice(7), values])),
  });
  state.windows.forEach((window, i) => window.restore(facts.windows[i]));
  state.random.environment.state = facts.random.environment;
  state.random.exploration.state = facts.random.exploration;
  state.random.replay.state = facts.random.replay;
  facts.episodes.forEach((episode, i) => (state.episodes[i] = { ...episode, actions: [...episode.actions] }));
  Object.assign(state.progression, structuredClone(facts.progression));
  state.observations = await replayEpisodes(environments, state.episodes);
}

/**
 * Brings environment i to where `episodes[i].actions` lead from its seed, all of them arriving together: an environment with a
 * shorter history starts later. Returns the observations there.
 */
async function replayEpisodes(environments: Environments, episodes: readonly OpenEpisode[]): Promise<Float32Array> {
  const seed = episodes.map((episode) => episode.seed);
  const longest = Math.max(...episodes.map((episode) => episode.actions.length));
  let observations = await environments.reset({ seed });
  for (let t = 0; t < longest; t++) {
    const start = episodes.map((episode) => t - (longest - episode.actions.length));
    // An environment that waits is reset before every step: nothing is known of a step after an episode's end.
    const waiting = Uint8Array.from(start, (s) => Number(s <= 0));
    if (t > 0 && waiting.includes(1)) await environments.reset({ seed, mask: waiting });
    observations = (await environments.step(Int32Array.from(start, (s, i) => (s < 0 ? 0 : episodes[i].actions[s]))))
      .observations;
  }
  const unstarted = Uint8Array.from(episodes, (episode) => Number(episode.actions.length === 0));
  return longest > 0 && unstarted.includes(1) ? environments.reset({ seed, mask: unstarted }) : observations;
}
