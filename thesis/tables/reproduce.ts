import { join } from "node:path";
import type { OnProgress } from "../../src/progress.ts";
import { measureRows } from "./rows.ts";
import type { Reported } from "./thesis.ts";
import { reproduceTraining, type TrainingRow } from "./training.ts";
import { gymnasiumId, timeSteps, type EnvironmentName, type ExperimentName } from "./trials.ts";
import type { Measured, Verdict } from "./verdict.ts";

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
  /** The most time steps of a row; null: all rows. */
  readonly upTo: number | null;
  readonly rows: readonly Row[];
  /** Tables 4.5 and 4.10; empty where no training was asked for. */
  readonly training: readonly TrainingRow[];
  readonly seconds: number;
}

/** How much of an experiment is run, with which networks. */
export interface ReproduceOptions {
  /** Twenty episodes a row, T up to 1,000, no training. */
  readonly quick?: boolean;
  /** Rows of more time steps are left out. */
  readonly upTo?: number;
  /** Training runs for each row of tables 4.5 and 4.10; 0: none. */
  readonly runs?: number;
  /** The folder with the original's `networks/`. */
  readonly original?: string;
  /** Keeps what is measured and trained, row by row and run by run: the same reproduction goes on there after any end. */
  readonly folder?: string;
  readonly onProgress?: OnProgress;
  readonly onRow?: (row: Row) => void;
  readonly signal?: AbortSignal;
}

const QUICK_STEPS = 1000;

/** Measures every row of an experiment's tables, with our networks and, where they are at hand, with the original's. */
export async function reproduce(experiment: ExperimentName, options: ReproduceOptions = {}): Promise<Reproduction> {
  const { quick = false, upTo = quick ? QUICK_STEPS : Infinity, runs = quick ? 0 : 5, folder, original } = options;
  const { onProgress, onRow, signal } = options;
  const started = performance.now();
  const episodes = quick ? 20 : 100;
  const environment: EnvironmentName = experiment === "mountaincar" ? "mountaincar" : "cartpole";
  const rows = await measureRows(experiment, (trial) => timeSteps(trial) <= upTo, {
    episodes,
    original,
    keep: folder && join(folder, "rows"),
    onProgress,
    onRow,
    signal,
  });
  const training =
    runs > 0 && experiment !== "policy-gradient"
      ? await reproduceTraining(environment, runs, { folder: folder && join(folder, "training"), onProgress, signal })
      : [];
  return {
    experiment,
    environment: gymnasiumId(environment),
    quick,
    episodes,
    upTo: upTo === Infinity ? null : upTo,
    rows,
    training,
    seconds: (performance.now() - started) / 1000,
  };
}
