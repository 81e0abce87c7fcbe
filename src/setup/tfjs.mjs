// tfjs-node, for convolutional networks, in a tree of its own: <home>/tfjs. Its own installer downloads a library from a place
// that many networks don't let through; here the library comes from a locked wheel, and the binding is compiled against it.
//
// All happens in a folder tfjs-<random>, which is renamed when the result has computed something: <home>/tfjs is always whole.
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { copyFile, mkdir, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { explain, SetupError } from "./errors.mjs";
import { checkSpace, managedHome } from "./home.mjs";
import { createVenv, findUv, runPip, uvEnvironment } from "./installers.mjs";
import { cannotWrite, withLock } from "./mutex.mjs";
import { installPackages, npmCommand } from "./node.mjs";
import { run } from "./process.mjs";
import { findPython } from "./python.mjs";

/** Beside this module, in a clone and in an installed package alike. */
const recipe = fileURLToPath(new URL("./tfjs/", import.meta.url));
const recipeFiles = ["package.json", "package-lock.json", "requirements.txt"].map((name) => path.join(recipe, name));
export const tfjsVersion = JSON.parse(readFileSync(recipeFiles[0], "utf8")).dependencies["@tensorflow/tfjs-node"];

/** The wheel and what is unpacked of it are there at the same time. */
const MEGABYTES = 1300;
/** The newest that tfjs-node 4.22 names and, being a stable interface, good for every Node since 20. */
const NAPI = 8;
const WHEEL = "--implementation cp --python-version 3.11 --abi cp311 --platform manylinux_2_17_x86_64".split(" ");

/** Of the wheel (argv[1]) the two libraries and the C headers, below argv[2]. */
const UNPACK = `
import sys, zipfile
headers = tuple("tensorflow/include/" + name for name in ("tensorflow/c/", "tensorflow/core/platform/", "tsl/c/", "tsl/platform/"))
with zipfile.ZipFile(sys.argv[1]) as archive:
    for member in archive.infolist():
        if member.filename in ("tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2"):
            member.filename = member.filename.replace("tensorflow/", "lib/", 1)
        elif member.filename.startswith(headers):
            member.filename = member.filename.replace("tensorflow/", "", 1)
        else:
            continue
        archive.extract(member, sys.argv[2])
`;

/** Loads it and computes 1 * 2 + 3 * 4. */
const SMOKE = `
const util = require("node:util");
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
util.isArray ??= Array.isArray;
const tf = require("@tensorflow/tfjs-node");
const product = tf.tensor2d([1, 3], [1, 2]).matMul(tf.tensor2d([2, 4], [2, 1])).dataSync()[0];
if (product !== 14) throw new Error("1 * 2 + 3 * 4 came out as " + product);
`;

/** Throws where the wheel's libraries don't run. */
export function checkTfjsPlatform(platform = process.platform, arch = process.arch) {
  if (platform === "linux" && arch === "x64") return;
  throw new SetupError(
    "TFJS_UNSUPPORTED",
    `tfjs-node is set up on 64-bit x86 Linux only; this is ${platform} ${arch}.`,
    {
      hint: "Use a container (docker/) or such a machine for convolutional networks; everything else runs here.",
      facts: { platform, arch },
    },
  );
}

/**
 * The folder whose node_modules has a tfjs-node that was built from the present recipe and works, or undefined.
 *
 * @returns {string | undefined}
 */
export function readyTfjs(env = process.env) {
  const folder = path.join(managedHome(env), "tfjs");
  try {
    return JSON.parse(readFileSync(path.join(folder, "complete.json"), "utf8")).recipe === recipeHash()
      ? folder
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * That folder; sets it up if need be: some 210 MB to download, 900 MB on disk, half a minute.
 *
 * @param {{ onProgress?: (progress: { stage: string, done: number, note?: string }) => void, signal?: AbortSignal,
 *   env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<string>}
 */
export async function ensureTfjs({ onProgress = () => undefined, signal, env = process.env } = {}) {
  const ready = readyTfjs(env);
  if (ready) return ready;
  checkTfjsPlatform();
  const home = managedHome(env);
  let done = 0;
  const report = (note) => onProgress({ stage: "tfjs-node", done: done++, note });
  return withLock(
    path.join(home, "tfjs.lock"),
    async () => readyTfjs(env) ?? (await build(home, { report, signal, env })),
    { signal, onWait: (holder) => report(`waiting for another set-up (${holder})`) },
  );
}

async function build(home, context) {
  await checkCompiler(context);
  try {
    await removeLeftovers(home);
    await checkSpace(home, MEGABYTES, "tfjs-node");
    const staging = path.join(home, `tfjs-${randomBytes(4).toString("hex")}`);
    try {
      await fill(staging, { ...context, env: { ...context.env, TMPDIR: path.join(staging, "tmp") } });
      const folder = path.join(home, "tfjs");
      await rm(folder, { recursive: true, force: true });
      await rename(staging, folder);
      return folder;
    } finally {
      await rm(staging, { recursive: true, force: true }).catch(() => undefined);
    }
  } catch (error) {
    throw ["ENOSPC", "EACCES", "EROFS"].includes(error.code) ? cannotWrite(home, error) : error;
  }
}

async function fill(staging, { report, signal, env }) {
  await mkdir(env.TMPDIR, { recursive: true });
  for (const file of recipeFiles) await copyFile(file, path.join(staging, path.basename(file)));
  report("npm packages");
  await installPackages({ folder: staging, env: { ...env, npm_config_ignore_scripts: "true" }, signal });

  const python = await toolPython(path.join(staging, "python"), { report, signal, env });
  report("downloading TensorFlow's libraries (207 MB)");
  const wheels = path.join(staging, "wheel");
  const lock = path.join(staging, "requirements.txt");
  const fetched = await runPip(
    python,
    ["download", "--no-deps", "--require-hashes", "--only-binary", ":all:", ...WHEEL, "--dest", wheels, "-r", lock],
    { signal, env },
  );
  if (fetched.code !== 0) throw explain("Downloading TensorFlow's libraries", fetched.output, { folder: wheels });

  report("unpacking");
  const deps = path.join(staging, "deps");
  const [wheel] = await readdir(wheels);
  const unpacked = await run(python, ["-I", "-c", UNPACK, path.join(wheels, wheel), deps], { signal, env });
  if (unpacked.code !== 0) throw explain("Unpacking TensorFlow's libraries", unpacked.output, { wheel });
  await symlink("libtensorflow_cc.so.2", path.join(deps, "lib", "libtensorflow.so"));
  await symlink("libtensorflow_framework.so.2", path.join(deps, "lib", "libtensorflow_framework.so"));
  await rm(wheels, { recursive: true });

  report("compiling the binding");
  await compile(staging, python, { signal, env });
  await rm(path.join(staging, "python"), { recursive: true });

  report("trying it");
  const tried = await smoke(staging, { signal, env });
  if (tried.code !== 0) throw explain("Loading tfjs-node", tried.output, { folder: staging });
  await rm(env.TMPDIR, { recursive: true });
  const state = { recipe: recipeHash(), version: tfjsVersion, node: process.versions.node };
  await writeFile(path.join(staging, "complete.json"), `${JSON.stringify(state, null, 2)}\n`);
}

/** Without TensorFlow's notes on what the processor could do as well. */
function smoke(folder, { signal, env }) {
  const options = { cwd: folder, env: { ...env, TF_CPP_MIN_LOG_LEVEL: "2" }, signal, timeoutMs: 120_000 };
  return run(process.execPath, ["-e", SMOKE], options);
}

/** Why the tfjs-node of that folder does not compute, or undefined. */
export async function tryTfjs(folder, env = process.env) {
  const { code, signal, output } = await smoke(folder, { env });
  if (code === 0) return undefined;
  const lines = output.split("\n").filter((line) => line.trim());
  return lines.find((line) => /Error: /.test(line)) ?? lines.at(-1) ?? `ended by ${signal ?? code}`;
}

/** The binding, by node-gyp as the package's own script would, without node-pre-gyp's look at what can be downloaded. */
async function compile(staging, python, { signal, env }) {
  const folder = path.join(staging, "node_modules", "@tensorflow", "tfjs-node");
  await rm(path.join(folder, "deps"), { recursive: true, force: true });
  await symlink(path.join("..", "..", "..", "deps"), path.join(folder, "deps"));
  const target = path.join(folder, "lib", `napi-v${NAPI}`);
  const args = [path.join(staging, "node_modules", "node-gyp", "bin", "node-gyp.js"), "rebuild", `--python=${python}`];
  args.push(`--module=${path.join(target, "tfjs_binding.node")}`, "--module_name=tfjs_binding");
  args.push(`--module_path=${target}`, `--napi_version=${process.versions.napi}`, `--napi_build_version=${NAPI}`);
  const headers = await nodeHeaders({ signal, env });
  // Without headers at hand node-gyp downloads them.
  if (headers) args.push(`--nodedir=${headers}`);
  const built = await run(process.execPath, args, { cwd: folder, env, signal });
  if (built.code !== 0) throw explain("Compiling the binding of tfjs-node", built.output, { folder });
  await rm(path.join(folder, "build"), { recursive: true, force: true });
}

/** The folder with include/node: npm's nodedir, else Node's own prefix. */
async function nodeHeaders({ signal, env }) {
  const [npm, ...before] = npmCommand(env);
  const { code, stdout } = await run(npm, [...before, "config", "get", "nodedir"], { env, signal, timeoutMs: 20_000 });
  const configured = code === 0 ? stdout.trim() : "";
  const prefix = path.resolve(path.dirname(realpathSync(process.execPath)), "..");
  return [configured, prefix].find(
    (folder) => folder && existsSync(path.join(folder, "include", "node", "node_api.h")),
  );
}

/** A Python with pip for this one purpose: neither the managed environment (uv makes it without) nor the user's need have it. */
async function toolPython(venv, { report, signal, env }) {
  const uv = await findUv(env);
  const interpreter = await findPython({ env, needVenv: !uv });
  if (interpreter.venv) await createVenv(venv, interpreter, { report, signal, env });
  else {
    const args = ["venv", "--quiet", "--no-project", "--seed", "--python", interpreter.executable, venv];
    const made = await run(uv, args, { env: uvEnvironment(env), signal });
    if (made.code !== 0) throw explain("Making a Python environment with uv", made.output, { venv });
  }
  return path.join(venv, "bin", "python");
}

async function checkCompiler({ signal, env }) {
  const compilers = env.CXX ? [env.CXX] : ["c++", "g++", "clang++"];
  const answers = await Promise.all(
    [...compilers, "make"].map((tool) => run(tool, ["--version"], { env, signal, timeoutMs: 10_000 })),
  );
  const make = answers.pop();
  if (make.code === 0 && answers.some(({ code }) => code === 0)) return;
  throw new SetupError(
    "COMPILER_MISSING",
    "tfjs-node's binding is compiled here: that needs a C++ compiler and make.",
    {
      hint: `Debian and Ubuntu: "sudo apt install build-essential". Then run the same command again.`,
      facts: { tried: [...compilers, "make"] },
    },
  );
}

/** What a killed set-up left. */
async function removeLeftovers(home) {
  const old = (await readdir(home)).filter((name) => /^tfjs-[0-9a-f]{8}$/.test(name));
  await Promise.all(old.map((name) => rm(path.join(home, name), { recursive: true, force: true })));
}

function recipeHash() {
  const hash = createHash("sha256");
  for (const file of recipeFiles) hash.update(readFileSync(file));
  return hash.digest("hex");
}
