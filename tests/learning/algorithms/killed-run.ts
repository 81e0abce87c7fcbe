import { execa } from "execa";
import { join } from "node:path";
import type { TrainOptions } from "../../../src/learning/algorithms/index.ts";
import { openCheckpoints } from "../../../src/learning/runs/checkpoint.ts";
import type { Snapshot } from "../../../src/learning/snapshot.ts";
import type { Trained } from "../../../src/learning/train.ts";

/** What a program says of the run that it made. */
export interface Report {
  games: string[];
  /** Games before the checkpoint that it went on from. */
  marks?: number;
  evaluations: { mean: number; environmentSteps: number }[];
  best: number;
  confirmed: boolean;
  updates: number;
  weights: number[];
}

/** How a run comes to its end, and after how many safe points it leaves a checkpoint and is killed (SIGKILL) where it is to be "killed". */
interface End {
  readonly folder: string;
  readonly mode: string;
  readonly checkpointAt: number;
  readonly killedAt: number;
}

/** Within a program: learns, from the checkpoint in `folder` on where `mode` is "resumed", and reports. `options`: by whether it is resumed. */
export async function runToEnd<C extends object>(
  learn: (config: C, options: TrainOptions) => Promise<Trained>,
  config: C,
  { folder, mode, checkpointAt, killedAt }: End,
  options: (resumed: boolean) => TrainOptions,
): Promise<{ trained: Trained; report: Report }> {
  const checkpoints = openCheckpoints<Snapshot>(join(folder, "checkpoint.safetensors"), config);
  const saved = mode === "resumed" ? checkpoints.load() : undefined;
  const games: string[] = [];
  let points = 0;
  const trained = await learn(config, {
    ...options(saved !== undefined),
    resume: saved?.snapshot,
    onEpisode: (entry) => games.push(JSON.stringify(entry)),
    onSafePoint({ snapshot, due }) {
      if (mode !== "killed") return;
      if (++points === killedAt) process.kill(process.pid, "SIGKILL");
      if (points === checkpointAt || due)
        checkpoints.save({ snapshot: snapshot(), marks: { log: games.length, events: 0 } });
    },
  });
  const { evaluations, chosen, confirmed, updates, last } = trained;
  const report = {
    games,
    marks: saved?.marks.log,
    evaluations: evaluations.map(({ mean, environmentSteps }) => ({ mean, environmentSteps })),
    best: chosen.mean,
    confirmed,
    updates,
    weights: last.layers.flatMap(({ weights }) => [...weights]),
  };
  return { trained, report };
}

/** Runs a program of this folder. On one thread: sums are then split the same way whatever else the machine does. */
export function program(name: string, ...args: readonly string[]) {
  const one = { TF_NUM_INTRAOP_THREADS: "1", TF_NUM_INTEROP_THREADS: "1", OMP_NUM_THREADS: "1" };
  const words = ["--import", "./scripts/register-ts.mjs", `tests/learning/algorithms/${name}`, ...args];
  return execa("node", words, { reject: false, env: one });
}
