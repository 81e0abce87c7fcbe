import { DsqnError } from "../errors.ts";
import type { Failure } from "./schema.ts";

/** The whole traceback of a failure in Python. */
export class PythonTraceback extends Error {
  constructor(traceback: string) {
    super(traceback.trim().split("\n").at(-1) ?? "");
    this.name = "PythonTraceback";
    this.stack = traceback;
  }
}

/** What a method raised: its code, message, hint and facts, with the Python traceback as `cause`. */
export function failureOf({ code, message, hint, traceback, facts }: Failure): DsqnError {
  return new DsqnError(code, message, { hint, facts, cause: traceback ? new PythonTraceback(traceback) : undefined });
}

export interface LossFacts extends Record<string, unknown> {
  readonly worker: string;
  readonly pid: number | undefined;
  readonly pendingCalls: number;
  /** The last lines that the worker printed. */
  readonly output: string;
  readonly log: string | undefined;
}

/** A worker that no longer answers; every pending call rejects with it, and its process is gone when it is thrown. */
export class WorkerLostError extends DsqnError {
  constructor(code: string, reason: string, facts: LossFacts, cause?: unknown) {
    const pending = facts.pendingCalls > 0 ? ` with ${facts.pendingCalls} call(s) pending` : "";
    const printed = facts.output ? ` Its last output:\n${facts.output}` : "";
    super(code, `The Python worker "${facts.worker}" ${reason}${pending}.${printed}`, {
      facts,
      cause,
      hint: `${facts.log ? `Its whole output is in ${facts.log}. ` : ""}What ran in it (an environment, a simulator) ended it, or the system did, as it does where memory is short.`,
    });
  }
}
