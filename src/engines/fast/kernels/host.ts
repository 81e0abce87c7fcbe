import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { DsqnError } from "../../../errors.ts";

/** What a thread of the pool starts with. */
export interface ThreadStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Address of what it waits on, and its number. */
  readonly control: number;
  readonly thread: number;
  /** How often it looks for work before it sleeps. */
  readonly spins: number;
}

/** A thread of the pool. */
export interface Thread {
  /** Resolves when it is gone. */
  end(): Promise<unknown>;
}

// What the kernels ask of Node; `host.web.ts` gives the same in a page (package.json, "browser").

/** The compiled kernels. Throws KERNELS_MISSING. */
export function kernelBytes(): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(new URL("./kernels.wasm", import.meta.url)));
  } catch (cause) {
    throw new DsqnError("KERNELS_MISSING", "The compiled kernels are missing.", {
      cause,
      hint: "Build them with `npm run setup`.",
    });
  }
}

/** A thread that keeps no process alive. */
export function startThread(start: ThreadStart): Thread {
  const workerData = { ...start, epoch: 0 };
  const worker = new Worker(new URL("./worker.mjs", import.meta.url), { workerData, execArgv: [], env: {} });
  worker.unref();
  return { end: () => worker.terminate() };
}

/** How many threads can share the kernels' memory at most. */
export function mostThreads(): number {
  return Infinity;
}
