import type { Command as Parser } from "commander";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import type { Context } from "../command.ts";

/** What `dryRunFlag` adds to a command's options. */
export interface DryRunFlag {
  dryRun?: boolean;
}

/** The flag of commands that write models, data and runs. */
export function dryRunFlag(parser: Parser): Parser {
  return parser.option("--dry-run", "check everything and say what would be written, but write nothing");
}

/**
 * Has `write` write `out`. With --dry-run it writes all the same, but in a folder that is then removed: whatever would fail fails, and the names and
 * sizes that are told are those that there would be.
 */
export async function written<T>(
  out: string,
  { dryRun }: DryRunFlag,
  { log }: Pick<Context, "log">,
  write: (file: string) => Promise<T>,
): Promise<T> {
  if (!dryRun) return write(out);
  const folder = await mkdtemp(join(tmpdir(), "dsqn-dry-run-"));
  try {
    const result = await write(join(folder, basename(out)));
    for (const name of (await readdir(folder, { recursive: true })).sort()) {
      const found = await stat(join(folder, name));
      if (found.isFile()) wouldWrite(join(dirname(out), name), log, ` (${found.size} bytes)`);
    }
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Tells of something that is not written. */
export function wouldWrite(what: string, log: Context["log"], more = ""): void {
  log(`dsqn: --dry-run, not written: ${what}${more}`);
}
