import { existsSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { DsqnError } from "../errors.ts";
import { readBytes, writeAtomically } from "../files/atomic.ts";
import type { OnProgress } from "../progress.ts";
import { withLock } from "../setup/index.mjs";
import type { Executor, OpenJob, Piece, PieceFailure, PieceResult } from "./executor.ts";
import { versions } from "./identity.ts";
import { createJob, inputName, mustHaveRoom, pieceFolder, writeInput } from "./job.ts";

/** A job to be run: where, what, and who hears of it. */
export interface JobOptions {
  /** The job's folder, which the same job goes on in. */
  readonly folder: string;
  readonly name: string;
  /** The command that collects what it came to, without node and script; empty where there is none. */
  readonly command: readonly string[];
  readonly pieces: readonly Piece[];
  /** Files that pieces read, which lie in the job's folder. */
  readonly inputs?: JobInputs;
  /** What one piece is called: "seeds". */
  readonly unit?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** With each result, as it comes. */
  readonly onResult?: (result: PieceResult, piece: Piece) => void;
  readonly log?: (line: string) => void;
}

/** Files for `inputs/` of a job's folder, under names that tell their content. */
export class JobInputs {
  readonly #files = new Map<string, Uint8Array>();

  /** What pieces call it: relative to the job's folder. */
  add(name: string, content: Uint8Array): string {
    const path = inputName(name, content);
    this.#files.set(path, content);
    return path;
  }

  /** A file and, if there is one, another that belongs beside it. */
  async addFile(path: string, beside?: string): Promise<string> {
    const content = await readBytes(path);
    const second = beside !== undefined && existsSync(beside) ? await readBytes(beside) : undefined;
    const name = inputName(basename(path), content, second ?? new Uint8Array());
    this.#files.set(name, content);
    if (second) this.#files.set(join(dirname(name), basename(beside!)), second);
    return name;
  }

  writeTo(folder: string): void {
    for (const [path, content] of this.#files) writeInput(folder, path, content);
  }
}

/** Writes the job down, with what its executor would submit, and returns the files to be looked at: nothing is begun. */
export async function planJob(executor: Executor, options: JobOptions): Promise<readonly string[]> {
  const job = describe(options);
  const left = options.pieces.filter(({ id }) => !job.done(id));
  return left.length === 0 ? [] : executor.plan!(job, left);
}

function describe({ folder, name, command, pieces, inputs }: JobOptions): OpenJob {
  const job = createJob(resolve(folder), { format: 1, name, command, versions: versions(), pieces });
  inputs?.writeTo(job.folder);
  return job;
}

/**
 * Runs the pieces of a job that have no result yet, and returns all results in the order of the pieces. After any end the same call goes on.
 *
 * @throws DsqnError PIECES_FAILED where some can't be done (the others are); INTERRUPTED; DISK_FULL, RUN_EXISTS, CLUSTER_VERSION and what the
 *   executor's `prepare` says, before work starts
 */
export async function runJob(executor: Executor, options: JobOptions): Promise<PieceResult[]> {
  const { log = () => undefined } = options;
  const signal = options.signal ?? new AbortController().signal;
  const job = describe(options);
  const { folder } = job;
  if (executor.collects) return perform(executor, job, { ...options, signal, log });
  return withLock(join(folder, "job.lock"), () => perform(executor, job, { ...options, signal, log }), {
    onWait(holder) {
      throw new DsqnError("RUN_LOCKED", `The job in "${folder}" is under way: ${holder} works on it.`, {
        hint: `Wait for it, or stop it. If there is no such process, delete ${join(folder, "job.lock")}.`,
        facts: { folder, holder },
      });
    },
  });
}

type Given = JobOptions & Required<Pick<JobOptions, "signal" | "log">>;

async function perform(executor: Executor, job: OpenJob, options: Given): Promise<PieceResult[]> {
  const { pieces, signal, log, onResult } = options;
  const board = new Board(options);
  const byId = new Map(pieces.map((piece) => [piece.id, piece]));
  const settle = (id: string): void => {
    const result = job.result(id);
    board.done(id);
    if (result) onResult?.(result, byId.get(id)!);
  };
  const pending: Piece[] = [];
  for (const piece of pieces)
    if (job.done(piece.id)) settle(piece.id);
    else pending.push(piece);
  board.show();
  if (pending.length > 0 && !executor.collects) {
    for (const { id } of pending) rmSync(join(pieceFolder(job.folder, id), "failure.json"), { force: true });
    await mustHaveRoom(job.folder, pending.length);
    try {
      await executor.prepare(job, { signal, log });
      await executor.run(job, pending, { signal, log, onDone: settle, onNote: board.note });
    } catch (error) {
      if (!signal.aborted) throw error;
      throw interrupted(executor, job, error);
    }
  }
  const failures = pieces.flatMap(({ id }) => (job.done(id) ? [] : [job.failure(id) ?? lost(id)]));
  if (failures.length > 0) throw failed(failures, pieces.length, job.folder);
  return pieces.map(({ id }) => job.result(id)!);
}

function interrupted(executor: Executor, { folder }: OpenJob, cause: unknown): DsqnError {
  const words = executor.detaches ? "Nobody watches any more; the queue goes on." : "The job was stopped.";
  const hint = `${executor.detaches ? "Watch it again" : "Go on with it"} by the same command with --out ${folder}`;
  return new DsqnError("INTERRUPTED", words, { hint, facts: { folder }, cause });
}

const lost = (id: string): PieceFailure => ({ id, code: "PIECE_LOST", message: "It left nothing.", host: "" });

function failed(failures: readonly PieceFailure[], count: number, folder: string): DsqnError {
  const [first] = failures;
  const told = failures.slice(0, 5).map(({ id, code, message }) => `${id}: ${code} ${message}`);
  const more =
    failures.length > told.length ? [`and ${failures.length - told.length} more (pieces/*/failure.json)`] : [];
  return new DsqnError(
    "PIECES_FAILED",
    `${failures.length} of ${count} pieces failed. ${[...told, ...more].join("; ")}`,
    {
      hint: `${first.hint ?? ""} The same command with --out ${folder} tries these again, and keeps the others.`.trim(),
      facts: { folder, failures: failures.map(({ id, code }) => ({ id, code })) },
      cause: first.cause === undefined ? undefined : Object.assign(new Error(first.message), { stack: first.cause }),
    },
  );
}

/** All pieces' progress in one line. */
class Board {
  readonly #options: Given;
  readonly #running = new Map<string, string>();
  #done = 0;

  constructor(options: Given) {
    this.#options = options;
  }

  readonly note = (id: string, progress?: { done: number; total?: number; unit?: string; note?: string }): void => {
    const { done, total, unit, note } = progress ?? { done: 0 };
    const share = total === undefined ? `${done}` : `${done}/${total}`;
    this.#running.delete(id); // the newest stands last
    this.#running.set(id, progress ? [share, unit, note].filter(Boolean).join(" ") : "");
    this.show();
  };

  done(id: string): void {
    this.#running.delete(id);
    this.#done++;
    this.show();
  }

  show(): void {
    const { name, unit = "pieces", pieces, onProgress } = this.#options;
    const newest = [...this.#running].at(-1);
    const note = newest && [`${this.#running.size} under way`, `${newest[0]} ${newest[1]}`.trim()].join(", ");
    onProgress?.({ stage: name, done: this.#done, total: pieces.length, unit, ...(note !== undefined && { note }) });
  }
}

/** Writes what a job came to into its folder. */
export function writeSummary(folder: string, summary: unknown): void {
  writeAtomically(join(folder, "summary.json"), `${JSON.stringify(summary, null, 2)}\n`);
}
