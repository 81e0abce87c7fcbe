import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageVersion } from "../../src/setup/version.ts";
import { writeJsonAtomic } from "../../src/files/atomic.ts";

/**
 * The result of an earlier `measure` with the same identity (by this version of dsqn), which `folder` keeps in a file of its own;
 * else measured now and kept. Without a folder nothing is kept. `null` is no result: it's asked for again.
 */
export async function kept<T>(
  folder: string | undefined,
  identity: unknown,
  measure: () => Promise<T | null>,
): Promise<T | null> {
  if (folder === undefined) return measure();
  const key = createHash("sha256")
    .update(JSON.stringify([packageVersion(), identity]))
    .digest("hex");
  const file = join(folder, `${key.slice(0, 16)}.json`);
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as T;
  const result = await measure();
  if (result !== null) await writeJsonAtomic(file, result);
  return result;
}
