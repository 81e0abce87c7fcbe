import { existsSync } from "node:fs";
import { join } from "node:path";
import { readJson } from "../learning/runs/folder.ts";
import type { TrainSummary } from "../learning/runs/summary.ts";
import { runTraining } from "../learning/runs/run.ts";
import { DsqnError } from "../errors.ts";
import type { OnProgress } from "../progress.ts";

/** Trains in `path`, or goes on with what an interrupted run left there: a finished training is taken as it is. */
export async function trainOrGoOn(
  path: string,
  { seed, ...work }: { seed: number | undefined; signal?: AbortSignal; onProgress?: OnProgress },
): Promise<TrainSummary> {
  if (!existsSync(join(path, "config.json")))
    return runTraining({ preset: "cartpole-dqn", changes: { seed: seed ?? 0 }, out: path, ...work });
  const before = (readJson(join(path, "config.json")) as { seed: number }).seed;
  if (seed !== undefined && seed !== before)
    throw new DsqnError("RUN_EXISTS", `"${path}" holds a training from seed ${before}.`, {
      hint: `Leave --seed out to go on with it, or choose another --out.`,
    });
  const summary = join(path, "summary.json");
  return existsSync(summary) ? (readJson(summary) as TrainSummary) : runTraining({ resume: path, ...work });
}
