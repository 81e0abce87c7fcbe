import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readJson } from "../../src/learning/runs/folder.ts";
import { runTraining } from "../../src/learning/runs/run.ts";
import type { TrainingRequest } from "./request.ts";

/** What a run says of itself in its summary. */
export interface TrainingAnswer {
  readonly solvedAt: number | null;
  readonly best: { readonly episode: number; readonly mean100: number } | null;
  readonly seconds: number;
}

/** One training. A run that an earlier process left behind goes on from its checkpoint. */
export async function train({ preset, learningRate, seed, folder, signal }: TrainingRequest): Promise<TrainingAnswer> {
  const temporary = folder === undefined ? mkdtempSync(join(tmpdir(), "dsqn-training-")) : undefined;
  const out = folder ?? join(temporary!, "run");
  const done = join(out, "summary.json");
  try {
    if (existsSync(done)) return readJson(done) as TrainingAnswer;
    return await (existsSync(join(out, "config.json"))
      ? runTraining({ resume: out, signal })
      : runTraining({ preset, out, signal, changes: { seed, optimizer: { learningRate: { value: learningRate } } } }));
  } finally {
    if (temporary) rmSync(temporary, { recursive: true, force: true });
  }
}
