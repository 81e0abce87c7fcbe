import { availableParallelism } from "node:os";
import type { OnProgress } from "../../src/progress.ts";
import { answerInProcesses, moduleBeside } from "./processes.ts";
import type { Row } from "./reproduce.ts";
import { experiments, isLong, type ExperimentName, type Trial } from "./trials.ts";
import { explain, judge, judgeOriginal, type Measured } from "./verdict.ts";

/** One network to be scored for one row. */
export interface RowRequest {
  readonly experiment: ExperimentName;
  /** The trial's index in the experiment. */
  readonly trial: number;
  readonly side: "ours" | "original";
  readonly original?: string;
  readonly episodes: number;
  readonly keep?: string;
}

export interface RowsOptions {
  readonly episodes: number;
  readonly original?: string;
  readonly keep?: string;
  readonly onProgress?: OnProgress;
  readonly onRow?: (row: Row) => void;
  readonly signal?: AbortSignal;
}

/**
 * Measures the rows of an experiment that `select` picks: short ones in as many processes as there are cores; then those of
 * thousands of time steps one at a time, each on all cores.
 */
export async function measureRows(
  experiment: ExperimentName,
  select: (trial: Trial) => boolean,
  options: RowsOptions,
): Promise<Row[]> {
  const { original, episodes, keep, onProgress, onRow, signal } = options;
  const trials = experiments[experiment]();
  const chosen = trials.map((_, i) => i).filter((i) => select(trials[i]));
  const requests = chosen.flatMap((trial): RowRequest[] =>
    (["ours", "original"] as const)
      .filter((side) => side === "ours" || (original !== undefined && !trials[trial].improved))
      .map((side) => ({ experiment, trial, side, original, episodes, keep })),
  );
  const measured = new Map<string, Measured | null>();
  const rows = new Map<number, Row>();
  const report = (note?: string): void =>
    onProgress?.({ stage: "reproduce", done: rows.size, total: chosen.length, unit: "rows", note });
  const run = (part: RowRequest[], processes: number): Promise<unknown> =>
    answerInProcesses<RowRequest, Measured | null>(moduleBeside(import.meta.url, "row-process"), part, {
      processes,
      signal,
      onAnswer(answer, index) {
        const { trial } = part[index];
        measured.set(`${trial} ${part[index].side}`, answer);
        if (requests.some((r) => r.trial === trial && !measured.has(`${trial} ${r.side}`))) return;
        const row = judged(
          trials[trial],
          measured.get(`${trial} ours`) ?? null,
          measured.get(`${trial} original`) ?? null,
        );
        rows.set(trial, row);
        onRow?.(row);
        report(`table ${row.table}: ${row.name}`);
      },
    });
  report();
  await run(
    requests.filter(({ trial }) => !isLong(trials[trial])),
    availableParallelism(),
  );
  await run(
    requests.filter(({ trial }) => isLong(trials[trial])),
    1,
  );
  const all = chosen.map((i) => rows.get(i)!);
  return chosen.map((i, k) => explain(trials[i], all[k], all));
}

function judged(trial: Trial, ours: Measured | null, original: Measured | null): Row {
  const mine = judge(trial, ours);
  const theirs = judgeOriginal(trial, original);
  return {
    table: trial.table,
    name: trial.name,
    thesis: trial.thesis,
    ours,
    verdict: mine.verdict,
    reason: mine.reason,
    original,
    originalVerdict: theirs?.verdict ?? null,
    originalReason: theirs?.reason ?? null,
  };
}
