import type { LearnerState } from "./tensorflow-learner.ts";
import type { TensorData } from "../../files/tensor.ts";
import type { Random, RandomState } from "../../numeric/random.ts";
import type { FrameMemory, FrameMemoryState } from "./memory.ts";

/** One finished training game, in the game's own points. */
export interface PixelEpisode {
  readonly episode: number;
  /** Agent steps by then, over all environments. */
  readonly environmentSteps: number;
  readonly return: number;
  /** In agent steps. */
  readonly length: number;
  /** Mean return of the last 100 episodes (of all, while fewer). */
  readonly mean100: number;
  readonly epsilon: number;
  readonly loss: number;
}

/** One evaluation during training. */
export interface PixelEvaluation {
  readonly environmentSteps: number;
  /** Training episodes finished by then. */
  readonly episode: number;
  readonly updates: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly episodes: number;
  /** Mean length in agent steps. */
  readonly length: number;
  readonly seconds: number;
}

/** Counters: everything of a run that is plain JSON. */
export interface PixelProgression {
  environmentSteps: number;
  updates: number;
  /** Agent steps not yet paid for with gradient steps. */
  credit: number;
  /** Running mean of the loss. */
  loss: number;
  episodes: number;
  /** Returns of the last 100 episodes. */
  recent: number[];
  bestMean100: { episode: number; mean100: number } | null;
  evaluations: PixelEvaluation[];
  nextEvaluation: number;
  chosen: PixelEvaluation | null;
  seconds: number;
}

/** What one environment is in the middle of: with its seed and its actions the environment can be brought back there. */
export interface OpenGame {
  seed: number;
  actions: number[];
  return: number;
}

/** The streams of random numbers of a run. */
export interface PixelRandom {
  readonly environment: Random;
  readonly exploration: Random;
  readonly replay: Random;
}

/** Everything that a run needs to go on, but for the frames (frame-file.ts). */
export interface PixelSnapshot {
  readonly facts: {
    readonly progression: PixelProgression;
    readonly games: readonly OpenGame[];
    readonly random: Readonly<Record<keyof PixelRandom, RandomState>>;
    readonly memory: FrameMemoryState["facts"];
    readonly optimizerSteps: number;
  };
  readonly tensors: Readonly<Record<string, TensorData>>;
}

/** What a snapshot is taken of. */
export interface PixelState {
  readonly progression: PixelProgression;
  readonly games: OpenGame[];
  readonly random: PixelRandom;
  readonly memory: FrameMemory;
  /** Weights of the chosen and of the first network. */
  chosen: readonly Float32Array[];
  initial: readonly Float32Array[];
}

const names = (prefix: string, arrays: readonly TensorData[]): Record<string, TensorData> =>
  Object.fromEntries(arrays.map((array, i) => [`${prefix}.${i}`, array]));

/** The tensors are views where they can be: write them before training goes on. */
export function takePixelSnapshot(state: PixelState, learner: LearnerState, seconds: number): PixelSnapshot {
  const { actions, rewards, flags, priorities, facts } = state.memory.save();
  const { environment, exploration, replay } = state.random;
  return {
    facts: {
      progression: { ...state.progression, seconds },
      games: state.games,
      random: { environment: environment.state, exploration: exploration.state, replay: replay.state },
      memory: facts,
      optimizerSteps: learner.steps,
    },
    tensors: {
      ...names("online", learner.online),
      ...names("target", learner.target),
      ...Object.assign({}, ...learner.moments.map((moment, k) => names(`moment${k}`, moment))),
      ...names("chosen", state.chosen),
      ...names("initial", state.initial),
      "replay.actions": actions,
      "replay.rewards": rewards,
      "replay.flags": flags,
      "replay.priorities": priorities,
    },
  };
}

/** Puts `state` where the snapshot was taken; returns what the learner is to be restored to. */
export function restorePixelSnapshot(state: PixelState, { facts, tensors }: PixelSnapshot): LearnerState {
  const take = (prefix: string): Float32Array[] => {
    const arrays: Float32Array[] = [];
    for (let i = 0; `${prefix}.${i}` in tensors; i++) arrays.push(tensors[`${prefix}.${i}`] as Float32Array);
    return arrays;
  };
  Object.assign(state.progression, structuredClone(facts.progression));
  facts.games.forEach((game, i) => (state.games[i] = { ...game, actions: [...game.actions] }));
  for (const name of ["environment", "exploration", "replay"] as const) state.random[name].state = facts.random[name];
  state.memory.restore({
    actions: tensors["replay.actions"] as Uint8Array,
    rewards: tensors["replay.rewards"] as Float32Array,
    flags: tensors["replay.flags"] as Uint8Array,
    priorities: tensors["replay.priorities"] as Float64Array,
    facts: facts.memory,
  });
  state.chosen = take("chosen");
  state.initial = take("initial");
  const moments = ["moment0", "moment1"].map(take).filter((arrays) => arrays.length > 0);
  return { online: take("online"), target: take("target"), moments, steps: facts.optimizerSteps };
}
