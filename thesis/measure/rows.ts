import { availableParallelism } from "node:os";
import type { OnProgress } from "../../src/progress.ts";
import { experimentOf, type ExperimentName, type Row, type Side } from "../experiments.ts";
import { timeSteps, type Trial } from "../tables/trial.ts";
import { explain, type Measured } from "../verdict.ts";
import { type AskProcesses, askProcesses } from "./processes.ts";
import type { RowRequest } from "./request.ts";

export interface RowsOptions extends Pick<RowRequest, "original" | "episodes" | "keep" | "files" | "states"> {
  /** Who measures: processes of this machine unless given. */
  readonly ask?: AskProcesses;
  readonly onProgress?: OnProgress;
  readonly onRow?: (row: Row) => void;
  readonly signal?: AbortSignal;
}

/** What is to be measured for the rows that `select` picks; those of few time steps first. */
export function rowRequests(
  name: ExperimentName,
  select: (trial: Trial) => boolean,
  given: Pick<RowRequest, "original" | "episodes" | "keep" | "files" | "states">,
): RowRequest[] {
  const { family, trials: all } = experimentOf(name);
  const trials = all();
  return chosenOf(trials, select)
    .toSorted((a, b) => timeSteps(trials[a]) - timeSteps(trials[b]))
    .flatMap((trial) =>
      family
        .sides(trials[trial], given.original)
        .map((side): RowRequest => ({ part: "row", experiment: name, trial, side, ...given })),
    );
}

const chosenOf = (trials: readonly Trial[], select: (trial: Trial) => boolean): number[] =>
  trials.map((_, i) => i).filter((i) => select(trials[i]));

/**
 * Measures the rows of an experiment that `select` picks, in as many processes as there are cores; those of few time steps first: an
 * interrupted run then has most of the table.
 */
export async function measureRows(
  name: ExperimentName,
  select: (trial: Trial) => boolean,
  { ask = askProcesses, onProgress, onRow, signal, ...given }: RowsOptions,
): Promise<Row[]> {
  const { family, trials: all } = experimentOf(name);
  const trials = all();
  const chosen = chosenOf(trials, select);
  const requests = rowRequests(name, select, given);
  const measured = trials.map((): Partial<Record<Side, Measured | null>> => ({}));
  const rows = new Map<number, Row>();
  const report = (note?: string): void =>
    onProgress?.({ stage: "reproduce", done: rows.size, total: chosen.length, unit: "rows", note });
  const described = (trial: number): string => `table ${trials[trial].table}: ${trials[trial].name}`;
  report();
  await ask<RowRequest, Measured | null>(requests, {
    processes: family.processes ?? availableParallelism(),
    signal,
    onNote: (note, index) => report(`${described(requests[index].trial)}, ${note}`),
    onAnswer(answer, index) {
      const { trial, side } = requests[index];
      measured[trial][side] = answer;
      if (requests.some((r) => r.trial === trial && measured[trial][r.side] === undefined)) return;
      rows.set(trial, family.row(trials[trial], measured[trial]));
      onRow?.(rows.get(trial)!);
      report(described(trial));
    },
  });
  const done = chosen.map((i) => rows.get(i)!);
  return chosen.map((i, k) => explain(trials[i], done[k], done));
}
