import { createHash } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { hostname } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { DsqnError } from "../errors.ts";
import { makeFolder, writeAtomically } from "../files/atomic.ts";
import type { Progress } from "../progress.ts";
import type { JobDescription, OpenJob, Piece, PieceFailure, PieceResult } from "./executor.ts";
import { mustEqual } from "./identity.ts";

/**
 * A job's folder:
 *
 *     job.json                       what is to be done
 *     inputs/                        files that pieces read
 *     pieces/<id>/result.json        once a piece is done; failure.json: it can't be; progress.json: how far it is; lease: who works on it
 *     <id>/, <id>.attempt-2/, ...    where it works
 */

const idPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** Room that has to be free before work starts, and for each piece besides. */
const ROOM = 32 * 2 ** 20;
const ROOM_PER_PIECE = 2 ** 20;

/** SHA-256 of a value's JSON, in hex. */
export function hashOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}

/** Where a piece's own files lie. */
export const pieceFolder = (job: string, id: string): string => join(job, "pieces", id);

/**
 * Describes a job in `folder`, or finds the same one there and goes on with it: further pieces may have come, those that have the same name must be the
 * same.
 *
 * @throws DsqnError RUN_EXISTS where the folder holds something else, CLUSTER_VERSION where the job was begun by another version, RUN_FOLDER_UNWRITABLE
 */
export function createJob(folder: string, description: JobDescription): OpenJob {
  const ids = new Set(description.pieces.map(({ id }) => id));
  if (
    ids.size < description.pieces.length ||
    ![...ids].every((id) => idPattern.test(id) && !/^(job|inputs|pieces)/.test(id))
  )
    throw new RangeError("Pieces need names of their own, which may name folders.");
  const file = join(folder, "job.json");
  const refuse = (what: string): never => {
    throw new DsqnError("RUN_EXISTS", `"${folder}" already holds ${what}.`, {
      hint: "Choose another --out.",
      facts: { folder },
    });
  };
  if (existsSync(file)) {
    const found = readDescription(folder);
    const before = new Map(found.pieces.map((piece) => [piece.id, JSON.stringify(piece)]));
    const common = description.pieces.filter(({ id }) => before.has(id));
    if (
      found.name !== description.name ||
      common.length === 0 ||
      common.some((piece) => before.get(piece.id) !== JSON.stringify(piece))
    )
      refuse("another job");
    mustEqual(found.versions, description.versions, "this machine");
    if (found.pieces.length === description.pieces.length && common.length === found.pieces.length)
      return openJob(folder, description);
  } else if (existsSync(folder) && readdirSync(folder).some((name) => !name.startsWith("."))) refuse("something else");
  try {
    makeFolder(join(folder, "pieces"));
    writeAtomically(file, `${JSON.stringify(description, null, 1)}\n`);
  } catch (cause) {
    throw diskError(folder, cause);
  }
  return openJob(folder, description);
}

/** A job that is described in `folder`. @throws DsqnError CLUSTER_FOLDER: there is none, most likely since this machine doesn't share the folder. */
export function openJob(folder: string, description: JobDescription = readDescription(folder)): OpenJob {
  const hashes = new Map(description.pieces.map((piece) => [piece.id, hashOf(piece)]));
  const read = <T>(id: string, name: string): T | undefined => readIfWhole<T>(join(pieceFolder(folder, id), name));
  const known = new Set<string>();
  const result = (id: string): PieceResult | undefined => {
    const found = read<PieceResult>(id, "result.json");
    if (!found || !isResultOf(found, id, hashes.get(id))) return undefined;
    known.add(id);
    return found;
  };
  return {
    folder: resolve(folder),
    description,
    result,
    done: (id) => known.has(id) || result(id) !== undefined,
    failure: (id) => read<PieceFailure>(id, "failure.json"),
    fail: (id, error) => writeFailure(folder, id, error),
    progress: (id) => read<Progress>(id, "progress.json"),
  };
}

/** Of the job in `folder`. */
function readDescription(folder: string): JobDescription {
  const found = readIfWhole<JobDescription>(join(folder, "job.json"));
  if (found?.format === 1 && Array.isArray(found.pieces)) return found;
  throw new DsqnError("CLUSTER_FOLDER", `There is no job in "${folder}" on ${hostname()}.`, {
    hint: "The job's folder has to be on a disk that every node sees under the same path: name one with --out.",
    facts: { folder, host: hostname() },
  });
}

/** The piece of that name. */
export function pieceOf(job: OpenJob, id: string): Piece {
  const piece = job.description.pieces.find((each) => each.id === id);
  if (piece) return piece;
  throw new DsqnError("BAD_ARGUMENT", `The job in "${job.folder}" has no piece "${id}".`, {
    hint: "Its job.json names them.",
  });
}

const isResultOf = (found: PieceResult, id: string, piece: string | undefined): boolean =>
  found.format === 1 && found.id === id && found.piece === piece && hashOf(found.value) === found.sha256;

/** Publishes a result unless there is one: whoever is first counts. Tells whether this one does. */
export function publish(job: string, result: PieceResult): boolean {
  const folder = pieceFolder(job, result.id);
  const file = join(folder, "result.json");
  const temporary = join(folder, `.result.${process.pid}.${Math.random().toString(36).slice(2)}.tmp`);
  try {
    writeAtomically(temporary, `${JSON.stringify(result)}\n`);
    // What is there belongs to another piece of that name, or is broken: it does not count.
    const found = readIfWhole<PieceResult>(file);
    if (existsSync(file) && !(found && isResultOf(found, result.id, result.piece))) rmSync(file, { force: true });
    try {
      linkSync(temporary, file); // never replaces
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      if (existsSync(file)) return false;
      renameSync(temporary, file); // a file system without links
      return true;
    }
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Writes down that a piece can't be done. */
export function writeFailure(job: string, id: string, error: unknown): void {
  const typed = error instanceof DsqnError ? error : undefined;
  const behind = typed ? typed.cause : error;
  const failure: PieceFailure = {
    id,
    code: typed?.code ?? "INTERNAL",
    message: error instanceof Error ? error.message : String(error),
    hint: typed?.hint,
    facts: typed?.facts,
    cause: behind instanceof Error ? (behind.stack ?? behind.message) : undefined,
    host: hostname(),
  };
  writeAtomically(join(pieceFolder(job, id), "failure.json"), `${JSON.stringify(failure, null, 2)}\n`);
}

/** How far a piece is: for those who watch, so it need not survive a power cut, nor succeed. */
export function writeProgress(job: string, id: string, progress: Progress): void {
  const file = join(pieceFolder(job, id), "progress.json");
  try {
    writeFileSync(`${file}.tmp`, JSON.stringify(progress));
    renameSync(`${file}.tmp`, file);
  } catch {
    // The piece itself will say what is wrong with the disk.
  }
}

/** What a file in `inputs/` is called: by its content, so that a job with another file is another job. */
export function inputName(name: string, ...contents: readonly Uint8Array[]): string {
  const digest = createHash("sha256");
  for (const content of contents) digest.update(content);
  const hash = digest.digest("hex");
  return `inputs/${hash.slice(0, 16)}/${name}`;
}

export function writeInput(folder: string, path: string, content: Uint8Array): void {
  try {
    if (!existsSync(join(folder, path))) writeAtomically(join(folder, path), content);
  } catch (cause) {
    throw diskError(folder, cause);
  }
}

/** Where a file that a piece names is. */
export const inputPath = (job: string, name: string): string => (isAbsolute(name) ? name : join(job, name));

/** @throws DsqnError DISK_FULL where so many pieces can't leave their results. */
export async function mustHaveRoom(folder: string, pieces: number): Promise<void> {
  const needed = ROOM + pieces * ROOM_PER_PIECE;
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= needed) return;
  const megabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MB`;
  throw new DsqnError(
    "DISK_FULL",
    `The disk with ${folder} has ${megabytes(free)} left; ${pieces} pieces need about ${megabytes(needed)}.`,
    {
      hint: "Free some space, or choose another --out.",
      facts: { folder, free, needed },
    },
  );
}

/** What it means where something can't be written to a job's folder: DISK_FULL, RUN_FOLDER_UNWRITABLE. */
export function diskError(folder: string, cause: unknown): DsqnError {
  const full = [cause, (cause as Error).cause].some(
    (error) => (error as NodeJS.ErrnoException | undefined)?.code === "ENOSPC",
  );
  if (full)
    return new DsqnError("DISK_FULL", `The disk with ${folder} is full.`, {
      hint: "Free some space, or choose another --out.",
      cause,
    });
  return new DsqnError("RUN_FOLDER_UNWRITABLE", `Nothing can be written to "${folder}".`, {
    hint: "Name a folder of yours with --out.",
    cause,
  });
}

/** The JSON document in a file; undefined where there is none, or half of one. */
export function readIfWhole<T>(path: string): T | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as T;
  } catch {
    return undefined;
  }
}

/** Makes the place of a piece's own files. */
export function makePieceFolder(job: string, id: string): string {
  const folder = pieceFolder(job, id);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    throw diskError(job, cause);
  }
  return folder;
}
