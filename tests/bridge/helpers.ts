import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { unfitness } from "../../src/bridge/shared/region.ts";
import { type DataPath, type DsqnError, openWorker, type Worker, type WorkerOptions } from "../../src/index.ts";

export const FIXTURES = fileURLToPath(new URL("../fixtures/workers", import.meta.url));

/** The ways of arrays that this machine has: what holds for one has to hold for the other. */
export const DATA_PATHS: readonly DataPath[] = unfitness() ? ["zeromq"] : ["shared-memory", "zeromq"];

/** A worker with the misbehaving methods. */
export function open(options: WorkerOptions = {}): Promise<Worker> {
  return openWorker({ path: [FIXTURES], ...options });
}

/** The error that `promise` rejects with. */
export async function failure(promise: Promise<unknown>): Promise<DsqnError> {
  try {
    await promise;
  } catch (error) {
    return error as DsqnError;
  }
  throw new Error("expected a rejection");
}

/** Whether the process still runs: one that has ended, and that its new parent (an init that may be slow) has not yet buried, does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = process.platform === "linux" ? readFileSync(`/proc/${pid}/stat`, "utf8") : "";
    return !stat.slice(stat.lastIndexOf(")")).startsWith(") Z");
  } catch {
    return false;
  }
}

export async function until(condition: () => boolean, timeoutMs: number): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not so within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
