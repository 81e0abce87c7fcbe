import { randomBytes } from "node:crypto";
import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { cp, mkdir, open, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { DsqnError } from "../errors.ts";
import { diskError, makePieceFolder } from "./job.ts";

/**
 * Who works on a piece, over any number of machines that share a disk: `pieces/<id>/lease`, touched while it is held.
 *
 * A holder that this machine's system can see is judged by its process. Of another one only the lease tells: it is given up for dead when the lease has
 * not changed for `staleMs` by the *observer's* clock (clocks of machines differ). It may only be cut off, and still write: so its folder is marked as
 * abandoned, and the successor works in a copy. Its result, should it come after all, is the same; the first that is published counts.
 */
export interface Lease {
  /** Where to work. */
  readonly folder: string;
  readonly attempt: number;
  /** Fires when somebody else has taken over. */
  readonly lost: AbortSignal;
  held(): boolean;
  release(): void;
}

const TOUCH_MS = 5_000;
const STALE_MS = 60_000;
const POLL_MS = 500;

interface Mark {
  readonly token: string;
  readonly host: string;
  /** Processes are numbered per machine and namespace. */
  readonly place: string;
  readonly pid: number;
  readonly started: string;
  readonly attempt: number;
}

export interface LeaseOptions {
  readonly signal: AbortSignal;
  /** Nothing is left to do: stop waiting. */
  readonly done: () => boolean;
  readonly log: (line: string) => void;
  readonly staleMs?: number;
}

/** The folder of a piece's `attempt`-th try. */
const attemptName = (id: string, attempt: number): string => (attempt === 1 ? id : `${id}.attempt-${attempt}`);

/** Takes the piece, waiting for whoever has it; undefined where `done` meanwhile. */
export async function takeLease(job: string, id: string, options: LeaseOptions): Promise<Lease | undefined> {
  const { signal, done, log, staleMs = STALE_MS } = options;
  const own = makePieceFolder(job, id);
  const file = join(own, "lease");
  let seen = { text: "", changed: 0, at: performance.now() };
  for (let told = false; ;) {
    signal.throwIfAborted();
    if (done()) return undefined;
    const attempt = newestAttempt(job, id);
    const next = existsSync(join(own, `abandoned.${attempt}`)) ? attempt + 1 : attempt;
    const mark = ownMark(next);
    if (await create(file, JSON.stringify(mark))) return begin(job, id, file, mark, attempt);
    const found = lookAt(file);
    if (!found) continue;
    const now = performance.now();
    if (found.text !== seen.text || found.changed !== seen.changed) seen = { ...found, at: now };
    const holder = parse(found.text);
    const here = holder?.place === place();
    if (here ? startOf(holder.pid) !== holder.started : now - seen.at > staleMs) {
      // Written before the lease goes, so that nobody ever goes on in a folder that a cut-off node may write to.
      if (!here) writeFileSync(join(own, `abandoned.${holder?.attempt ?? attempt}`), "");
      takeAway(file, found.text);
      continue;
    }
    if (!told)
      log(`Piece ${id}: process ${holder?.pid ?? "?"} on ${holder?.host ?? "another machine"} works on it; waiting.`);
    told = true;
    await new Promise((resolve) => setTimeout(resolve, Math.min(POLL_MS, staleMs / 4)));
  }
}

/** Makes the folder of this attempt ready, and keeps the lease. */
async function begin(job: string, id: string, file: string, mark: Mark, newest: number): Promise<Lease> {
  const folder = join(job, attemptName(id, mark.attempt));
  const lost = new AbortController();
  const held = (): boolean => lookAt(file)?.text === JSON.stringify(mark);
  const touching = setInterval(() => {
    if (!held())
      return lost.abort(
        new DsqnError("RUN_LOCKED", `Somebody else has taken over "${folder}": this node was taken for dead.`, {
          facts: { folder },
        }),
      );
    try {
      utimesSync(file, new Date(), new Date());
    } catch {
      // Gone, or the disk is: the next look tells.
    }
  }, TOUCH_MS);
  touching.unref();
  const release = (): void => {
    clearInterval(touching);
    if (held()) rmSync(file, { force: true });
  };
  try {
    if (mark.attempt > newest) await copyAttempt(join(job, attemptName(id, newest)), folder);
    await mkdir(folder, { recursive: true });
  } catch (error) {
    release();
    throw diskError(folder, error);
  }
  return { folder, attempt: mark.attempt, lost: lost.signal, held, release };
}

/** What an abandoned attempt has come to, for its successor. It may be written to at this very moment: what vanishes meanwhile was temporary. */
async function copyAttempt(from: string, to: string): Promise<void> {
  const temporary = join(to, "..", `.${basename(to)}.${randomBytes(6).toString("hex")}`);
  for (let tries = 3; existsSync(from); tries--)
    try {
      await cp(from, temporary, { recursive: true, filter: (path) => !/\.tmp$|[/\\]run\.lock[^/\\]*$/.test(path) });
      break;
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      if (tries === 0 || (error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  await rm(to, { recursive: true, force: true });
  if (existsSync(temporary)) await rename(temporary, to);
}

/** The highest attempt that has a folder; 1 where none has. */
function newestAttempt(job: string, id: string): number {
  const prefix = `${id}.attempt-`;
  const numbers = readdirSync(job).flatMap((name) =>
    name.startsWith(prefix) ? [Number(name.slice(prefix.length))] : [],
  );
  return Math.max(1, ...numbers.filter(Number.isInteger));
}

async function create(file: string, text: string): Promise<boolean> {
  try {
    const handle = await open(file, "wx");
    await handle.writeFile(text).finally(() => handle.close());
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    rmSync(file, { force: true });
    throw diskError(dirname(file), error);
  }
}

function lookAt(file: string): { text: string; changed: number } | undefined {
  try {
    return { text: readFileSync(file, "utf8"), changed: statSync(file).mtimeMs };
  } catch {
    return undefined;
  }
}

/** Of several that find the same stale lease one renames it; what it has renamed must be the stale one. */
function takeAway(file: string, text: string): void {
  const aside = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`;
  try {
    renameSync(file, aside);
    if (readFileSync(aside, "utf8") === text) rmSync(aside, { force: true });
    else renameSync(aside, file);
  } catch {
    // Somebody else was faster.
  }
}

function parse(text: string): Mark | undefined {
  try {
    return JSON.parse(text) as Mark;
  } catch {
    return undefined; // half written: only its age tells
  }
}

function ownMark(attempt: number): Mark {
  const { pid } = process;
  return {
    token: randomBytes(8).toString("hex"),
    host: hostname(),
    place: place(),
    pid,
    started: startOf(pid),
    attempt,
  };
}

/** Where process numbers mean the same: a machine, and on Linux a boot and a namespace of it. */
function place(): string {
  const read = (get: () => string): string => {
    try {
      return get().trim();
    } catch {
      return "";
    }
  };
  const boot = read(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"));
  return [hostname(), boot, read(() => readlinkSync("/proc/self/ns/pid"))].join(" ");
}

/** When a process began, as their numbers are used again; "ended" for one that is no more, "runs" where the system does not tell. */
function startOf(pid: number): string {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return "ended";
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" ? "ended" : fields[18];
  } catch {
    return "runs";
  }
}
