import { evaluate } from "../agents/evaluate.ts";
import type { MakeEnvironments } from "../agents/environments.ts";
import { withGymnasium } from "../agents/gymnasium.ts";
import type { OnProgress } from "../progress.ts";
import { originalSide, ourSide, type Side } from "./networks.ts";
import type { Reported } from "./thesis.ts";
import { reproduceTraining, type TrainingRow } from "./training.ts";
import { experiments, gymnasiumId, type EnvironmentName, type ExperimentName, type Trial } from "./trials.ts";
import { judge, judgeOriginal, type Measured, type Verdict } from "./verdict.ts";

/** A row of a reproduced table: the thesis's figures, ours, the original's networks run here, and what to make of them. */
export interface Row {
  readonly table: string;
  readonly name: string;
  readonly thesis: Reported;
  readonly ours: Measured | null;
  readonly verdict: Verdict;
  readonly reason: string | null;
  /** The original's own network run by our engine; null without it. */
  readonly original: Measured | null;
  readonly originalVerdict: Verdict | null;
  readonly originalReason: string | null;
}

/** All rows of an experiment, and how long they took. */
export interface Reproduction {
  readonly experiment: ExperimentName;
  readonly environment: string;
  readonly quick: boolean;
  readonly episodes: number;
  readonly rows: readonly Row[];
  /** Tables 4.5 and 4.10; empty where no training was asked for. */
  readonly training: readonly TrainingRow[];
  readonly seconds: number;
}

/** How much of an experiment is run, with which networks. */
export interface ReproduceOptions {
  /** Twenty episodes a row, T up to 1,000, no training. */
  readonly quick?: boolean;
  /** Training runs for each row of tables 4.5 and 4.10; 0: none. */
  readonly runs?: number;
  /** The folder with the original's `networks/`. */
  readonly original?: string;
  readonly onProgress?: OnProgress;
  readonly onRow?: (row: Row) => void;
  readonly signal?: AbortSignal;
}

/** The thesis's limit on episodes, in both environments. */
const MAX_STEPS = 500;
const QUICK_STEPS = 1000;

/** Measures every row of an experiment's tables, with our networks and, where they are at hand, with the original's. */
export async function reproduce(experiment: ExperimentName, options: ReproduceOptions = {}): Promise<Reproduction> {
  const { quick = false, runs = quick ? 0 : 5, onProgress, signal } = options;
  const started = performance.now();
  const episodes = quick ? 20 : 100;
  const trials = experiments[experiment]().filter(
    (trial) => !quick || (trial.conversion?.spiking?.steps ?? 0) <= QUICK_STEPS,
  );
  const environment: EnvironmentName = experiment === "mountaincar" ? "mountaincar" : "cartpole";
  const id = gymnasiumId(environment);
  const rows = await withGymnasium({ id, maxSteps: MAX_STEPS }, async (makeEnvironments) => {
    const ours = ourSide(makeEnvironments, signal);
    const original = options.original === undefined ? undefined : originalSide(options.original);
    const measured: Row[] = [];
    for (const [i, trial] of trials.entries()) {
      onProgress?.({
        stage: "reproduce",
        done: i,
        total: trials.length,
        unit: "rows",
        note: `table ${trial.table}: ${trial.name}`,
      });
      const row = await measureRow(trial, ours, original, makeEnvironments, episodes, signal);
      measured.push(row);
      options.onRow?.(row);
    }
    onProgress?.({ stage: "reproduce", done: trials.length, total: trials.length, unit: "rows" });
    return measured;
  });
  const training =
    runs > 0 && experiment !== "policy-gradient"
      ? await reproduceTraining(environment, runs, { onProgress, signal })
      : [];
  return {
    experiment,
    environment: id,
    quick,
    episodes,
    rows,
    training,
    seconds: (performance.now() - started) / 1000,
  };
}

async function measureRow(
  trial: Trial,
  ours: Side,
  original: Side | undefined,
  makeEnvironments: MakeEnvironments,
  episodes: number,
  signal?: AbortSignal,
): Promise<Row> {
  const measure = async (side: Side | undefined): Promise<Measured | null> => {
    const policies = await side?.policies(trial);
    if (!policies) return null;
    const { policy, compare } = policies;
    const { mean, std, ci95, decisions, similarity, similarityCi95, seconds } = await evaluate(
      policy,
      makeEnvironments,
      { episodes, compare, signal },
    ).finally(() => policy.close?.());
    const percent = similarityCi95 && ([100 * similarityCi95[0], 100 * similarityCi95[1]] as const);
    return {
      mean,
      std,
      ci95,
      episodes,
      decisions,
      similarity: similarity === null ? null : 100 * similarity,
      similarityCi95: percent,
      seconds,
    };
  };
  const mine = await measure(ours);
  const theirs = trial.improved ? null : await measure(original);
  const verdict = judge(trial, mine);
  const originalVerdict = judgeOriginal(trial, theirs);
  return {
    table: trial.table,
    name: trial.name,
    thesis: trial.thesis,
    ours: mine,
    verdict: verdict.verdict,
    reason: verdict.reason,
    original: theirs,
    originalVerdict: originalVerdict?.verdict ?? null,
    originalReason: originalVerdict?.reason ?? null,
  };
}
