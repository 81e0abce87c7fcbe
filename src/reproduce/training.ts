import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { DqnConfigInput } from "../agents/dqn/config.ts";
import { mean } from "../agents/statistics.ts";
import { DsqnError } from "../errors.ts";
import * as presets from "../presets/original.ts";
import type { OnProgress } from "../progress.ts";
import { training } from "./thesis.ts";
import type { EnvironmentName } from "./trials.ts";
import type { Verdict } from "./verdict.ts";

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

interface RunResult {
  readonly solvedAt: number | null;
  readonly best: number;
  readonly bestAt: number;
  readonly seconds: number;
}

const THESIS_RUNS = 5;

/** The thesis's settings trained `runs` times for each row, several runs side by side in processes of their own. */
export async function reproduceTraining(
  environment: EnvironmentName,
  runs: number,
  { onProgress, signal }: { onProgress?: OnProgress; signal?: AbortSignal },
): Promise<TrainingRow[]> {
  const base: Record<string, DqnConfigInput> =
    environment === "cartpole"
      ? { dqn: presets.cartpoleDqnOriginal, dsqn: presets.cartpoleDsqnOriginal }
      : { dqn: presets.mountaincarDqnOriginal, dsqn: presets.mountaincarDsqnOriginal };
  const rows = Object.entries(training[environment]);
  const jobs = rows.flatMap(([name]) => {
    const [method, learningRate] = name.split(" ");
    return Array.from({ length: runs }, (_, seed): { name: string; config: DqnConfigInput } => ({
      name,
      config: {
        ...base[method],
        seed,
        optimizer: { kind: "adam", learningRate: { kind: "constant", value: Number(learningRate) } },
      },
    }));
  });
  const results = new Map<string, RunResult[]>(rows.map(([name]) => [name, []]));
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    while (next < jobs.length) {
      const { name, config } = jobs[next++];
      results.get(name)!.push(await trainInProcess(config, signal));
      onProgress?.({ stage: "training", done: ++done, total: jobs.length, unit: "runs", note: name });
    }
  };
  onProgress?.({ stage: "training", done: 0, total: jobs.length, unit: "runs" });
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), jobs.length) }, work));
  return rows.map(([name, reported]) => {
    const own = results.get(name)!;
    const solved = own.filter((run) => run.solvedAt !== null);
    const ours = {
      solved: solved.length,
      runs,
      solvedAt: solved.length > 0 ? mean(solved.map((run) => run.solvedAt!)) : null,
      best: mean(own.map((run) => run.best)),
      bestAt: mean(own.map((run) => run.bestAt)),
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

function trainInProcess(config: DqnConfigInput, signal?: AbortSignal): Promise<RunResult> {
  const script = fileURLToPath(new URL(`./train-process${extname(fileURLToPath(import.meta.url))}`, import.meta.url));
  return new Promise((resolve, reject) => {
    const child = fork(script, [], { signal, stdio: ["ignore", "ignore", "inherit", "ipc"] });
    child.once("message", (message) => {
      const result = message as RunResult | { error: string };
      if ("error" in result) reject(new DsqnError("TRAINING_FAILED", `A training run failed: ${result.error}`));
      else resolve(result);
    });
    child.once("error", reject);
    child.once("exit", (code) =>
      reject(new DsqnError("TRAINING_FAILED", `A training process ended with exit code ${code} and no result.`)),
    );
    child.send(config);
  });
}
