import { evaluate, type EvaluateOptions, type Evaluation } from "./evaluate.ts";
import type { MakeEnvironments } from "../environments/worlds.ts";
import type { Policy } from "./policy.ts";
import type { OnProgress } from "../progress.ts";
import type { EarlyExitPolicy, ExitRule } from "./early-exit.ts";

/** One T of a sweep. */
export interface SweepRow extends Omit<
  Evaluation,
  "similarity" | "similarityCi95" | "similarityAbove" | "regret" | "returns" | "lengths" | "seconds"
> {
  readonly steps: number;
  /** Share of equal actions with the source, on the states that the spiking network visits. */
  readonly similarity: number;
  readonly similarityCi95: readonly [number, number];
  /** Why its outputs can't depend on what it sees, or that it never spiked: then it is not recommended, however it scores. */
  readonly unheard?: string;
}

/** A sweep over T: every row, and the T to use. */
export interface Sweep {
  readonly rows: readonly SweepRow[];
  /** The source's own score on the same seeds. */
  readonly source: Pick<Evaluation, "mean" | "std" | "ci95" | "episodes">;
  readonly recommended: Recommendation;
  /** The recommended network when it stops as soon as it is certain; null where that was not asked for. */
  readonly earlyExit: EarlyExitRow | null;
}

export interface EarlyExitRow extends SweepRow {
  /** Average steps per decision; `steps` is the most it takes. */
  readonly meanSteps: number;
  readonly rule: ExitRule;
}

export interface Recommendation {
  /** null: at no T that was tried do the outputs depend on the input. */
  readonly steps: number | null;
  readonly reason: string;
}

/** What to sweep, against what, and in which environment. */
export interface SweepOptions extends Pick<EvaluateOptions, "episodes" | "firstSeed" | "signal"> {
  readonly makeEnvironments: MakeEnvironments;
  /** The spiking policy at T = `steps`: the same network run longer, or one converted for that T. */
  readonly policyAt: (steps: number) => Policy;
  /** Why the outputs at T = `steps` can't depend on the input (network/reach.ts); undefined where they may. */
  readonly unheardAt?: (steps: number) => string | undefined;
  readonly source: Policy;
  readonly steps: readonly number[];
  /** The similarity to reach. */
  readonly target?: number;
  /** The policy that stops early at T = `steps`. */
  readonly exitAt?: (steps: number) => Promise<EarlyExitPolicy>;
  readonly onProgress?: OnProgress;
}

export const sweepSteps: readonly number[] = [8, 16, 32, 64, 128, 256];

/** Score and similarity at each T, closed loop on the same seeds, and which T to use. */
export async function sweep(options: SweepOptions): Promise<Sweep> {
  const { makeEnvironments, policyAt, unheardAt, source, steps, target = 0.97, onProgress, ...common } = options;
  const { mean, std, ci95, episodes } = await evaluate(source, makeEnvironments, common);
  const measure = async (t: number, policy: Policy): Promise<SweepRow> => {
    const result = await evaluate(policy, makeEnvironments, { ...common, compare: source });
    const {
      similarityAbove: _above,
      regret: _regret,
      returns: _returns,
      lengths: _lengths,
      seconds: _seconds,
      ...row
    } = result;
    const quiet = row.spikesPerDecision === 0 ? "no neuron spikes" : undefined;
    const why = unheardAt?.(t) ?? quiet;
    const agreement = { similarity: row.similarity!, similarityCi95: row.similarityCi95! };
    return { steps: t, ...row, ...agreement, ...(why !== undefined && { unheard: why }) };
  };
  const rows: SweepRow[] = [];
  for (const [i, t] of steps.entries()) {
    onProgress?.({ stage: "sweep", done: i, total: steps.length, unit: "T", note: `T = ${t}` });
    rows.push(await measure(t, policyAt(t)));
  }
  onProgress?.({ stage: "sweep", done: steps.length, total: steps.length, unit: "T" });
  const recommended = recommend(rows, { mean, ci95 }, target);
  if (recommended.steps === null) return { rows, source: { mean, std, ci95, episodes }, recommended, earlyExit: null };
  const exit = await options.exitAt?.(recommended.steps);
  const earlyExit = exit
    ? { ...(await measure(recommended.steps, exit)), meanSteps: exit.meanSteps(), rule: exit.rule }
    : null;
  return { rows, source: { mean, std, ci95, episodes }, recommended, earlyExit };
}

/**
 * The smallest T whose similarity reaches `target` and whose score's interval meets the source's (or lies above it); without
 * one, the T of the highest similarity.
 */
export function recommend(
  rows: readonly SweepRow[],
  source: { mean: number; ci95: readonly [number, number] },
  target: number,
): Recommendation {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const ascending = rows.filter(({ unheard }) => unheard === undefined).sort((a, b) => a.steps - b.steps);
  if (ascending.length === 0)
    return { steps: null, reason: `at none of these: ${rows[0]?.unheard ?? "none was tried"}` };
  const enough = ascending.find((row) => row.similarity >= target && row.ci95[1] >= source.ci95[0]);
  if (enough)
    return {
      steps: enough.steps,
      reason: `the smallest T with at least ${percent(target)} equal actions (${percent(enough.similarity)}) and a score no worse than the source's (${enough.mean.toFixed(1)} against ${source.mean.toFixed(1)})`,
    };
  const best = ascending.reduce((a, b) => (b.similarity > a.similarity ? b : a));
  return {
    steps: best.steps,
    reason: `no T reaches ${percent(target)} equal actions with the source's score; this one has the most (${percent(best.similarity)})`,
  };
}
