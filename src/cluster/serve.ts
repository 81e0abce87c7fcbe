import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { DsqnError } from "../errors.ts";
import { writeAtomically } from "../files/atomic.ts";
import type { OnProgress } from "../progress.ts";
import { exitCodes, ofNode } from "./errors.ts";
import type { OpenJob, PieceKinds } from "./executor.ts";
import { codeHash, mustEqual, versions } from "./identity.ts";
import { openJob } from "./job.ts";
import { performPiece } from "./perform.ts";
import type { Order, Reply } from "./processes.ts";

/** The side of an executor that is on the node: what `dsqn piece` does. */

export interface ServeOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: OnProgress;
  readonly log: (line: string) => void;
  /** The hash of the code that is wanted (identity.ts); none: it is the same installation. */
  readonly code?: string;
  /** In ms: when an attempt on another machine is given up for dead. */
  readonly staleMs?: number;
}

/** Opens the job if this node may work on it: it sees the folder, and has the versions that the job was begun with. */
function openOnNode(folder: string, code: string | undefined): OpenJob {
  const job = openJob(folder);
  mustEqual(job.description.versions, versions(), hostname());
  if (code !== undefined) mustEqual({ code }, { code: codeHash() }, hostname());
  return job;
}

/** Whether this node sees the job's folder, and what is written on it is seen there: leaves an answer to the question in `probes/<token>`. */
export function answerProbe(folder: string, token: string, code: string | undefined): void {
  openOnNode(folder, code);
  const file = join(folder, "probes", token);
  if (!existsSync(file))
    throw new DsqnError("CLUSTER_FOLDER", `${hostname()} does not see what was written to "${folder}".`, {
      hint: "The job's folder has to be on a disk that every node shares: name one with --out.",
      facts: { folder, host: hostname() },
    });
  writeAtomically(`${file}.answer`, answerTo(readFileSync(file, "utf8")));
}

/** What a node that has read the question writes. */
export const answerTo = (question: string): string => createHash("sha256").update(`answer ${question}`).digest("hex");

/** Does the pieces one after the other. Returns the exit code: 0 when each has a result or a failure on disk. */
export async function performPieces(
  folder: string,
  ids: readonly string[],
  kinds: PieceKinds,
  options: ServeOptions,
): Promise<number> {
  try {
    const job = openOnNode(folder, options.code);
    for (const id of ids) await performPiece(job, id, kinds, options);
    return exitCodes.done;
  } catch (error) {
    throw ofNode(error);
  }
}

/** Does the pieces that the parent names, until it is gone or the signal fires. */
export async function servePieces(folder: string, kinds: PieceKinds, options: ServeOptions): Promise<number> {
  const { log } = options;
  const job = openOnNode(folder, undefined);
  const gone = new AbortController();
  const signal = AbortSignal.any([options.signal, gone.signal]);
  const send = (reply: Reply): void => {
    if (process.connected) process.send!(reply, undefined, undefined, () => undefined);
  };
  const serve = async (id: string): Promise<void> => {
    try {
      await performPiece(job, id, kinds, { signal, log, onProgress: (note) => send({ note }) });
      send({ done: id });
    } catch (error) {
      if (signal.aborted) return send({ done: id });
      const { code, message, hint } =
        error instanceof DsqnError ? error : { code: undefined, message: String(error), hint: undefined };
      send({ error: { code, message, hint } });
    }
  };
  const stop = (): void =>
    gone.abort(new DsqnError("INTERRUPTED", "Whoever asked for pieces is gone, or wants no more."));
  let last = Promise.resolve();
  process.on("message", (order: Order) => {
    if ("stop" in order) stop();
    else last = last.then(() => serve(order.piece));
  });
  await new Promise<void>((resolve) => (process.connected ? process.once("disconnect", resolve) : resolve()));
  stop();
  await last;
  return exitCodes.done;
}
