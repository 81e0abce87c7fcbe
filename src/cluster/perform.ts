import { rmSync } from "node:fs";
import { hostname } from "node:os";
import { basename, join } from "node:path";
import { DsqnError } from "../errors.ts";
import { plainArrays } from "../files/json.ts";
import type { Progress } from "../progress.ts";
import type { OpenJob, PieceKinds } from "./executor.ts";
import { hashOf, pieceFolder, pieceOf, publish, writeFailure, writeProgress } from "./job.ts";
import { takeLease } from "./lease.ts";

/** How often a piece writes down how far it is. */
const PROGRESS_MS = 5_000;

export interface PerformOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  readonly log: (line: string) => void;
  /** After so long without a sign of life another machine's attempt is given up for dead. */
  readonly staleMs?: number;
}

/**
 * Does one piece of a job that lies on a disk, wherever this process runs: takes its lease, works in its folder, and leaves a result or a failure there.
 * A piece that is done is left alone, so this may be called again at any time, and twice at once.
 *
 * @throws the signal's reason where that fires first; then the piece is resumable.
 */
export async function performPiece(
  job: OpenJob,
  id: string,
  kinds: PieceKinds,
  options: PerformOptions,
): Promise<void> {
  const { signal, log, staleMs } = options;
  const piece = pieceOf(job, id);
  const done = (): boolean => job.done(id);
  const lease = await takeLease(job.folder, id, { signal, done, log, staleMs });
  if (!lease) return;
  const began = performance.now();
  try {
    // It may have been published between the last look and the lease.
    if (done()) return;
    rmSync(join(pieceFolder(job.folder, id), "failure.json"), { force: true });
    const stop = AbortSignal.any([signal, lease.lost]);
    const perform = await kindOf(kinds, piece.kind);
    const value = await perform(piece.input, {
      folder: lease.folder,
      job: job.folder,
      signal: stop,
      onProgress: reporter(job.folder, id, options.onProgress),
      onWarning: log,
    });
    stop.throwIfAborted();
    const plain = JSON.parse(JSON.stringify(value ?? null, plainArrays)) as unknown;
    publish(job.folder, {
      ...{ format: 1, id, piece: hashOf(piece), value: plain, sha256: hashOf(plain) },
      ...{ folder: basename(lease.folder), attempt: lease.attempt },
      seconds: (performance.now() - began) / 1000,
      host: hostname(),
    });
  } catch (error) {
    signal.throwIfAborted();
    // Its successor says what becomes of the piece.
    if (!lease.lost.aborted) writeFailure(job.folder, id, error);
  } finally {
    lease.release();
  }
}

async function kindOf(kinds: PieceKinds, name: string) {
  if (Object.hasOwn(kinds, name)) return kinds[name]();
  throw new DsqnError("CLUSTER_VERSION", `This dsqn knows no pieces of the kind "${name}".`, {
    hint: "Install the same version of dsqn everywhere.",
    facts: { kind: name },
  });
}

/** Passes on what a piece says, and writes it down now and then. */
function reporter(job: string, id: string, onProgress?: (progress: Progress) => void): (progress: Progress) => void {
  let last = -Infinity;
  return (progress) => {
    onProgress?.(progress);
    if (performance.now() - last < PROGRESS_MS) return;
    last = performance.now();
    writeProgress(job, id, progress);
  };
}
