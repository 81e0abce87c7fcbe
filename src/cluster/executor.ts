import type { OnProgress, Progress } from "../progress.ts";

/**
 * Many independent pieces of work, and who runs them: processes of this machine, Ray, Slurm. An executor only decides where a piece runs; what a piece
 * is, what it leaves, and that it counts once, is the same everywhere (job.ts, perform.ts). docs/cluster.md has the whole picture.
 */

/** A piece: it depends on no other, and gives the same value wherever and however often it runs. */
export interface Piece {
  /** Names its folder: letters, digits, "-", "." and "_"; unique within its job, and the same whenever the job is described again. */
  readonly id: string;
  /** Which of `PieceKinds` does it. */
  readonly kind: string;
  /** What that is told: JSON. Files are named by absolute path, or by `inputs/...` within the job's folder. */
  readonly input: unknown;
  /** Cores that it keeps busy. */
  readonly cpus: number;
}

/** What is to be done: `job.json` of the job's folder. */
export interface JobDescription {
  readonly format: 1;
  /** In a word or two, for queues and bars: "cartpole-dqn". */
  readonly name: string;
  /** The command that collects the results, without node and script; empty where there is none. */
  readonly command: readonly string[];
  /** By which it was begun: all pieces are done by the same. */
  readonly versions: { readonly dsqn: string; readonly node: string };
  readonly pieces: readonly Piece[];
}

/** A piece that is done: `pieces/<id>/result.json`. The first one that is published counts, all others are dropped. */
export interface PieceResult {
  readonly format: 1;
  readonly id: string;
  /** SHA-256 of the piece's JSON: the result of another piece of that name is none. */
  readonly piece: string;
  readonly value: unknown;
  /** SHA-256 of the value's JSON. */
  readonly sha256: string;
  /** Where it worked, relative to the job's folder. */
  readonly folder: string;
  readonly attempt: number;
  readonly seconds: number;
  readonly host: string;
}

/** A piece that can't be done, by a typed error of its own: `pieces/<id>/failure.json`. It is tried again when the job is. */
export interface PieceFailure {
  readonly id: string;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly facts?: Readonly<Record<string, unknown>>;
  /** The stack of what is behind it. */
  readonly cause?: string;
  readonly host: string;
}

/** What a piece is given to work with. */
export interface PieceContext {
  /**
   * Its own folder, which is there: empty, or with what an earlier attempt of the same piece left. No other attempt writes to it, so it resumes from there.
   */
  readonly folder: string;
  /** The job's folder, for `inputs/`. */
  readonly job: string;
  /** Stop at the next safe point, and leave what can be resumed. */
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
  readonly onWarning: (message: string) => void;
}

/** Does one kind of piece; the value has to be JSON. Idempotent: a second call in the same folder goes on with it or finds it done. */
export type PerformPiece = (input: unknown, context: PieceContext) => Promise<unknown>;

/** By name; loaded when first needed. */
export type PieceKinds = Readonly<Record<string, () => Promise<PerformPiece>>>;

/** What an executor sees of a job; everything in it is on disk, below `folder`. */
export interface OpenJob {
  /** Absolute. */
  readonly folder: string;
  readonly description: JobDescription;
  /** The result if there is a whole one that belongs to this very piece. */
  result(id: string): PieceResult | undefined;
  /** Whether there is; cheaper, to be asked often. */
  done(id: string): boolean;
  failure(id: string): PieceFailure | undefined;
  /** Writes down that a piece can't be done: for pieces that can't say so themselves. */
  fail(id: string, error: unknown): void;
  /** What the piece said last of its own progress, wherever it runs. */
  progress(id: string): Progress | undefined;
}

/** Who hears of a run. */
export interface RunHooks {
  readonly signal: AbortSignal;
  /** A piece began, or says how far it is; executors whose pieces write into the job's folder may leave it out. */
  readonly onNote?: (id: string, progress?: Progress) => void;
  /** A piece has a result or a failure in the job's folder. */
  readonly onDone: (id: string) => void;
  /** A remark for the person at the terminal. */
  readonly log: (line: string) => void;
}

/**
 * Where pieces run. Its contract, which tests/cluster/conformance.ts holds every one to:
 * - `prepare` throws a typed error for all that can be known before work starts: the cluster can't be reached or refuses (a token), a node has another
 *   version of dsqn or Node.js (CLUSTER_VERSION), no shared folder where one is needed (CLUSTER_FOLDER).
 * - `run` ends when each of `pieces` has a result or a failure on disk. One that fails by a typed error of its own is not repeated, and stops no other;
 *   one whose process or node dies is begun `ATTEMPTS` times in all, and then fails as PIECE_LOST (`job.fail`).
 * - When `signal` fires it leaves everything resumable, waits until nothing of it is written any more, and throws the signal's reason; an executor whose
 *   pieces outlive it (a batch system) says so by `detaches`.
 * - Pieces come in any order, at most as many at once as there are cores for; values never depend on the order.
 */
export interface Executor {
  readonly name: string;
  /** After Ctrl-C its pieces go on, and the same command follows them again. */
  readonly detaches: boolean;
  /** It only collects what others have done, while they may be at it. */
  readonly collects?: boolean;
  prepare(job: OpenJob, hooks: Pick<RunHooks, "signal" | "log">): Promise<void>;
  run(job: OpenJob, pieces: readonly Piece[], hooks: RunHooks): Promise<void>;
  /** Writes what `run` would submit, to be looked at, and returns its files; the last one is what submits. */
  plan?(job: OpenJob, pieces: readonly Piece[]): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** How often a piece is begun whose process or node dies, unless an executor knows better. */
export const ATTEMPTS = 3;
