import type { Environments, MakeEnvironments } from "../environments/worlds.ts";
import { Random } from "../numeric/random.ts";
import { mean } from "../numeric/statistics.ts";
import type { Algorithm } from "./algorithm.ts";
import { runEpisodes } from "./episodes.ts";
import type { EvaluationEntry } from "./learning-curve.ts";
import type { RunState } from "./snapshot.ts";

/** How a run is judged as it goes: greedy episodes on seeds of their own, which choose the network. */
export interface EvaluationPlan {
  /** Between evaluations: so many environment steps, or updates. */
  readonly every: number;
  readonly clock: "steps" | "updates";
  readonly episodes: number;
  /** Probability of a random action. */
  readonly epsilon?: number;
  /** The run ends when an evaluation reaches `mean`, and one over `episodes` other episodes confirms it. */
  readonly stop?: { readonly mean: number; readonly episodes: number };
  /** Each evaluation that reaches `mean` multiplies the learning rate by `factor`. */
  readonly settle?: { readonly mean: number; readonly factor: number };
  /** The first seeds of evaluation and confirmation; drawn from the run's own unless given. */
  readonly seeds?: readonly [first: number, confirmation: number];
  /** Whether the network is scored at the end of training too, or only if none was before. */
  readonly atEnd: boolean;
}

/** Scores the network as it is, keeps it when it is the best yet, and confirms a score that may end the run. */
export interface Selection {
  /** The entry, and whether it is now the chosen one. */
  evaluate(): Promise<{ entry: EvaluationEntry; best: boolean }>;
  close(): Promise<void>;
}

interface SelectionOptions {
  readonly seed: number;
  readonly makeEnvironments: MakeEnvironments;
  readonly signal?: AbortSignal;
  readonly onWarning?: (message: string) => void;
}

export function createSelection(
  plan: EvaluationPlan,
  algorithm: Algorithm,
  state: RunState,
  { seed, makeEnvironments, signal, onWarning }: SelectionOptions,
): Selection {
  const { progression } = state;
  const stream = Random.stream(seed, "evaluation");
  // The same starts for every network: the difference between two scores is then the networks', not the starts'.
  const groups = [plan.episodes, plan.stop?.episodes ?? 0].map((episodes, which) => ({
    seeds: Array.from({ length: episodes }, (_, i) => (plan.seeds ? plan.seeds[which] + i : stream.integer(2 ** 31))),
    environments: undefined as Environments | undefined,
  }));
  const score = async (which: 0 | 1): Promise<{ returns: number[]; lengths: number[] }> => {
    const group = groups[which];
    group.environments ??= await makeEnvironments(group.seeds.length);
    return runEpisodes(group.environments, algorithm.greedy, {
      seeds: group.seeds,
      epsilon: plan.epsilon,
      signal,
      onWarning,
    });
  };

  return {
    async evaluate() {
      let { returns, lengths } = await score(0);
      const { settle, stop } = plan;
      if (settle && mean(returns) >= settle.mean) algorithm.slowDown(settle.factor);
      if (stop && mean(returns) >= stop.mean) {
        const confirmation = await score(1);
        progression.confirmed = mean(confirmation.returns) >= stop.mean;
        returns = [...returns, ...confirmation.returns];
        lengths = [...lengths, ...confirmation.lengths];
      }
      const entry: EvaluationEntry = {
        environmentSteps: progression.environmentSteps,
        episode: state.curve.length,
        updates: algorithm.updates,
        mean: mean(returns),
        min: Math.min(...returns),
        max: Math.max(...returns),
        episodes: returns.length,
        length: mean(lengths),
      };
      progression.evaluations.push(entry);
      // Of equal scores the later: it has learned from more.
      const best = !progression.chosen || entry.mean >= progression.chosen.mean || progression.confirmed;
      if (best) {
        progression.chosen = entry;
        state.chosen = algorithm.candidate();
      }
      return { entry, best };
    },
    async close() {
      for (const { environments } of groups) await environments?.close();
    },
  };
}
