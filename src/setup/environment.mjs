// The managed Python environment: made once, extended when an extra is first needed, made anew when something is off.
//
// Each build gets a folder of its own (python-<version>-<random>), and python.json, written last, says which one counts. What
// an interrupted set-up left, or still writes, is therefore never mistaken for the environment.
import { randomBytes } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { extraNames, extras, lockHash } from "./extras.mjs";
import { SetupError } from "./errors.mjs";
import { checkSpace, managedHome } from "./home.mjs";
import { createVenv, findUv, installLocks } from "./installers.mjs";
import { cannotWrite, withLock } from "./mutex.mjs";
import { checkOwnPython } from "./own-python.mjs";
import { findPython } from "./python.mjs";

const FORMAT = 1;

/** @typedef {{ python: string, version: string, managed: boolean }} Environment */

/**
 * The interpreter that has `wanted`, if nothing is left to do: the user's own (DSQN_PYTHON) after a check, or the managed
 * environment by its stamp.
 *
 * @param {readonly string[]} wanted extras
 * @returns {Promise<Environment | undefined>}
 */
export async function readyPython(wanted, env = process.env) {
  const unknown = wanted.find((extra) => !extraNames.includes(extra));
  if (unknown !== undefined)
    throw new SetupError("EXTRA_UNKNOWN", `There is no extra "${unknown}".`, {
      hint: `Extras: ${extraNames.join(", ")}.`,
    });
  if (env.DSQN_PYTHON !== undefined) return { ...(await checkOwnPython(env.DSQN_PYTHON, wanted, env)), managed: false };
  const home = managedHome(env);
  const state = readState(home);
  return state && lacking(state, withBase(wanted)).length === 0 ? answer(home, state) : undefined;
}

/**
 * An interpreter that has `wanted`; makes or extends the managed environment if need be.
 *
 * @param {readonly string[]} wanted extras
 * @param {{ onProgress?: (progress: { stage: string, done: number, total?: number, unit?: string, note?: string }) => void,
 *   signal?: AbortSignal, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<Environment>}
 */
export async function ensurePython(wanted, { onProgress = () => undefined, signal, env = process.env } = {}) {
  const ready = await readyPython(wanted, env);
  if (ready) return ready;
  const home = managedHome(env);
  const report = (note, done = 0) => onProgress({ stage: "python", done, note });
  return withLock(path.join(home, "setup.lock"), () => bringAbout(home, withBase(wanted), { report, signal, env }), {
    signal,
    onWait: (holder) => report(`waiting for another set-up (${holder})`),
  });
}

const withBase = (wanted) => extraNames.filter((extra) => extra === "base" || wanted.includes(extra));

async function bringAbout(home, wanted, context) {
  const state = readState(home);
  if (state && lacking(state, wanted).length === 0) return answer(home, state);
  const current =
    state !== undefined &&
    !state.pending &&
    Object.entries(state.extras).every(([extra, hash]) => lockHash(extra) === hash);
  // pip's own temporary files, which it leaves behind where it is killed. No "tmp": DSQN_HOME may be a folder that has one of the user's.
  const scratch = path.join(home, "dsqn-setup-tmp");
  const within = { ...context, env: { ...context.env, TMPDIR: scratch, TEMP: scratch, TMP: scratch } };
  try {
    await rm(scratch, { recursive: true, force: true });
    await mkdir(scratch, { recursive: true });
    if (current) return answer(home, await extend(home, state, wanted, within));
    const remembered = Object.keys(state?.extras ?? {}).filter((extra) => extraNames.includes(extra));
    const all = extraNames.filter((extra) => wanted.includes(extra) || remembered.includes(extra));
    return answer(home, await build(home, all, within));
  } catch (error) {
    throw ["ENOSPC", "EACCES", "EROFS"].includes(error.code) ? cannotWrite(home, error) : error;
  } finally {
    await rm(scratch, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** A new environment in a folder of its own; the old ones go once the new one counts. */
async function build(home, wanted, { report, signal, env }) {
  await removeLeftovers(home, readState(home)?.folder);
  await checkSpace(home, megabytes(wanted), wanted.join(", "));
  const uv = await findUv(env);
  report("looking for Python");
  const interpreter = await findPython({ env, needVenv: !uv });
  const folder = `python-${interpreter.version.split(".").slice(0, 2).join(".")}-${randomBytes(4).toString("hex")}`;
  const venv = path.join(home, folder);
  try {
    const installer = await createVenv(venv, interpreter, { uv, report, signal, env });
    await installLocks(pythonIn(venv), wanted, { installer, interpreter, venv, report, signal, env });
  } catch (error) {
    await rm(venv, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
  const state = {
    format: FORMAT,
    home,
    folder,
    version: interpreter.version,
    interpreter: interpreter.executable,
    extras: hashes(wanted),
  };
  await writeState(home, state);
  await linkTo(home, folder);
  await removeLeftovers(home, folder);
  return state;
}

/** More extras into the environment that is there. Were that cut short, `pending` makes the next run build anew. */
async function extend(home, state, wanted, { report, signal, env }) {
  const missing = lacking(state, wanted);
  await checkSpace(home, megabytes(missing), missing.join(", "));
  const uv = await findUv(env);
  const venv = path.join(home, state.folder);
  await writeState(home, { ...state, pending: missing });
  try {
    // All locks at once: the installer then sees, and keeps, what the others pinned.
    const all = extraNames.filter((extra) => extra in state.extras || missing.includes(extra));
    const installer = uv ? { kind: "uv", uv } : { kind: "pip" };
    await installLocks(pythonIn(venv), all, { installer, venv, report, signal, env });
  } catch (error) {
    // Both installers fetch everything before they touch the environment: these failures left it as it was.
    const untouched = ["NETWORK_UNREACHABLE", "CERTIFICATE_REJECTED", "HASH_MISMATCH", "PACKAGE_UNAVAILABLE"];
    if (untouched.includes(error.code)) await writeState(home, state);
    throw error;
  }
  const extended = { ...state, extras: { ...state.extras, ...hashes(missing) } };
  await writeState(home, extended);
  return extended;
}

const megabytes = (wanted) => wanted.reduce((sum, extra) => sum + extras[extra].megabytes, 0);
const stateFile = (home) => path.join(home, "python.json");
const pythonIn = (venv) =>
  process.platform === "win32" ? path.join(venv, "Scripts", "python.exe") : path.join(venv, "bin", "python");
const hashes = (wanted) => Object.fromEntries(wanted.map((extra) => [extra, lockHash(extra)]));
const lacking = (state, wanted) =>
  state.pending ? wanted : wanted.filter((extra) => state.extras[extra] !== lockHash(extra));
const answer = (home, { folder, version }) => ({ python: pythonIn(path.join(home, folder)), version, managed: true });

/** What python.json says, if that is still true: the interpreter it was made with may be gone, or the home moved. */
export function readState(home) {
  try {
    const state = JSON.parse(readFileSync(stateFile(home), "utf8"));
    // A link to a home is that home: made anew there, the environment would vanish under those who use it here.
    const usable =
      state.format === FORMAT &&
      realpathSync(state.home) === realpathSync(home) &&
      existsSync(pythonIn(path.join(home, state.folder)));
    return usable ? state : undefined;
  } catch {
    return undefined;
  }
}

async function writeState(home, state) {
  const draft = `${stateFile(home)}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(state, null, 2)}\n`);
  await rename(draft, stateFile(home));
}

/** <home>/python always leads to the environment, for people; programs read python.json. */
async function linkTo(home, folder) {
  const link = path.join(home, "python");
  try {
    if (existsSync(link) && !lstatSync(link).isSymbolicLink()) return;
    await rm(link, { force: true });
    await symlink(folder, link, "junction");
  } catch {
    // a file system without links
  }
}

async function removeLeftovers(home, keep) {
  const ours = /^python(-\d+\.\d+-[0-9a-f]{8}|\.json\.\d+)$/;
  const old = readdirSync(home).filter((name) => ours.test(name) && name !== keep);
  await Promise.all(
    old.map((name) => rm(path.join(home, name), { recursive: true, force: true }).catch(() => undefined)),
  );
}
