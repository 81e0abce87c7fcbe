import { availableParallelism } from "node:os";
import { join } from "node:path";
import { mean } from "../../src/numeric/statistics.ts";
import type { OnProgress } from "../../src/progress.ts";
import { training } from "../tables/figures.ts";
import type { Verdict } from "../verdict.ts";
import { type AskProcesses, askProcesses } from "./processes.ts";
import type { TrainingRequest } from "./request.ts";
import type { TrainingAnswer } from "./train.ts";

/** A row of table 4.5 or 4.10. Episodes and means of 100 are averaged over the runs; `solvedAt` over those that solved it. */
export interface TrainingFigures {
  readonly solved: number;
  readonly runs: number;
  readonly solvedAt: number | null;
  readonly best: number;
  readonly bestAt: number;
}

export interface TrainingRow {
  readonly table: string;
  readonly name: string;
  readonly thesis: TrainingFigures;
  readonly ours: TrainingFigures & { readonly seconds: number };
  readonly verdict: Verdict;
}

const THESIS_RUNS = 5;

/** Every run of every row. */
export function trainingRequests(environment: keyof typeof training, runs: number, folder?: string): TrainingRequest[] {
  return Object.keys(training[environment]).flatMap((name) => {
    const [method, learningRate] = name.split(" ");
    return Array.from({ length: runs }, (_, seed): TrainingRequest => ({
      part: "training",
      preset: `${environment}-${method}-original`,
      learningRate: Number(learningRate),
      seed,
      folder: folder && join(folder, `${name.replace(" ", "-")}-seed-${seed}`),
    }));
  });
}

/** The thesis's settings trained `runs` times for each row, several runs side by side in processes of their own. */
export async function reproduceTraining(
  environment: keyof typeof training,
  runs: number,
  {
    folder,
    ask = askProcesses,
    onProgress,
    signal,
  }: { folder?: string; ask?: AskProcesses; onProgress?: OnProgress; signal?: AbortSignal },
): Promise<TrainingRow[]> {
  const rows = Object.entries(training[environment]);
  const requests = trainingRequests(environment, runs, folder);
  let done = 0;
  const report = (note?: string): void =>
    onProgress?.({ stage: "training", done, total: requests.length, unit: "runs", note });
  report();
  const answers = await ask<TrainingRequest, TrainingAnswer>(requests, {
    processes: availableParallelism(),
    signal,
    onAnswer(_, index) {
      done++;
      report(rows[Math.floor(index / runs)][0]);
    },
  });
  return rows.map(([name, reported], row) => {
    const own = answers.slice(row * runs, (row + 1) * runs);
    const solved = own.filter((run) => run.solvedAt !== null);
    const complete = own.flatMap((run) => run.best ?? []);
    const ours = {
      solved: solved.length,
      runs,
      solvedAt: solved.length > 0 ? mean(solved.map((run) => run.solvedAt!)) : null,
      best: mean(complete.map((best) => best.mean100)),
      bestAt: mean(complete.map((best) => best.episode)),
      seconds: mean(own.map((run) => run.seconds)),
    };
    const thesis = { ...reported, runs: THESIS_RUNS };
    return {
      table: environment === "cartpole" ? "4.5" : "4.10",
      name,
      thesis,
      ours,
      verdict: judgeSolved(ours, thesis),
    };
  });
}

/** By the share of runs that solve the task: Fisher's exact test at 5 %, which five runs of each seldom decide. */
export function judgeSolved(ours: { solved: number; runs: number }, thesis: { solved: number; runs: number }): Verdict {
  const total = ours.runs + thesis.runs;
  const solved = ours.solved + thesis.solved;
  const probability = (k: number): number =>
    (choose(ours.runs, k) * choose(thesis.runs, solved - k)) / choose(total, solved);
  const observed = probability(ours.solved);
  let p = 0;
  for (let k = Math.max(0, solved - thesis.runs); k <= Math.min(ours.runs, solved); k++)
    if (probability(k) <= observed * (1 + 1e-9)) p += probability(k);
  if (p > 0.05) return "agrees";
  return ours.solved / ours.runs > thesis.solved / thesis.runs ? "better" : "worse";
}

function choose(n: number, k: number): number {
  let result = 1;
  for (let i = 1; i <= k; i++) result *= (n - k + i) / i;
  return result;
}
