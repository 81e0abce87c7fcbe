import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { inputPath } from "../../cluster/job.ts";
import type { PieceContext } from "../../cluster/executor.ts";
import { DsqnError } from "../../errors.ts";
import type { PlainObject } from "../../learning/config.ts";
import { readJson } from "../../learning/runs/folder.ts";
import { runTraining, type RunOptions } from "../../learning/runs/run.ts";
import type { TrainSummary } from "../../learning/runs/summary.ts";

/** A training run. */
export interface TrainingInput {
  /** A preset's name, or a config file in `inputs/`. */
  readonly preset: string;
  readonly file?: boolean;
  readonly env?: string;
  readonly changes: PlainObject;
  readonly path?: readonly string[];
}

/** Trains in the piece's folder, or goes on with what an earlier attempt left there. */
export async function performTraining(input: unknown, context: PieceContext): Promise<TrainSummary> {
  const { preset, file, env, changes, path } = input as TrainingInput;
  const { folder, job, signal, onProgress, onWarning } = context;
  const work = { path, signal, onProgress, onWarning };
  const anew: RunOptions = { ...work, preset: file ? inputPath(job, preset) : preset, env, changes, out: folder };
  const done = join(folder, "summary.json");
  if (existsSync(done)) return readJson(done) as TrainSummary;
  if (!existsSync(join(folder, "config.json"))) return runTraining(anew);
  try {
    return await runTraining({ ...work, env, resume: folder });
  } catch (error) {
    if (!(error instanceof DsqnError) || error.code !== "CHECKPOINT_INVALID") throw error;
    // The copy of an attempt that was cut off may be torn; from the beginning it gives the same.
    onWarning(`${error.message} It begins anew.`);
    rmSync(folder, { recursive: true, force: true });
    return runTraining(anew);
  }
}
