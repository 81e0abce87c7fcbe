import { DsqnError, type DsqnErrorOptions } from "../errors.ts";

/**
 * What a process that does pieces exits with, so that a queue's records alone tell what happened on a node whose disk nobody else sees (after sysexits.h):
 * each piece has a result or a failure; no shared folder; interrupted, resumable; another version.
 */
export const exitCodes = { done: 0, folder: 73, interrupted: 75, version: 78 } as const;

/** A piece of which there is neither a result nor a failure where both should be. */
export const leftNothing = (id: string, folder: string): DsqnError =>
  new DsqnError("FILE_UNWRITABLE", `Piece ${id} left nothing in ${folder}.`, { hint: "Is its disk full?" });

/** A failure of this node, not of a piece. */
class NodeError extends DsqnError {
  override readonly exitCode: number;

  constructor(code: string, message: string, exitCode: number, options?: DsqnErrorOptions) {
    super(code, message, options);
    this.exitCode = exitCode;
  }
}

/** The same error, with an exit code by which it is known elsewhere. */
export function ofNode(error: unknown): unknown {
  if (!(error instanceof DsqnError)) return error;
  const codes: Record<string, number> = {
    CLUSTER_FOLDER: exitCodes.folder,
    CLUSTER_VERSION: exitCodes.version,
    INTERRUPTED: exitCodes.interrupted,
  };
  const code = codes[error.code];
  if (code === undefined) return error;
  return new NodeError(error.code, error.message, code, { hint: error.hint, facts: error.facts, cause: error.cause });
}
