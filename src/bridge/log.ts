import { closeSync, constants, lstatSync, mkdirSync, mkdtempSync, openSync, readdirSync } from "node:fs";
import { rmdirSync, rmSync, writeSync } from "node:fs";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { temporaryFolder } from "./temporary.ts";

const KEPT_LINES = 200;
const QUOTED_LINES = 25;
/** Of a line without an end, this much is kept and quoted. */
const LONGEST_LINE = 65_536;
const KEPT_DAYS = 7;

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
  let { file, descriptor } = openFile(name);
  let lines: string[] = [];
  let partial = "";
  return {
    file,
    write(chunk) {
      descriptor = written(descriptor, chunk);
      const parts = chunk.split(/\r?\n/);
      parts[0] = parts.length > 1 ? (partial + parts[0]).replace(/\r$/, "") : partial + parts[0];
      partial = parts.pop()!.slice(-LONGEST_LINE);
      for (const line of parts) onLine?.(line);
      lines = lines.concat(parts.slice(-KEPT_LINES)).slice(-KEPT_LINES);
    },
    tail: () => quoted(lines.concat(partial || [])).join("\n"),
    close(keep) {
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
      if (!keep && file) remove(file);
      file = undefined;
    },
  };
}

function remove(file: string): void {
  rmSync(file, { force: true });
  if (dirname(file) !== usualFolder()) rmdirSync(dirname(file)); // made for this one alone
}

/** Where the disk is full, the lines in memory have to do. */
function written(descriptor: number | undefined, chunk: string): number | undefined {
  if (descriptor === undefined) return undefined;
  try {
    writeSync(descriptor, chunk);
    return descriptor;
  } catch {
    closeSync(descriptor);
    return undefined;
  }
}

/** The last lines. A crash says what it was first, then shows the stack of every thread: those are quoted from its first line on. */
function quoted(lines: readonly string[]): readonly string[] {
  const crash = lines.findIndex((line) => line.startsWith("Fatal Python error"));
  return lines.slice(crash === -1 ? -QUOTED_LINES : Math.max(0, Math.min(crash - 5, lines.length - QUOTED_LINES)));
}

let opened = 0;

const usualFolder = (): string => join(temporaryFolder(), `dsqn-logs-${userInfo().username}`);

/** Without a place for it (a full disk) there is none. */
function openFile(name: string): { file?: string; descriptor?: number } {
  try {
    const file = join(privateFolder(), `${name.replace(/[^\w.-]/g, "_")}-${process.pid}-${++opened}.log`);
    rmSync(file, { force: true }); // of an earlier process with the same number
    const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW = 0 } = constants;
    return { file, descriptor: openSync(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600) };
  } catch {
    return {};
  }
}

/**
 * A folder that only this user can enter. The usual one may have been made by somebody else, who would read along, or has planted links there: then
 * a new one, of a name that nobody could guess.
 */
function privateFolder(): string {
  const usual = usualFolder();
  try {
    // Not with `recursive`, which never returns where the system says ENOENT although the parent exists, as in /proc.
    mkdirSync(usual, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const found = lstatSync(usual);
  const ours = process.getuid === undefined || (found.uid === process.getuid() && (found.mode & 0o077) === 0);
  if (!found.isDirectory() || !ours) return mkdtempSync(`${usual}-`);
  sweep(usual);
  return usual;
}

/** Logs of workers that failed are for a person to read, who has had time by now. */
function sweep(folder: string): void {
  const before = Date.now() - KEPT_DAYS * 86_400_000;
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    const { mtimeMs = Infinity } = lstatSync(file, { throwIfNoEntry: false }) ?? {};
    if (name.endsWith(".log") && mtimeMs < before) rmSync(file, { force: true });
  }
}
