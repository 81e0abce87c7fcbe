import type { Environments, PixelEnvironments } from "../environments/worlds.ts";
import { DsqnError } from "../errors.ts";
import type { TensorData } from "../files/tensor.ts";
import { Random, type RandomState } from "../numeric/random.ts";
import { type Algorithm, listed, prefixed, type Shown, unprefixed, type Weights } from "./algorithm.ts";
import { type EpisodeEntry, type EvaluationEntry, packCurve, type SolveState, unpackCurve } from "./learning-curve.ts";

/** Counters and scores of a run. */
export interface Progression extends SolveState {
  environmentSteps: number;
  evaluations: EvaluationEntry[];
  /** Environment steps, or updates, at which the next evaluation is due. */
  nextEvaluation: number;
  chosen: EvaluationEntry | null;
  /** How often learning has begun anew, and after how many environment steps for the last time; absent: never. */
  begun?: { readonly attempt: number; readonly at: number };
  /** Whether the evaluation that ends a run early was confirmed. */
  confirmed: boolean;
  seconds: number;
}

/** What an environment is in the middle of: with its seed and its actions it can be brought back there. */
export interface OpenEpisode {
  seed: number;
  actions: number[];
  return: number;
  /** It is over, and waits for the others. */
  ended: boolean;
}

/** Everything of a run but the algorithm. */
export interface RunState {
  readonly progression: Progression;
  readonly curve: EpisodeEntry[];
  readonly episodes: OpenEpisode[];
  /** Seeds of episodes. */
  readonly random: Random;
  /** Weights of the network that evaluation chose, and of the first one. */
  chosen: Weights;
  initial: Weights;
}

/** Everything that a run needs to go on. */
export interface Snapshot {
  readonly facts: {
    readonly progression: Progression;
    readonly columns: readonly string[];
    readonly episodes: readonly OpenEpisode[];
    readonly random: RandomState;
    readonly algorithm: object;
  };
  readonly tensors: Readonly<Record<string, TensorData>>;
}

export function createRunState(seed: number, count: number, firstEvaluation: number, initial: Weights): RunState {
  return {
    random: Random.stream(seed, "environment"),
    episodes: Array.from({ length: count }, () => ({ seed: 0, actions: [], return: 0, ended: true })),
    chosen: initial,
    initial,
    curve: [],
    progression: {
      environmentSteps: 0,
      evaluations: [],
      nextEvaluation: firstEvaluation,
      solveCounter: 0,
      solvedAt: null,
      chosen: null,
      confirmed: false,
      seconds: 0,
    },
  };
}

/** `seconds`: spent so far, earlier parts of the run included. The tensors are views where they can be: write them before training goes on. */
export function takeSnapshot(state: RunState, algorithm: Algorithm, seconds: number): Snapshot {
  const { facts, tensors } = algorithm.save();
  const { columns, values } = packCurve(state.curve);
  return {
    facts: {
      progression: { ...state.progression, seconds },
      columns,
      episodes: state.episodes,
      random: state.random.state,
      algorithm: facts,
    },
    tensors: {
      curve: values,
      ...prefixed("chosen", state.chosen),
      ...prefixed("initial", state.initial),
      ...prefixed("algorithm", tensors),
    },
  };
}

/** Puts state, algorithm and environments where the snapshot was taken: each open episode is played again from its seed. */
export async function restoreSnapshot(
  { facts, tensors }: Snapshot,
  state: RunState,
  algorithm: Algorithm,
  environments: Environments,
  signal?: AbortSignal,
): Promise<void> {
  algorithm.restore({ facts: facts.algorithm, tensors: unprefixed("algorithm", tensors) });
  state.chosen = listed("chosen", tensors);
  state.initial = listed("initial", tensors);
  state.random.state = facts.random;
  state.curve.push(...unpackCurve(facts.columns, tensors.curve as Float64Array));
  Object.assign(state.progression, structuredClone(facts.progression));
  facts.episodes.forEach((episode, i) => (state.episodes[i] = { ...episode, actions: [...episode.actions] }));
  const shown = await replayEpisodes(environments, state.episodes, algorithm.sees, signal);
  for (const [i, { seed, actions, ended }] of state.episodes.entries())
    if (!ended && !algorithm.resume(i, shown(i)))
      throw new DsqnError(
        "CHECKPOINT_INVALID",
        `Episode ${i} of ${environments.id} did not come back to its checkpoint.`,
        {
          hint: "The environment, its options or its version have changed since. Start the run anew, in another folder.",
          facts: { game: i, seed, actions: actions.length },
        },
      );
}

/** What each environment shows, as the algorithm sees it. `observations`: what a reset or a step returned. */
export function shownBy(
  environments: Environments,
  sees: Algorithm["sees"],
  observations: Float32Array,
): (i: number) => Shown {
  const shown = sees === "frames" ? (environments as PixelEnvironments).newest.frames : observations;
  const size = shown.length / environments.count;
  return (i) => shown.subarray(i * size, (i + 1) * size);
}

/**
 * Brings environment i to where `episodes[i].actions` lead from its seed, all of them arriving together: an environment with a
 * shorter history starts later.
 */
async function replayEpisodes(
  environments: Environments,
  episodes: readonly OpenEpisode[],
  sees: Algorithm["sees"],
  signal?: AbortSignal,
): Promise<(i: number) => Shown> {
  const seed = episodes.map((episode) => episode.seed);
  const longest = Math.max(...episodes.map((episode) => episode.actions.length));
  let observations = await environments.reset({ seed });
  for (let t = 0; t < longest; t++) {
    if (signal?.aborted)
      throw new DsqnError("INTERRUPTED", "Stopped before the episodes were back where the checkpoint left them.", {
        cause: signal.reason,
      });
    const start = episodes.map((episode) => t - (longest - episode.actions.length));
    // An environment that waits is reset before every step: nothing is known of a step after an episode's end.
    const waiting = Uint8Array.from(start, (s) => Number(s <= 0));
    if (t > 0 && waiting.includes(1)) await environments.reset({ seed, mask: waiting });
    const actions = Int32Array.from(start, (s, i) => (s < 0 ? 0 : episodes[i].actions[s]));
    observations = (await environments.step(actions)).observations;
  }
  const unstarted = Uint8Array.from(episodes, (episode) => Number(episode.actions.length === 0));
  if (longest > 0 && unstarted.includes(1)) observations = await environments.reset({ seed, mask: unstarted });
  return shownBy(environments, sees, observations);
}
