import type { Evaluation } from "../../src/learning/evaluate.ts";
import { studentQuantile } from "../../src/numeric/statistics.ts";
import type { Reported } from "./thesis.ts";
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
  return { verdict: difference > 0 ? "better" : "worse", reason: null };
}

/** The original's own networks, run by our engine, against the thesis: in score and in similarity. */
export function judgeOriginal(
  trial: Trial,
  original: Measured | null,
): { verdict: Verdict; reason: string | null } | null {
  if (!original) return null;
  const { thesis, alsoReported } = trial;
  const agreement = agrees(trial, thesis, original);
  if (agreement.score && agreement.similarity) return { verdict: "agrees", reason: null };
  if (alsoReported) {
    const other = agrees(trial, alsoReported.figures, original);
    if (other.score && other.similarity) return { verdict: "explained", reason: alsoReported.reason };
  }
  const better = agreement.score ? original.similarity! > thesis.similarity! : original.mean > thesis.mean!;
  return { verdict: better ? "better" : "worse", reason: null };
}

/** A row that is worse is explained if another one of its table, in which the supposed cause is removed, is not. */
export function explain<R extends { readonly table: string; readonly name: string; readonly verdict: Verdict }>(
  trial: Trial,
  row: R,
  rows: readonly R[],
): R {
  const { remedy } = trial;
  if (row.verdict !== "worse" || !remedy) return row;
  const without = rows.find(({ table, name }) => table === row.table && name === remedy.row);
  return without?.verdict === "better" || without?.verdict === "agrees"
    ? { ...row, verdict: "explained", reason: remedy.cause }
    : row;
}

function agrees(trial: Trial, reported: Reported, original: Measured): { score: boolean; similarity: boolean } {
  const { mean, similarity } = reported;
  const against = { ...trial, thesis: reported };
  return {
    score: mean === null || Math.abs(original.mean - mean) <= Math.max(0.5, scoreMargin(original, against)),
    similarity:
      similarity === null ||
      original.similarity === null ||
      (trial.thesisIsBound === true && original.similarity >= similarity - 0.1) ||
      Math.abs(original.similarity - similarity) <= Math.max(0.5, similarityMargin(original, trial)),
  };
}

function scoreMargin(
  { std, episodes }: Measured,
  { thesis, thesisEpisodes = THESIS_EPISODES }: Pick<Trial, "thesis" | "thesisEpisodes">,
): number {
  const [a, b] = [std ** 2 / episodes, (thesis.std ?? 0) ** 2 / thesisEpisodes];
  if (a + b === 0) return 0;
  const freedom = (a + b) ** 2 / (a ** 2 / (episodes - 1) + b ** 2 / (thesisEpisodes - 1));
  return studentQuantile(freedom) * Math.sqrt(a + b);
}

/** Of the difference of two similarities; the thesis's is as uncertain as ours would be after as many episodes. */
function similarityMargin(
  { similarityCi95, episodes }: Measured,
  { thesisEpisodes = THESIS_EPISODES }: Pick<Trial, "thesisEpisodes">,
): number {
  return (Math.sqrt(1 + episodes / thesisEpisodes) * (similarityCi95![1] - similarityCi95![0])) / 2;
}
