import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { UsageError } from "../../src/errors.ts";
import type { OnProgress } from "../../src/progress.ts";
import { answerInProcesses, moduleBeside } from "../tables/processes.ts";
import { openSimulator } from "../../src/simulators/open.ts";
import type { SimulatorRow } from "./row.ts";
import { simulatorTrials, type SimulatorExperiment } from "./trials.ts";

/** Tables 4.12 and 4.13 (nest), the PyNN notebook (pynn) or table 4.14 (spinnaker): the thesis's figure, its set-up run again, and the exact mapping. */
export interface SimulatorReproduction {
  readonly experiment: SimulatorExperiment;
  readonly quick: boolean;
  readonly episodes: number;
  /** The most time steps of a row; null: all rows. */
  readonly upTo: number | null;
  readonly rows: readonly SimulatorRow[];
  readonly seconds: number;
}

export interface SimulatorReproductionOptions {
  /** The folder with the original's `networks/`. */
  readonly original?: string;
  /** Twenty episodes a row and T up to 100. */
  readonly quick?: boolean;
  /** Rows of more time steps are left out. */
  readonly upTo?: number;
  /** A folder that keeps each measured row: an interrupted reproduction goes on from there. */
  readonly keep?: string;
  readonly onProgress?: OnProgress;
  readonly onRow?: (row: SimulatorRow) => void;
  readonly signal?: AbortSignal;
}

/** A row for a process to measure. */
export interface RowRequest {
  readonly experiment: SimulatorExperiment;
  /** The trial's index in the experiment. */
  readonly trial: number;
  readonly original: string;
  readonly episodes: number;
  readonly keep?: string;
}

const QUICK_STEPS = 100;

/**
 * Runs the original's networks in the thesis's set-ups, in as many processes as there are cores.
 *
 * @throws DsqnError ORIGINAL_MISSING, and what opening a simulator throws.
 */
export async function reproduceInSimulator(
  experiment: SimulatorExperiment,
  options: SimulatorReproductionOptions = {},
): Promise<SimulatorReproduction> {
  const { original, quick = false, upTo = quick ? QUICK_STEPS : Infinity, keep, onProgress, onRow, signal } = options;
  const started = performance.now();
  if (original === undefined || !existsSync(join(original, "networks")))
    throw new UsageError("ORIGINAL_MISSING", "These tables rest on the original's own networks, which are not here.", {
      hint: "Name the folder that holds its networks/: --original DIR, or DSQN_ORIGINAL.",
    });
  const episodes = quick ? 20 : 100;
  const trials = simulatorTrials(experiment);
  const chosen = trials.map((_, i) => i).filter((i) => trials[i].steps <= upTo);
  // What a simulator needs is set up once, and seen, before several processes ask for it.
  for (const simulator of new Set(chosen.map((i) => trials[i].simulator)))
    await (await openSimulator(simulator, { onProgress, signal })).close();
  // Short decisions first: an interrupted run has most of the table.
  const requests = chosen
    .toSorted((a, b) => trials[a].steps - trials[b].steps)
    .map((trial): RowRequest => ({ experiment, trial, original, episodes, keep }));
  const rows = new Map<number, SimulatorRow>();
  const report = (trial: number, note = ""): void =>
    onProgress?.({
      stage: "reproduce",
      done: rows.size,
      total: chosen.length,
      unit: "rows",
      note: `table ${trials[trial].table}: ${trials[trial].name}${note && `, ${note}`}`,
    });
  await answerInProcesses<RowRequest, SimulatorRow>(moduleBeside(import.meta.url, "row-process"), requests, {
    processes: availableParallelism(),
    signal,
    onNote: (note, index) => report(requests[index].trial, note),
    onAnswer(row, index) {
      const { trial } = requests[index];
      rows.set(trial, row);
      onRow?.(row);
      report(trial);
    },
  });
  return {
    experiment,
    quick,
    episodes,
    upTo: upTo === Infinity ? null : upTo,
    rows: chosen.map((trial) => rows.get(trial)!),
    seconds: (performance.now() - started) / 1000,
  };
}
