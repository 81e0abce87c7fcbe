import type { Evaluation } from "../agents/evaluate.ts";
import { studentQuantile } from "../agents/statistics.ts";
import type { Trial } from "./trials.ts";

export type Verdict = "agrees" | "better" | "worse" | "explained" | "missing";

/** What one side measured for a trial. Similarities in percent, as in the thesis. */
export interface Measured extends Pick<
  Evaluation,
  "mean" | "std" | "ci95" | "episodes" | "decisions" | "similarity" | "similarityCi95"
> {
  readonly seconds: number;
}

const THESIS_EPISODES = 100;

/**
 * Ours against the thesis. Conversions are judged by how well they keep the source's actions, all else by score; "agrees" is a
 * difference within its own 95 % interval (Welch's).
 */
export function judge(trial: Trial, ours: Measured | null): { verdict: Verdict; reason: string | null } {
  if (!ours) return { verdict: "missing", reason: "models/ has no such network" };
  const { thesis } = trial;
  const bySimilarity = trial.conversion !== undefined && thesis.similarity !== null && ours.similarity !== null;
  const difference = bySimilarity ? ours.similarity - thesis.similarity : ours.mean - thesis.mean!;
  const margin = bySimilarity ? similarityMargin(ours, trial) : scoreMargin(ours, trial);
  const reached = trial.thesisIsBound === true && difference >= -margin;
  if (reached || Math.abs(difference) <= margin) return { verdict: "agrees", reason: null };
  if (difference > 0) return { verdict: "better", reason: null };
  if (trial.reading && trial.reading.encoding !== "constant")
    return {
      verdict: "explained",
      reason: "spikes carry inputs of at most 1 per step; our networks, which see larger ones, lose more by it",
    };
  return trial.reading?.decoding === "spikes"
    ? {
        verdict: "explained",
        reason: "Q-values below 0 give no spikes, and equal counts are decided by a rule, not by the network",
      }
    : { verdict: "worse", reason: null };
}

/** The original's own networks, run by our engine, against the thesis: in score and in similarity. */
export function judgeOriginal(
  trial: Trial,
  original: Measured | null,
): { verdict: Verdict; reason: string | null } | null {
  if (!original) return null;
  const { thesis } = trial;
  const scoreAgrees =
    thesis.mean === null || Math.abs(original.mean - thesis.mean) <= Math.max(0.5, scoreMargin(original, trial));
  const similarityAgrees =
    thesis.similarity === null ||
    original.similarity === null ||
    (trial.thesisIsBound === true && original.similarity >= thesis.similarity - 0.1) ||
    Math.abs(original.similarity - thesis.similarity) <= Math.max(0.5, similarityMargin(original, trial));
  if (scoreAgrees && similarityAgrees) return { verdict: "agrees", reason: null };
  if (trial.reason) return { verdict: "explained", reason: trial.reason };
  const better = scoreAgrees ? original.similarity! > thesis.similarity! : original.mean > thesis.mean;
  return { verdict: better ? "better" : "worse", reason: null };
}

function scoreMargin({ std, episodes }: Measured, { thesis, thesisEpisodes = THESIS_EPISODES }: Trial): number {
  const [a, b] = [std ** 2 / episodes, (thesis.std ?? 0) ** 2 / thesisEpisodes];
  if (a + b === 0) return 0;
  const freedom = (a + b) ** 2 / (a ** 2 / (episodes - 1) + b ** 2 / (thesisEpisodes - 1));
  return studentQuantile(freedom) * Math.sqrt(a + b);
}

/** Of the difference of two similarities; the thesis's is as uncertain as ours would be after as many episodes. */
function similarityMargin({ similarityCi95, episodes }: Measured, { thesisEpisodes = THESIS_EPISODES }: Trial): number {
  return (Math.sqrt(1 + episodes / thesisEpisodes) * (similarityCi95![1] - similarityCi95![0])) / 2;
}
