import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isLocked } from "../../setup/index.mjs";
import type { EpisodeEntry, EvaluationEntry } from "../learning-curve.ts";
import { overviewOf, type RunOverview } from "./list.ts";

/** Of a fit to a data set, at one of its points. */
interface FitEntry {
  readonly iteration: number;
  readonly validationAccuracy: number;
}

/** A run as far as it has come. */
export interface RunView {
  readonly run: RunOverview;
  readonly episodes: readonly EpisodeEntry[];
  readonly evaluations: readonly EvaluationEntry[];
  /** Of a fit to a data set: the share of held-back states that it decides as they say. */
  readonly points: readonly FitEntry[];
}

interface WatchOptions {
  readonly seconds: number;
  readonly signal?: AbortSignal;
  /** Called at once, whenever the run has come further, and at its end. */
  readonly onView: (view: RunView) => void | Promise<void>;
}

/** Follows a run until it ends, by what its folder tells: the process that trains is not asked. Returns the last view. */
export async function watchRun(path: string, { seconds, signal, onView }: WatchOptions): Promise<RunView> {
  const log = new GrowingLog(join(path, "progress.jsonl"));
  for (let first = true; ; first = false) {
    signal?.throwIfAborted();
    // Before the log is read: what it holds then is all that there will be.
    const run = await stateOf(path);
    const grown = log.read();
    const view = { run, ...log.entries };
    if (first || grown || run.state !== "running") await onView(view);
    if (run.state !== "running") return view;
    await sleep(seconds * 1000, undefined, { signal }).catch(() => undefined);
  }
}

/** The lock of a process that was killed says "running" for ever. */
async function stateOf(path: string): Promise<RunOverview> {
  const run = overviewOf(path);
  return run.state === "running" && !(await isLocked(join(path, "run.lock"))) ? { ...run, state: "stopped" } : run;
}

interface Entries {
  readonly episodes: EpisodeEntry[];
  readonly evaluations: EvaluationEntry[];
  readonly points: FitEntry[];
}

/** A log that another process writes: only what is new is read, and a line only when it is whole. */
class GrowingLog {
  private readonly path: string;
  private at = 0;
  private rest = Buffer.alloc(0);
  entries: Entries = { episodes: [], evaluations: [], points: [] };

  constructor(path: string) {
    this.path = path;
  }

  /** Whether there was anything new. */
  read(): boolean {
    if (!existsSync(this.path)) return false;
    const file = openSync(this.path, "r");
    try {
      const { size } = fstatSync(file);
      // A resumed run cuts it back to its checkpoint.
      if (size < this.at) {
        [this.at, this.rest] = [0, Buffer.alloc(0)];
        this.entries = { episodes: [], evaluations: [], points: [] };
      }
      if (size === this.at) return false;
      const more = Buffer.alloc(size - this.at);
      this.at += readSync(file, more, 0, more.length, this.at);
      const bytes = Buffer.concat([this.rest, more]);
      const end = bytes.lastIndexOf(10) + 1;
      this.rest = bytes.subarray(end);
      for (const line of bytes.subarray(0, end).toString("utf8").split("\n")) this.take(line);
      return end > 0;
    } finally {
      closeSync(file);
    }
  }

  private take(line: string): void {
    try {
      const entry = JSON.parse(line) as { readonly kind?: string } & EpisodeEntry & EvaluationEntry & FitEntry;
      if (entry.kind === "episode") this.entries.episodes.push(entry);
      else if (entry.kind === "evaluation") this.entries.evaluations.push(entry);
      else if (entry.kind === "point") this.entries.points.push(entry);
    } catch {
      // A damaged line is --resume's to refuse; whoever watches sees the others.
    }
  }
}
