import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DsqnError } from "../../errors.ts";
import type { PieceContext } from "../../cluster/executor.ts";
import { readIfWhole } from "../../cluster/job.ts";
import { writeAtomically } from "../../files/atomic.ts";

/** A piece that only shows that a cluster works: it hashes `text` again and again, and leaves a checkpoint after each step. */
export interface RehearsalInput {
  readonly text: string;
  readonly steps: number;
  /** Waited in each step. */
  readonly milliseconds: number;
  /** Ends as a piece does that can't be done. */
  readonly fails?: boolean;
}

interface Checkpoint {
  readonly step: number;
  readonly hash: string;
}

export async function performRehearsal(input: unknown, context: PieceContext): Promise<unknown> {
  const { text, steps, milliseconds, fails } = input as RehearsalInput;
  const { folder, signal, onProgress } = context;
  if (fails) throw new DsqnError("BAD_ARGUMENT", `"${text}" was to fail.`, { hint: "It was asked for." });
  const file = join(folder, "checkpoint.json");
  let at: Checkpoint = (existsSync(file) ? readIfWhole<Checkpoint>(file) : undefined) ?? { step: 0, hash: text };
  const resumedAt = at.step;
  while (at.step < steps) {
    signal.throwIfAborted();
    onProgress({ stage: "rehearsal", done: at.step, total: steps, unit: "steps" });
    if (milliseconds > 0) await new Promise((resolve) => setTimeout(resolve, milliseconds));
    at = { step: at.step + 1, hash: createHash("sha256").update(at.hash).digest("hex") };
    writeAtomically(file, JSON.stringify(at));
  }
  // Not part of the value, which must not depend on what happened on the way.
  writeAtomically(join(folder, "resumed.json"), JSON.stringify({ resumedAt }));
  return { text, steps, hash: at.hash };
}
