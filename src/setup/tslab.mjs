// tslab, the TypeScript kernel of the notebooks, in a tree of its own: <home>/tslab. As a package of ours it would put the tsc of
// its own, older TypeScript in the place of ours.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { copyFile, mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { managedHome } from "./home.mjs";
import { cannotWrite, withLock } from "./mutex.mjs";
import { installPackages, missingPackages } from "./node.mjs";

/** Beside this module, in a clone and in an installed package alike. */
const recipe = fileURLToPath(new URL("./tslab/", import.meta.url));
const lockName = "package-lock.json";

/**
 * The folder whose node_modules has tslab as locked, or undefined.
 *
 * @returns {string | undefined}
 */
export function readyTslab(env = process.env) {
  const folder = path.join(managedHome(env), "tslab");
  const lock = path.join(folder, lockName);
  if (!existsSync(lock) || !readFileSync(lock).equals(readFileSync(path.join(recipe, lockName)))) return undefined;
  return missingPackages(folder).length === 0 ? folder : undefined;
}

/**
 * That folder; sets it up if need be: some 20 MB to download, 90 MB on disk, seconds.
 *
 * @param {{ onProgress?: (progress: { stage: string, done: number, note?: string }) => void, signal?: AbortSignal,
 *   env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<string>}
 */
export async function ensureTslab({ onProgress = () => undefined, signal, env = process.env } = {}) {
  const ready = readyTslab(env);
  if (ready) return ready;
  const home = managedHome(env);
  const report = (note) => onProgress({ stage: "tslab", done: 0, note });
  return withLock(
    path.join(home, "tslab.lock"),
    async () => readyTslab(env) ?? (await install(home, { signal, env })),
    {
      signal,
      onWait: (holder) => report(`waiting for another set-up (${holder})`),
    },
  );
}

/** In a folder aside, renamed when complete: <home>/tslab is always whole. */
async function install(home, { signal, env }) {
  const staging = path.join(home, `tslab-${randomBytes(4).toString("hex")}`);
  const folder = path.join(home, "tslab");
  try {
    await mkdir(staging, { recursive: true });
    for (const name of ["package.json", lockName]) await copyFile(path.join(recipe, name), path.join(staging, name));
    // zeromq comes with prebuilt binaries; its script only looks for one.
    await installPackages({ folder: staging, env: { ...env, npm_config_ignore_scripts: "true" }, signal });
    await rm(folder, { recursive: true, force: true });
    await rename(staging, folder);
    return folder;
  } catch (error) {
    throw ["ENOSPC", "EACCES", "EROFS"].includes(error.code) ? cannotWrite(home, error) : error;
  } finally {
    await rm(staging, { recursive: true, force: true }).catch(() => undefined);
  }
}
