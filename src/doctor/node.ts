import { existsSync, readdirSync, readFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { openRegion } from "../bridge/shared/region.ts";
import * as setup from "../setup/index.mjs";
import { bad, type Check, good } from "./check.ts";

const MEGABYTES_WANTED = 500;
const kernelsFolder = new URL("../engines/fast/kernels/", import.meta.url);
const require = createRequire(import.meta.url);

/** What lies on the Node side: Node itself, the packages, the compilers, the kernels, the disk. */
export async function nodeChecks(): Promise<Check[]> {
  return [
    node(),
    packages(),
    ...(setup.isClone ? [typescript()] : []),
    await cxx(),
    kernels(),
    await sharedMemory(),
    await tfjs(),
    await disk(),
  ];
}

function node(): Check {
  try {
    setup.checkNode();
    return good("node", process.versions.node);
  } catch {
    return bad("node", "Install Node 20.6 or newer.", true, process.versions.node);
  }
}

function packages(): Check {
  if (setup.isClone) {
    const missing = setup.missingPackages();
    if (missing.length > 0)
      return bad(
        "npm packages",
        `"npm run setup" installs ${missing.slice(0, 5).join(", ")}${missing.length > 5 ? `, ... (${missing.length})` : ""}.`,
      );
  }
  try {
    // The one package with a native part that everything rests on: loading it is the test.
    require("zeromq");
    return good("npm packages", `zeromq ${installedVersion("zeromq") ?? "?"}`);
  } catch (error) {
    return bad("npm packages", `zeromq does not load (${firstLine(error)}): reinstall with "npm ci".`);
  }
}

function typescript(): Check {
  const version = installedVersion("typescript");
  return version ? good("typescript", version) : bad("typescript", `"npm run setup" installs it.`);
}

/** Only tfjs-node's binding and NESTML neurons are compiled on the user's machine. */
async function cxx(): Promise<Check> {
  for (const compiler of process.env.CXX ? [process.env.CXX] : ["c++", "g++", "clang++"]) {
    const { code, stdout } = await setup.run(compiler, ["--version"], { timeoutMs: 10_000 });
    if (code === 0) return good("c++ compiler", stdout.split("\n")[0].trim(), false);
  }
  return bad(
    "c++ compiler",
    `Only for convolutional networks: Debian and Ubuntu "sudo apt install build-essential", macOS "xcode-select --install".`,
    false,
  );
}

function kernels(): Check {
  const built = existsSync(kernelsFolder) && readdirSync(kernelsFolder).some((name) => name.endsWith(".wasm"));
  if (built && !setup.kernelsStale()) return good("kernels", null);
  return bad("kernels", setup.isClone ? `"npm run setup" builds the WASM kernels.` : "Reinstall the package dsqn.");
}

/** Making a region is the test. Without it workers do the same, slower. */
async function sharedMemory(): Promise<Check> {
  const region = await openRegion();
  if (typeof region === "string") return bad("shared memory", `Data goes by ZeroMQ (${region}).`, false);
  region.close();
  return good("shared memory", null, false);
}

/** Loading it is the test, in a process of its own: a library made for another machine could end this one. */
async function tfjs(): Promise<Check> {
  const command = setup.isClone ? "npm run setup -- --extras tfjs" : "dsqn doctor --fix tfjs";
  const folder = setup.readyTfjs();
  if (!folder)
    return bad("tfjs-node", `Only for convolutional networks and one benchmark: "${command}" sets it up.`, false);
  const problem = await setup.tryTfjs(folder);
  if (problem === undefined) return good("tfjs-node", setup.tfjsVersion, false, folder);
  return bad("tfjs-node", `It does not load (${problem}): delete ${folder}, then "${command}".`, false);
}

async function disk(): Promise<Check> {
  const home = setup.managedHome();
  let folder = home;
  for (let found; !found && folder !== path.dirname(folder);) {
    found = await statfs(folder).catch(() => undefined);
    if (!found) folder = path.dirname(folder);
    else {
      const free = Math.floor((found.bavail * found.bsize) / 1e6);
      const version = `${free} MB free`;
      return free >= MEGABYTES_WANTED
        ? good("disk", version, true, home)
        : bad("disk", `Free some space, or set DSQN_HOME to a folder on another disk.`, true, version);
    }
  }
  return bad("disk", `${home} is on no disk that can be read: set DSQN_HOME.`);
}

function installedVersion(name: string): string | undefined {
  for (const folder of require.resolve.paths(name) ?? [])
    try {
      return (JSON.parse(readFileSync(path.join(folder, name, "package.json"), "utf8")) as { version: string }).version;
    } catch {}
  return undefined;
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split("\n")[0];
}
