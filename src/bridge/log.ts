import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

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
    tail: () =>
      lines
        .concat(partial || [])
        .slice(-QUOTED_LINES)
        .join("\n"),
    close(keep) {
      if (!open) return;
      open = false;
      closeSync(descriptor!);
      if (!keep && file) rmSync(file, { force: true });
    },
  };
}

let opened = 0;

/** A folder that only this user reads. Without a place for it (a full disk) the lines in memory have to do. */
function openFile(name: string): { file?: string; descriptor?: number } {
  try {
    const folder = join(tmpdir(), `dsqn-logs-${userInfo().username}`);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, `${name.replace(/[^\w.-]/g, "_")}-${process.pid}-${++opened}.log`);
    return { file, descriptor: openSync(file, "w", 0o600) };
  } catch {
    return {};
  }
}
