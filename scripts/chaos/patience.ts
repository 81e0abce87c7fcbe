import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";

const SAMPLE_MS = 100;
/** Whoever waits so many times as long as it should is given up, whatever the machine does. */
const MOST = 30;

/**
 * How long to wait for something, on a machine that has other work too: time in which this process or one that it has started was ready to run and
 * was not let (/proc/PID/schedstat) does not count. A process that hangs waits for nothing that the machine could give.
 */
export class Patience {
  private readonly started = performance.now();
  private readonly ms: number;
  private readonly seen = new Map<number, number>();
  private waited = 0;
  private sampled = -Infinity;

  constructor(ms: number) {
    this.ms = ms;
    this.sample();
  }

  /** Whether it has come to an end. */
  get over(): boolean {
    const elapsed = performance.now() - this.started;
    if (elapsed < this.ms) return false;
    if (performance.now() - this.sampled > SAMPLE_MS) this.sample();
    return elapsed - this.waited > this.ms || elapsed > MOST * this.ms;
  }

  private sample(): void {
    this.sampled = performance.now();
    for (const pid of [process.pid, ...descendants(process.pid)]) {
      const now = queuedMs(pid);
      const before = this.seen.get(pid);
      // Of one that was not there before all counts.
      if (before !== undefined || this.seen.size > 0) this.waited += Math.max(0, now - (before ?? 0));
      this.seen.set(pid, now);
    }
  }
}

/** Processes that another one, or this, has started. */
export function children(pid = process.pid): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    return text.trim().split(/\s+/).filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** All that a process has started, and what that has. */
export const descendants = (pid: number): number[] => children(pid).flatMap((one) => [one, ...descendants(one)]);

/** For how long it was ready and did not run, in ms. */
function queuedMs(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[1]) / 1e6;
  } catch {
    return 0;
  }
}
