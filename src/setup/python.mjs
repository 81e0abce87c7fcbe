// Finds a Python 3.10-3.13 by running each candidate: a name on PATH (a pyenv shim, say) tells nothing about its version.
import { readdirSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { SetupError } from "./errors.mjs";
import { run } from "./process.mjs";

export const SUPPORTED = { min: [3, 10], max: [3, 13] };
export const supportedText = "3.10 to 3.13";

const PROBE = `
import importlib.util, json, struct, sys, sysconfig
print(json.dumps({
    "version": "%d.%d.%d" % sys.version_info[:3], "executable": sys.executable, "bits": struct.calcsize("P") * 8,
    "implementation": sys.implementation.name, "freeThreaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "venv": all(importlib.util.find_spec(m) is not None for m in ("venv", "ensurepip")),
}))`;

/**
 * @typedef {{ version: string, executable: string, bits: number, implementation: string, freeThreaded: boolean, venv: boolean }} Interpreter
 * @param {string} command
 * @param {readonly string[]} [args]
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<Interpreter | undefined>} undefined when it does not run
 */
export async function probe(command, args = [], env = process.env) {
  const { code, stdout } = await run(command, [...args, "-I", "-c", PROBE], { env, timeoutMs: 15_000 });
  if (code !== 0) return undefined;
  try {
    return JSON.parse(stdout.trim().split("\n").pop());
  } catch {
    return undefined;
  }
}

/** Why this interpreter will not do, or undefined. */
export function unsuitable({ version, bits, implementation, freeThreaded }) {
  const minor = version.split(".").map(Number);
  if (minor[0] !== 3 || minor[1] < SUPPORTED.min[1] || minor[1] > SUPPORTED.max[1]) return `version ${version}`;
  if (implementation !== "cpython") return `${implementation}, not CPython`;
  if (bits !== 64) return "32-bit";
  if (freeThreaded) return "free-threaded build";
  return undefined;
}

/** What to try, most wanted first: the user's own `python3`, then the best-tested versions, then pyenv's. */
function candidates(env) {
  if (process.platform === "win32")
    return [["python"], ...[11, 12, 13, 10].map((minor) => ["py", `-3.${minor}`]), ["python3"]];
  const named = ["python3", "python3.11", "python3.12", "python3.13", "python3.10", "python"].map((name) => [name]);
  return [...named, ...pyenvVersions(env).map((file) => [file])];
}

function pyenvVersions(env) {
  const folder = path.join(env.PYENV_ROOT || path.join(env.HOME || homedir(), ".pyenv"), "versions");
  try {
    const rank = (version) => [11, 12, 13, 10].indexOf(Number(version.split(".")[1]));
    const usable = readdirSync(folder).filter((version) => /^3\.\d+\.\d+$/.test(version) && rank(version) >= 0);
    return usable.sort((a, b) => rank(a) - rank(b)).map((version) => path.join(folder, version, "bin", "python"));
  } catch {
    return [];
  }
}

/**
 * The interpreter to build the managed environment with.
 *
 * @param {{ env?: NodeJS.ProcessEnv, needVenv?: boolean }} [options] needVenv: false when uv makes the environment
 * @returns {Promise<Interpreter>}
 */
export async function findPython({ env = process.env, needVenv = true } = {}) {
  const rejected = [];
  for (const [command, ...args] of candidates(env)) {
    const found = await probe(command, args, env);
    if (!found) continue;
    const reason = unsuitable(found) ?? (needVenv && !found.venv ? "without its venv module" : undefined);
    if (reason === undefined) return found;
    if (!rejected.some((other) => other.executable === found.executable)) rejected.push({ ...found, reason });
  }
  const facts = { found: rejected.map(({ executable, version, reason }) => ({ executable, version, reason })) };
  const listed = rejected.map(({ executable, reason }) => `${executable} (${reason})`).join(", ");
  const bare = rejected.find(({ reason }) => reason === "without its venv module");
  if (bare)
    throw new SetupError("PYTHON_VENV_MISSING", `Python ${bare.version} (${bare.executable}) has no venv module.`, {
      hint: `Debian and Ubuntu: "sudo apt install python${bare.version.split(".").slice(0, 2).join(".")}-venv". Or install uv (docs.astral.sh/uv), which needs no venv module. Then run the same command again.`,
      facts,
    });
  const how = `Install Python ${supportedText} (Debian, Ubuntu: "sudo apt install python3 python3-venv"; macOS: "brew install python@3.12"; Windows: python.org; anywhere: conda, pyenv, uv), or name one by DSQN_PYTHON. Then run the same command again.`;
  if (rejected.length > 0)
    throw new SetupError("PYTHON_UNSUITABLE", `dsqn needs Python ${supportedText}; found only ${listed}.`, {
      hint: how,
      facts,
    });
  throw new SetupError("PYTHON_MISSING", `No Python ${supportedText} was found.`, { hint: how, facts });
}
