import { randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, realpathSync, renameSync, rmSync } from "node:fs";
import { readdirSync, readFileSync, statSync, writeFileSync, writeSync } from "node:fs";
import { open, readFile, rename, stat, writeFile } from "node:fs/promises";
import { basename, dirname, isAbsolute, join } from "node:path";
import { DsqnError, nearest } from "../errors.ts";

/**
 * Replaces `path` in one step: whoever reads it finds the old file or the new one, never a part, even after a power cut
 * (a temporary file beside it, fsync, rename). Creates the folder. What a link names is replaced, not the link, and what is no
 * file (/dev/null, a pipe) is written into.
 */
export async function writeFileAtomic(path: string, data: Uint8Array | string): Promise<void> {
  let temporary: string | undefined;
  try {
    const place = placeOf(path);
    if (place === undefined) return await writeFile(path, data);
    makeFolder(dirname(place));
    temporary = temporaryFor(place);
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, place);
    syncFolder(dirname(place));
  } catch (cause) {
    throw unwritable(path, temporary, cause);
  }
}

/** As `writeFileAtomic`, done when it returns. */
export function writeAtomically(path: string, data: Uint8Array | string): void {
  let temporary: string | undefined;
  try {
    const place = placeOf(path);
    if (place === undefined) return writeFileSync(path, data);
    makeFolder(dirname(place));
    temporary = temporaryFor(place);
    const file = openSync(temporary, "wx");
    try {
      writeFileSync(file, data);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, place);
    syncFolder(dirname(place));
  } catch (cause) {
    throw unwritable(path, temporary, cause);
  }
}

/** Opens a file that grows, or changes in place, by `flags`. FILE_UNWRITABLE where that can't be done. */
export function openWritable(path: string, flags: string): number {
  return writing(path, () => openSync(path, flags));
}

/** Writes all of `data` into the open `file`, at its end or at `position`: a disk that fills up may take a part, and refuse only the rest. */
export function writeWhole(file: number, data: Uint8Array, path: string, position?: number): void {
  writing(path, () => {
    for (let done = 0; done < data.length;)
      done += writeSync(file, data, done, data.length - done, position === undefined ? null : position + done);
  });
}

/** What `act` gives, which writes to `path`; FILE_UNWRITABLE where it throws. */
export function writing<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    throw unwritable(path, undefined, cause);
  }
}

/** The path that a file is renamed to; undefined: what lies there is a device or a pipe, which must stay what it is. */
function placeOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isBlockDevice()) throw new Error("it is a disk");
  if (!found || found.isDirectory()) return path;
  return found.isFile() ? realpathSync(path) : undefined;
}

/** A name that nobody else has, beside the file that it is to become. */
function temporaryFor(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
}

/** Removes what a process that was killed while it wrote has left in a folder that nobody else writes to now. */
export function sweepTemporary(folder: string): void {
  for (const name of readdirSync(folder))
    if (/^\..+\.[0-9a-f]{12}\.tmp$/.test(name)) rmSync(join(folder, name), { force: true });
}

function unwritable(path: string, temporary: string | undefined, cause: unknown): DsqnError {
  try {
    if (temporary !== undefined) rmSync(temporary, { force: true });
  } catch {
    // Where nothing could be written there is nothing to remove.
  }
  return new DsqnError("FILE_UNWRITABLE", `${path} could not be written (${reason(cause)}).`, {
    cause,
    facts: { path },
    hint: hints[(cause as NodeJS.ErrnoException).code ?? ""] ?? "Choose another place with --out.",
  });
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

/** The whole file. A pipe or device, which may have no end, is refused. */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const found = await stat(path);
    if (!found.isFile() && !found.isDirectory()) throw new Error("it is no regular file");
    return await readFile(path);
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new DsqnError(
      missing ? "FILE_NOT_FOUND" : "FILE_UNREADABLE",
      missing ? `There is no file ${path}.` : `${path} could not be read (${reason(cause)}).`,
      {
        cause,
        facts: { path },
        hint: missing ? whereToLook(path) : undefined,
      },
    );
  }
}

/** The name beside a file that is missing which it was probably meant to be, and where paths begin. */
function whereToLook(path: string): string {
  const begin = isAbsolute(path) ? "" : `Paths are relative to the current folder (${process.cwd()}).`;
  try {
    const meant = nearest(basename(path), readdirSync(dirname(path)));
    return (
      `${meant === undefined ? "" : `Did you mean ${join(dirname(path), meant)}? `}${begin}`.trim() || "Check the path."
    );
  } catch {
    return `There is no folder ${dirname(path)} either. ${begin}`.trim();
  }
}

/** The whole file, at once. Throws an Error for what cannot be read, and for a pipe or device, which may have no end. */
export function readRegular(path: string): Buffer {
  if (!statSync(path).isFile()) throw new Error("it is no regular file");
  return readFileSync(path);
}

const hints: Record<string, string> = {
  ENOSPC: "The disk is full: free some space or choose another place with --out.",
  EACCES: "You may not write there: choose another place with --out.",
  EROFS: "That file system is read-only: choose another place with --out.",
  EISDIR: "There is a folder of that name: choose another one with --out.",
};

function reason(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : String(error));
}

/** The rename itself must reach the disk too. Not every system lets a folder be opened, or synced. */
function syncFolder(path: string): void {
  let folder: number | undefined;
  try {
    folder = openSync(path, "r");
    fsyncSync(folder);
  } catch {
    // Then the system writes it when it likes.
  } finally {
    if (folder !== undefined) closeSync(folder);
  }
}
