import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { readyPython } from "../../src/setup/index.mjs";

/** Whether this process's network is loopback alone, as it is within `unshare -n`. */
export function isAlone(): boolean {
  try {
    return (
      readFileSync("/proc/net/dev", "utf8")
        .match(/^ *[\w@.-]+:/gm)
        ?.join()
        .trim() === "lo:"
    );
  } catch {
    return false;
  }
}

/** Why Ray cannot run in a network of its own here; undefined where it can. Nothing is installed. */
export async function unfitForRay(): Promise<string | undefined> {
  if (process.platform !== "linux") return "not on Linux";
  if (!isAlone() && ![["-n"], ["-rn"]].some((how) => spawnSync("unshare", [...how, "true"]).status === 0))
    return "unshare -n does not work here";
  return (await readyPython(["base", "ray"]).catch(() => undefined))
    ? undefined
    : "the extra ray is not set up: npm run setup -- --extras ray";
}
