// One set-up at a time per home: a lock file with the holder's pid, touched while it is held, taken over when its holder died.
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { mkdir, open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { SetupError } from "./errors.mjs";

const TOUCH_MS = 2_000;
const STALE_MS = 30_000;
const POLL_MS = 200;

/**
 * Runs `task` while holding `file`; waits for whoever holds it now.
 *
 * @template T
 * @param {string} file
 * @param {() => Promise<T>} task
 * @param {{ signal?: AbortSignal, onWait?: (holder: string) => void }} [options]
 * @returns {Promise<T>}
 */
export async function withLock(file, task, { signal, onWait } = {}) {
  const { pid } = process;
  const mark = JSON.stringify({ pid, started: startOf(pid), host: hostname(), nonce: Math.random() });
  await mkdir(path.dirname(file), { recursive: true }).catch((error) => {
    throw cannotWrite(path.dirname(file), error);
  });
  for (let waited = false; !(await take(file, mark));) {
    const holder = await holderOf(file);
    if (holder && holder.stale) await takeAway(file, holder.text);
    else {
      if (holder && !waited) onWait?.(`process ${holder.pid ?? "?"}`);
      waited = true;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    signal?.throwIfAborted();
  }
  const touching = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => undefined);
  }, TOUCH_MS);
  touching.unref();
  try {
    return await task();
  } finally {
    clearInterval(touching);
    if ((await readFile(file, "utf8").catch(() => "")) === mark) await rm(file, { force: true });
  }
}

/**
 * Whether somebody holds `file`, who has not died meanwhile.
 *
 * @param {string} file
 * @returns {Promise<boolean>}
 */
export async function isLocked(file) {
  const holder = await holderOf(file);
  return holder !== undefined && !holder.stale;
}

async function take(file, mark) {
  try {
    const handle = await open(file, "wx");
    await handle.writeFile(mark).finally(() => handle.close());
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    await rm(file, { force: true }).catch(() => undefined);
    throw cannotWrite(path.dirname(file), error);
  }
}

async function holderOf(file) {
  try {
    const [text, { mtimeMs }] = [await readFile(file, "utf8"), await stat(file)];
    const old = Date.now() - mtimeMs > STALE_MS;
    let mark = {};
    try {
      mark = JSON.parse(text);
    } catch {
      // half written: only its age tells
      return { text, stale: old };
    }
    // Of a process on this machine the system knows, stopped or not; of another one only the lock's age tells.
    const started = startOf(mark.pid);
    const stale = mark.host === hostname() ? started === null || started !== (mark.started ?? started) : old;
    return { text, pid: mark.pid, stale };
  } catch {
    return undefined;
  }
}

/** Of several that find the same stale lock only one can rename it; what it renamed has to be the stale one. */
async function takeAway(file, text) {
  const aside = `${file}.${process.pid}.${Date.now()}`;
  try {
    await rename(file, aside);
    if ((await readFile(aside, "utf8")) === text) await rm(aside, { force: true });
    else await rename(aside, file);
  } catch {
    // someone else was faster
  }
}

/** When a process started, where the system tells, as their numbers are used again; null for one that ended. */
function startOf(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== "EPERM") return null;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" ? null : fields[18];
  } catch {
    return "";
  }
}

export function cannotWrite(folder, error) {
  if (error.code === "ENOSPC")
    return new SetupError("DISK_FULL", `The disk with ${folder} is full.`, {
      hint: "Free some space, then run the same command again.",
      facts: { folder },
      cause: error,
    });
  return new SetupError("NOT_PERMITTED", `Cannot write in ${folder} (${error.code ?? error.message}).`, {
    hint: "Make that folder writable for you, or set DSQN_HOME to one that is, then run the same command again.",
    facts: { folder },
    cause: error,
  });
}
