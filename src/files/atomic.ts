import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { open, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DsqnError } from "../errors.ts";

/**
 * Replaces `path` in one step: whoever reads it finds the old file or the new one, never a part, even after a power cut
 * (a temporary file beside it, fsync, rename). Creates the folder.
 */
export async function writeFileAtomic(path: string, data: Uint8Array | string): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    makeFolder(folder);
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new DsqnError("FILE_UNWRITABLE", `${path} could not be written (${reason(cause)}).`, {
      cause,
      facts: { path },
      hint: hints[(cause as NodeJS.ErrnoException).code ?? ""] ?? "Choose another place with --out.",
    });
  }
}

/** As mkdir -p. (Node's own recursive mkdir never returns where the system says ENOENT although the parent exists, as in /proc.) */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  mkdirSync(path);
}

/** As `writeFileAtomic`, with a trailing newline. */
export async function writeJsonAtomic(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** The whole file. */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new DsqnError(
      missing ? "FILE_NOT_FOUND" : "FILE_UNREADABLE",
      missing ? `There is no file ${path}.` : `${path} could not be read (${reason(cause)}).`,
      {
        cause,
        facts: { path },
        hint: missing ? "Paths are relative to the current folder." : undefined,
      },
    );
  }
}

const hints: Record<string, string> = {
  ENOSPC: "The disk is full: free some space or choose another place with --out.",
  EACCES: "You may not write there: choose another place with --out.",
  EROFS: "That file system is read-only: choose another place with --out.",
  EISDIR: "There is a folder of that name: choose another one with --out.",
};

function reason(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

/** The rename itself must reach the disk too. Not every system lets a folder be opened. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  if (!folder) return;
  await folder.sync().catch(() => undefined);
  await folder.close();
}
