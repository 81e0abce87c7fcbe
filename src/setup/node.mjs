// The Node side: its version and the locked npm packages.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { explain, SetupError } from "./errors.mjs";
import { root } from "./home.mjs";
import { run } from "./process.mjs";

/** @param {string} [version] */
export function checkNode(version = process.versions.node) {
  const [major, minor] = version.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 6)) return;
  throw new SetupError("NODE_UNSUITABLE", `dsqn needs Node 20.6 or newer; this is ${version} (${process.execPath}).`, {
    hint: "Install a newer Node (nodejs.org, nvm, your package manager), then run the same command again.",
    facts: { version },
  });
}

/**
 * What of package-lock.json is not in `folder`/node_modules: npm writes node_modules/.package-lock.json when it is done, so
 * an installation that was cut short has none.
 *
 * @param {string} [folder]
 * @returns {string[]} names; empty when all is there
 */
export function missingPackages(folder = root) {
  const locked = packages(path.join(folder, "package-lock.json"));
  if (!locked) return ["package-lock.json"];
  const installed = packages(path.join(folder, "node_modules", ".package-lock.json")) ?? {};
  return Object.entries(locked)
    .filter(([name, { optional, version, integrity, link }]) => {
      if (name === "" || optional || link) return false;
      const found = installed[name];
      return (
        !found || found.version !== version || found.integrity !== integrity || !existsSync(path.join(folder, name))
      );
    })
    .map(([name]) => name.replace(/^.*node_modules\//, ""));
}

function packages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return undefined;
  }
}

/** Under `npm run`, npm says where it is itself; that works on Windows too, where npm is no program but a script. */
export function npmCommand(env) {
  if (env.npm_execpath?.endsWith(".js")) return [process.execPath, env.npm_execpath];
  return [process.platform === "win32" ? "npm.cmd" : "npm"];
}

/** The locked packages, exactly: npm ci. */
export async function installPackages({ folder = root, env = process.env, signal } = {}) {
  const npm = npmCommand(env);
  const args = [...npm.slice(1), "ci", "--no-audit", "--no-fund", "--loglevel=error"];
  // npm's own pauses between attempts (10 s, 60 s) keep someone without a network waiting for over a minute.
  if (env.npm_config_fetch_retries === undefined)
    args.push("--fetch-retries=3", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=8000");
  const outcome = await run(npm[0], args, { cwd: folder, env, signal });
  if (outcome.code === 0 && missingPackages(folder).length === 0) return;
  if (outcome.code === null)
    throw new SetupError("NPM_MISSING", "npm does not start.", {
      hint: 'npm comes with Node (on Debian in a package of its own: "sudo apt install npm"). Then run the same command again.',
      cause: new Error(outcome.output.trim()),
    });
  if (/EUSAGE|in sync/.test(outcome.output))
    throw new SetupError("NPM_LOCK_OUTDATED", "package.json and package-lock.json do not fit together.", {
      hint: `"npm install" brings the lock up to date; "git checkout package.json package-lock.json" takes changes back.`,
      cause: new Error(outcome.output.trim()),
    });
  throw explain("Installing the npm packages", outcome.output, { folder: path.join(folder, "node_modules") });
}
