// uv where it is, else venv and pip: both check the locks' hashes, and neither runs code of a package to install it.
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import path from "node:path";
import { explain, SetupError } from "./errors.mjs";
import { lockFile } from "./extras.mjs";
import { run } from "./process.mjs";

/**
 * @typedef {{ kind: "uv", uv: string } | { kind: "pip" }} Installer
 */

/** The `uv` on PATH, unless DSQN_INSTALLER=pip. */
export async function findUv(env = process.env) {
  if (env.DSQN_INSTALLER === "pip") return undefined;
  const { code } = await run("uv", ["--version"], { env, timeoutMs: 10_000 });
  return code === 0 ? "uv" : undefined;
}

/**
 * An empty virtual environment.
 *
 * @param {string} venv
 * @param {import("./python.mjs").Interpreter} interpreter
 * @returns {Promise<Installer>} what to fill it with
 */
export async function createVenv(venv, interpreter, { uv, report, signal, env }) {
  report(`making an environment with Python ${interpreter.version}`);
  if (uv) {
    const made = await run(uv, ["venv", "--quiet", "--no-project", "--python", interpreter.executable, venv], {
      cwd: path.dirname(venv),
      env: uvEnvironment(env),
      signal,
    });
    if (made.code === 0) return { kind: "uv", uv };
    if (!interpreter.venv) throw explain("Making the Python environment with uv", made.output, { venv });
    await rm(venv, { recursive: true, force: true });
  }
  const made = await run(interpreter.executable, ["-I", "-m", "venv", venv], { env: pipEnvironment(env), signal });
  if (made.code === 0) return { kind: "pip" };
  if (/ensurepip/.test(made.output))
    throw new SetupError(
      "PYTHON_VENV_MISSING",
      `Python ${interpreter.version} (${interpreter.executable}) cannot make environments: ensurepip is missing or broken.`,
      {
        hint: `Debian and Ubuntu: "sudo apt install python3-venv". Or install uv (docs.astral.sh/uv). Then run the same command again.`,
        facts: { executable: interpreter.executable },
        cause: new Error(made.output.trim().split("\n").slice(-10).join("\n")),
      },
    );
  throw explain("Making the Python environment", made.output, { venv, executable: interpreter.executable });
}

/**
 * Installs the extras' locks. A registry that uv cannot reach may be one that only pip's configuration names: then pip tries.
 *
 * @param {string} python the environment's
 * @param {readonly string[]} wanted
 */
export async function installLocks(python, wanted, { installer, interpreter, venv, report, signal, env }) {
  const what = `Installing the Python packages (${wanted.join(", ")})`;
  const files = wanted.flatMap((extra) => ["-r", lockFile(extra)]);
  let outcome =
    installer.kind === "uv" ? await uvInstall(installer.uv, python, files, { report, signal, env }) : undefined;
  if (outcome && outcome.code !== 0) {
    const failure = explain(what, outcome.output, { venv, installer: "uv" });
    const perhapsPip = ["NETWORK_UNREACHABLE", "CERTIFICATE_REJECTED", "PACKAGE_UNAVAILABLE", "SETUP_FAILED"].includes(
      failure.code,
    );
    if (!perhapsPip || !(await addPip(python, { interpreter, signal, env }))) throw failure;
    outcome = undefined;
  }
  if (!outcome && installer.kind === "pip" && !hasPip(venv)) await addPip(python, { signal, env });
  outcome ??= await pipInstall(python, files, { report, signal, env });
  if (outcome.code !== 0) throw explain(what, outcome.output, { venv, installer: "pip" });
}

function hasPip(venv) {
  return existsSync(path.join(venv, process.platform === "win32" ? "Scripts/pip.exe" : "bin/pip"));
}

/** An environment made by uv has no pip of its own. */
async function addPip(python, { interpreter, signal, env }) {
  if (interpreter && !interpreter.venv) return false;
  const { code } = await run(python, ["-I", "-m", "ensurepip"], { env: pipEnvironment(env), signal });
  return code === 0;
}

async function uvInstall(uv, python, files, { report, signal, env }) {
  const args = [
    "pip",
    "install",
    "--python",
    python,
    "--require-hashes",
    "--only-binary",
    ":all:",
    "--no-progress",
    ...files,
  ];
  const options = {
    cwd: path.dirname(python),
    env: uvEnvironment(env),
    signal,
    onLine: (line) => /^(Resolved|Download|Prepared|Installed)/.test(line) && report(line),
  };
  report("downloading (uv)");
  let outcome = await run(uv, args, options);
  // uv's own list of certificate authorities lacks a company's: the system's has it. The option's name depends on uv's age.
  for (const option of ["--system-certs", "--native-tls"]) {
    if (outcome.code === 0 || !/certificate|UnknownIssuer|unexpected argument/i.test(outcome.output)) break;
    outcome = await run(uv, [...args, option], options);
  }
  return outcome;
}

async function pipInstall(python, files, { report, signal, env }) {
  const args = ["install", "--require-hashes", "--only-binary", ":all:", "--no-warn-script-location", "--no-compile"];
  let collected = 0;
  const onLine = (line) => {
    const name = /^Collecting ([\w.-]+)/.exec(line)?.[1];
    if (name) report(`downloading ${name}`, ++collected);
    else if (line.startsWith("Installing collected")) report("unpacking", collected);
  };
  report("downloading (pip)");
  return runPip(python, [...args, ...files], { signal, env, onLine });
}

/** pip; once more with the system's certificate authorities if its own don't do. */
export async function runPip(python, command, { signal, env, onLine }) {
  const quiet = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"];
  const args = ["-I", "-m", "pip", ...command, ...quiet];
  const outcome = await run(python, args, { env: pipEnvironment(env), signal, onLine });
  const bundle = systemBundle();
  if (outcome.code === 0 || !bundle || env.PIP_CERT || !/CERTIFICATE_VERIFY_FAILED/.test(outcome.output))
    return outcome;
  return run(python, [...args, "--cert", bundle], { env: pipEnvironment(env), signal, onLine });
}

/** Where Linux distributions, BSDs and macOS keep the system's certificate authorities. */
function systemBundle() {
  const places = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
  ];
  return places.find((file) => existsSync(file));
}

export function uvEnvironment(env) {
  return { ...without(env, ["VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONHOME", "PYTHONPATH"]), UV_PYTHON_DOWNLOADS: "never" };
}

/** The user's mirrors and certificates count; settings that would install elsewhere don't. */
function pipEnvironment(env) {
  const elsewhere = ["PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIRE_VIRTUALENV", "PIP_DRY_RUN"];
  return { ...without(env, [...elsewhere, "PYTHONHOME", "PYTHONPATH"]), PIP_USER: "0" };
}

function without(env, names) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)));
}
