import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { temporaryFolder } from "./temporary.ts";

const KEPT_LINES = 200;
const QUOTED_LINES = 25;

/** What a worker prints: the last lines in memory, everything in a file that stays only if the worker fails. */
export interface WorkerLog {
  readonly file: string | undefined;
  write(chunk: string): void;
  /** The last lines, for an error message. */
  tail(): string;
  /** `keep`: leave the file for a person to read. */
  close(keep: boolean): void;
}

export function openLog(name: string, onLine?: (line: string) => void): WorkerLog {
  const { file, descriptor } = openFile(name);
  let lines: string[] = [];
  let partial = "";
  let open = descriptor !== undefined;
  return {
    file,
    write(chunk) {
      if (open) writeSync(descriptor!, chunk);
      const parts = (partial + chunk).split(/\r?\n/);
      partial = parts.pop()!;
      for (const line of parts) onLine?.(line);
      lines = lines.concat(parts).slice(-KEPT_LINES);
    },
    tail: () => quoted(lines.concat(partial || [])).join("\n"),
    close(keep) {
      if (!open) return;
      open = false;
      closeSync(descriptor!);
      if (!keep && file) rmSync(file, { force: true });
    },
  };
}

/** The last lines. A crash says what it was first, then shows the stack of every thread: those are quoted from its first line on. */
function quoted(lines: readonly string[]): readonly string[] {
  const crash = lines.findIndex((line) => line.startsWith("Fatal Python error"));
  return lines.slice(crash === -1 ? -QUOTED_LINES : Math.max(0, Math.min(crash - 5, lines.length - QUOTED_LINES)));
}

let opened = 0;

/** A folder that only this user reads. Without a place for it (a full disk) the lines in memory have to do. */
function openFile(name: string): { file?: string; descriptor?: number } {
  try {
    const folder = join(temporaryFolder(), `dsqn-logs-${userInfo().username}`);
    makePrivateFolder(folder);
    const file = join(folder, `${name.replace(/[^\w.-]/g, "_")}-${process.pid}-${++opened}.log`);
    return { file, descriptor: openSync(file, "w", 0o600) };
  } catch {
    return {};
  }
}

/** Not with `recursive`, which never returns where the system says ENOENT although the parent exists, as in /proc. */
function makePrivateFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
