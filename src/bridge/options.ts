import type { OnProgress } from "../progress.ts";
import type { Extra } from "../setup/python-environment.ts";
import type { NdArray } from "./arrays.ts";
import type { Place } from "./place.ts";

/** How arrays travel: by memory that both processes see, or by ZeroMQ like everything else. Results and errors are the same. */
export type DataPath = "shared-memory" | "zeromq";

/** How a worker is started; every field has a default. */
export interface WorkerOptions {
  /** Which parts of the managed Python environment it needs; set up first if they are missing. */
  readonly extras?: readonly Extra[];
  /** An interpreter of the user's own instead. */
  readonly python?: string;
  /** In messages and log names. */
  readonly name?: string;
  /** How often the worker is asked whether it lives. A dead one is noticed within three of these. */
  readonly heartbeatMs?: number;
  readonly startTimeoutMs?: number;
  /** How long `close` lets a running call finish. */
  readonly graceMs?: number;
  /** ipc where there is any (not on Windows), else tcp on the loopback interface. Both authenticate, tcp encrypts (docs/protocol.md). */
  readonly transport?: "ipc" | "tcp";
  /** Other machines to live on; "here": this one, whatever `withWorkersAt` says. */
  readonly place?: Place | "here";
  /** "auto", unless DSQN_BRIDGE_DATA says otherwise: shared memory where it can be had. What was asked for and can't be had is warned of. */
  readonly data?: "auto" | DataPath;
  /** Folders of Python modules of the user's own: for environments ("module:Id-v0") and methods ("module:function"). */
  readonly path?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The Python module that speaks the protocol. */
  readonly module?: string;
  /** Each line that the worker prints. */
  readonly onLog?: (line: string) => void;
  /** A remark for the user; without this it goes to the log. */
  readonly onWarning?: (message: string) => void;
  readonly signal?: AbortSignal;
}

/** How long a call may take, and who hears of it. */
export interface CallOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** What it throws, the call rejects with; the worker is told that nobody wants the answer any more. */
  readonly onProgress?: OnProgress;
}

/** What a method returned: plain values, and arrays by name. */
export interface CallResult {
  readonly result: Record<string, unknown>;
  readonly arrays: Record<string, NdArray>;
}
