import type { Evaluation } from "../src/learning/evaluate.ts";
import { studentQuantile } from "../src/numeric/statistics.ts";
import type { Behaviour } from "./breakout/behaviour.ts";
import type { Reported } from "./tables/figures.ts";
import type { Trial } from "./tables/trial.ts";

/** What is to be made of a row: "explained" differs for a reason that another measurement confirms; "missing" has no network. */
export type Verdict = "agrees" | "better" | "worse" | "explained" | "missing";

/** What one side measured for a trial. Similarities in percent, as in the thesis. */
export interface Measured extends Pick<
  Evaluation,
  "mean" | "std" | "ci95" | "episodes" | "decisions" | "similarity" | "similarityCi95"
> {
  readonly seconds: number;
  /** Of Breakout, where they are shown. */
  readonly spikesPerDecision?: number | null;
  readonly synOpsPerDecision?: number | null;
  readonly behaviour?: Behaviour;
}

/** A verdict, and why it is not "agrees" where that is known; no verdict where the thesis has no figure. */
export interface Opinion {
  readonly verdict: Verdict | null;
  readonly reason: string | null;
}

const THESIS_EPISODES = 100;

/**
 * Ours against the thesis: by similarity where the thesis reports one (of conversions: how well they keep the source's actions), else by
 * score. "agrees" is a difference within its own 95 % interval (Welch's).
 */
export function judge(trial: Trial, ours: Measured | null): Opinion {
  if (!ours) return { verdict: "missing", reason: "models/ has no such network" };
  const { thesis, reason = null } = trial;
  const bySimilarity = thesis.similarity !== null && ours.similarity !== null;
  if (!bySimilarity && thesis.mean === null) return { verdict: null, reason: null };
  const difference = bySimilarity ? ours.similarity - thesis.similarity : ours.mean - thesis.mean!;
  const margin = bySimilarity ? similarityMargin(ours, trial) : scoreMargin(ours, trial);
  const reached = trial.thesisIsBound === true && difference >= -margin;
  if (reached || Math.abs(difference) <= margin) return { verdict: "agrees", reason: null };
  return difference > 0 ? { verdict: "better", reason: null } : { verdict: "worse", reason };
}

/** The original's own networks, run by our engine or in the thesis's set-up, against the thesis: in score and in similarity. */
export function judgeOriginal(trial: Trial, original: Measured): { verdict: Verdict; reason: string | null } {
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

/**
 * The verdict on a row in a simulator, and where it is not "agrees" a reason that was tested in the same run: the same network without
 * any simulator (`exact`) against what the thesis reports of its network without one (`trial.own`). Where these differ too, the stored or
 * converted network is not the table's, and nothing more can be said about the set-up; else the difference is not explained.
 */
export function judgeInSimulator(trial: Trial, ours: Measured | null, exact: Measured | null): Opinion {
  if (!ours || !exact) return { verdict: "missing", reason: "the original's folder has no such network" };
  const judged = judgeOriginal(trial, ours);
  if (judged.verdict === "agrees") return judged;
  const { own, player } = trial;
  if (!own) return { ...judged, reason: "not explained" };
  // Trained as it is, a network is compared with itself where there is no simulator: only scores can tell two apart.
  const thesis: Reported = player === "dsqn" ? { ...own, similarity: null } : own;
  const both = `without a simulator it gives ${shown(exact, thesis)}, the table's ${shown(thesis, thesis)}`;
  if (judgeOriginal({ ...trial, thesis, thesisEpisodes: undefined }, exact).verdict === "agrees")
    return { ...judged, reason: `not explained: ${both}` };
  const what = player === "dsqn" ? "network stored under this name" : "conversion";
  return {
    verdict: "explained",
    reason: [`the ${what} is not the table's: ${both}`, trial.reason].filter(Boolean).join("; "),
  };
}

function shown({ mean, similarity }: { mean: number | null; similarity: number | null }, like: Reported): string {
  const percent = like.similarity !== null && similarity !== null ? ` and ${similarity.toFixed(2)} %` : "";
  return `${mean!.toFixed(2)}${percent}`;
}

/** A row that is worse is explained if another one of its table, in which the supposed cause is removed, is not. */
export function explain<R extends Opinion & { readonly table: string; readonly name: string }>(
  { remedy }: Trial,
  row: R,
  rows: readonly R[],
): R {
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

/** Of the difference of two means; the thesis's side counts as exact where it gives no deviation. */
function scoreMargin(
  { std, episodes }: Measured,
  { thesis, thesisEpisodes = THESIS_EPISODES }: Pick<Trial, "thesis" | "thesisEpisodes">,
): number {
  const known = thesis.std ?? 0;
  const [a, b] = [(std * std) / episodes, (known * known) / thesisEpisodes];
  if (a + b === 0) return 0;
  const freedom = ((a + b) * (a + b)) / ((a * a) / (episodes - 1) + (b * b) / (thesisEpisodes - 1));
  return studentQuantile(freedom) * Math.sqrt(a + b);
}

/** Of the difference of two similarities; the thesis's is as uncertain as ours would be after as many episodes. */
function similarityMargin(
  { similarityCi95, episodes }: Measured,
  { thesisEpisodes = THESIS_EPISODES }: Pick<Trial, "thesisEpisodes">,
): number {
  return (Math.sqrt(1 + episodes / thesisEpisodes) * (similarityCi95![1] - similarityCi95![0])) / 2;
}
