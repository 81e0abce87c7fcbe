import { studentQuantile } from "../../../src/numeric/statistics.ts";
import type { Measured, Verdict } from "../verdict.ts";
import type { BreakoutRow } from "./thesis.ts";

/**
 * Ours against the thesis: by similarity where the thesis reports one, else by score. "agrees" is a difference within its own 95 %
 * interval (Welch's; the thesis's side counts as exact where it gives no deviation). null where the thesis has no such figure.
 */
export function judgeBreakout(
  { thesis, thesisEpisodes, thesisIsBound, reason }: BreakoutRow,
  ours: Measured | null,
): { verdict: Verdict | null; reason: string | null } {
  if (!ours) return { verdict: "missing", reason: "models/ has no such network" };
  if (thesis.similarity !== null && ours.similarity !== null) {
    const difference = ours.similarity - thesis.similarity;
    const [low, high] = ours.similarityCi95!;
    const margin = (high - low) / 2;
    if (thesisIsBound ? difference >= -margin : Math.abs(difference) <= margin)
      return { verdict: "agrees", reason: null };
    return difference > 0 ? { verdict: "better", reason: null } : explained("worse", reason);
  }
  if (thesis.mean === null) return { verdict: null, reason: null };
  const [a, b] = [ours.std ** 2 / ours.episodes, (thesis.std ?? 0) ** 2 / thesisEpisodes];
  const freedom = (a + b) ** 2 / (a ** 2 / (ours.episodes - 1) + b ** 2 / (thesisEpisodes - 1));
  const margin = a + b === 0 ? 0 : studentQuantile(freedom) * Math.sqrt(a + b);
  const difference = ours.mean - thesis.mean;
  if (Math.abs(difference) <= margin) return { verdict: "agrees", reason: null };
  return difference > 0 ? { verdict: "better", reason: null } : explained("worse", reason);
}

function explained(verdict: Verdict, reason: string | undefined): { verdict: Verdict; reason: string | null } {
  return { verdict, reason: reason ?? null };
}
