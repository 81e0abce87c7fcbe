// Where things are: the package's root (of a clone or of an installed package) and the managed home.
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { SetupError } from "./errors.mjs";

/** The folder with package.json, in a clone and in an installed package alike. */
export const root = findRoot(path.dirname(fileURLToPath(import.meta.url)));

/** @param {string} folder */
function findRoot(folder) {
  return existsSync(path.join(folder, "package.json")) ? folder : findRoot(path.dirname(folder));
}

/** A clone has the sources; the installed package has only dist/. */
export const isClone = existsSync(path.join(root, "tsconfig.json"));

export const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));

/**
 * The managed home: $DSQN_HOME, else .dsqn/ in a clone, else ~/.cache/dsqn/<version>. Everything that dsqn sets up lies in
 * it; deleting it is always safe.
 *
 * @param {NodeJS.ProcessEnv} [env]
 */
export function managedHome(env = process.env) {
  if (env.DSQN_HOME) return path.resolve(env.DSQN_HOME);
  if (isClone) return path.join(root, ".dsqn");
  return path.join(env.XDG_CACHE_HOME || path.join(homedir(), ".cache"), "dsqn", manifest.version);
}

/** Throws where the home's disk has no room for so many MB of `what`. */
export async function checkSpace(home, needed, what) {
  const { bavail, bsize } = await statfs(realpathSync(home));
  const free = Math.floor((bavail * bsize) / 1e6);
  if (free >= needed) return;
  throw new SetupError("DISK_FULL", `${home} needs ${needed} MB for ${what}; its disk has ${free} MB left.`, {
    hint: "Free some space, or set DSQN_HOME to a folder on another disk, then run the same command again.",
    facts: { home, needed, free },
  });
}
