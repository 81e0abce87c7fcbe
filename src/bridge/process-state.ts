import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";

/**
 * What the kernel says about a process that does not answer. A worker inside a C call that holds Python's global lock (NEST's
 * Simulate does) cannot answer a ping, but it uses the processor; a stopped or deadlocked one does not.
 */
export interface ProcessState {
  readonly stopped: boolean;
  /** Some thread runs, wants to run, or waits for a disk. */
  readonly runnable: boolean;
  /** Processor time so far, of all threads, in whatever unit the system counts. */
  readonly processorTime: number;
}

/** Undefined where the process is gone, or the system does not tell. */
export async function processState(pid: number): Promise<ProcessState | undefined> {
  try {
    return process.platform === "linux" ? await fromProc(pid) : await fromPs(pid);
  } catch {
    return undefined;
  }
}

async function fromProc(pid: number): Promise<ProcessState> {
  const threads = await readdir(`/proc/${pid}/task`);
  const stats = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, "utf8").catch(() => "")),
  );
  const fields = stats.filter(Boolean).map((stat) => stat.slice(stat.lastIndexOf(")") + 2).split(" "));
  return {
    stopped: fields.some(([state]) => state === "T" || state === "t"),
    runnable: fields.some(([state]) => state === "R" || state === "D"),
    processorTime: fields.reduce((sum, field) => sum + Number(field[11]) + Number(field[12]), 0),
  };
}

async function fromPs(pid: number): Promise<ProcessState | undefined> {
  if (process.platform === "win32") return undefined;
  const { stdout } = await promisify(execFile)("ps", ["-o", "state=,time=", "-p", String(pid)]);
  const [state, time] = stdout.trim().split(/\s+/);
  const seconds = time.split(/[-:]/).reduce((sum, part) => sum * 60 + Number(part), 0);
  return { stopped: state.startsWith("T"), runnable: /^[RDU]/.test(state), processorTime: seconds };
}
