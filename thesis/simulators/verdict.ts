import type { Reported } from "../tables/thesis.ts";
import { judgeOriginal, type Measured, type Verdict } from "../tables/verdict.ts";
import type { SimulatorTrial } from "./trials.ts";

/**
 * The verdict on a row, and where it is not "agrees" a reason that was tested in the same run: the same network without any
 * simulator (`exact`) against what the thesis reports of its network without one (`trial.own`). Where these differ too, the stored or
 * converted network is not the table's, and nothing more can be said about the set-up; else the difference is not explained.
 */
export function judgeInSimulator(
  trial: SimulatorTrial,
  ours: Measured,
  exact: Measured,
): { verdict: Verdict; reason: string | null } {
  const judged = judgeOriginal({ ...trial, reason: undefined }, ours)!;
  if (judged.verdict === "agrees") return judged;
  const { own, network } = trial;
  if (!own) return { ...judged, reason: "not explained" };
  // Trained as it is, a network is compared with itself where there is no simulator: only scores can tell two apart.
  const thesis: Reported = network === "dsqn" ? { ...own, similarity: null } : own;
  const both = `without a simulator it gives ${shown(exact, thesis)}, the table's ${shown(thesis, thesis)}`;
  if (judgeOriginal({ ...trial, thesis, thesisEpisodes: undefined, reason: undefined }, exact)!.verdict === "agrees")
    return { ...judged, reason: `not explained: ${both}` };
  const what = network === "dsqn" ? "network stored under this name" : "conversion";
  return {
    verdict: "explained",
    reason: [`the ${what} is not the table's: ${both}`, trial.reason].filter(Boolean).join("; "),
  };
}

function shown({ mean, similarity }: { mean: number | null; similarity: number | null }, like: Reported): string {
  const percent = like.similarity !== null && similarity !== null ? ` and ${similarity.toFixed(2)} %` : "";
  return `${mean!.toFixed(2)}${percent}`;
}
