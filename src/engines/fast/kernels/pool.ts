import { mostThreads, startThread, type Thread } from "./host.ts";
import { allocate, type Block } from "./memory.ts";
import { kernels } from "./module.ts";

/** Kinds of work, as assembly/jobs.ts numbers them (and two more of its own, parts of one state's work). */
export const jobs = { spikingForward: 0, spikingBackward: 1, denseForward: 2, denseBackward: 3 } as const;

/** Runs `chunks` chunks of a plan on the pool's threads and the caller's. Which thread takes which chunk changes no bit of the result. */
export interface Pool {
  readonly threads: number;
  /** Address of what the threads wait on; 0 without any but the caller's. */
  readonly control: number;
  run(job: number, plan: number, chunks: number): void;
  /** Ends the threads with the last user. */
  release(): void;
}

/** How often a worker looks for work before it sleeps: some 20 microseconds, about a pause between two calls of a training loop. */
const SPINS = 20_000;
const STOP_WORD = 6;

interface Shared {
  readonly control: Block;
  readonly workers: Thread[];
  users: number;
}

const pools = new Map<number, Shared>();

/** The pool of `wanted` threads, the caller's included, or of as many as there can be (in a page that is not isolated one); pools of one size are shared by all networks of the process. */
export function acquirePool(wanted: number): Pool {
  const { exports } = kernels();
  const threads = Math.min(wanted, mostThreads());
  if (threads <= 1)
    return { threads: 1, control: 0, run: (job, plan, chunks) => exports.runAlone(job, plan, chunks), release() {} };
  const shared = pools.get(threads) ?? start(threads);
  shared.users++;
  const { address } = shared.control;
  let released = false;
  return {
    threads,
    control: address,
    run(job, plan, chunks) {
      if (chunks === 1) exports.runAlone(job, plan, 1);
      else exports.runShared(address, job, plan, chunks);
    },
    release() {
      if (released) return;
      released = true;
      if (--shared.users === 0) stop(threads, shared);
    },
  };
}

function start(threads: number): Shared {
  const { module, memory } = kernels();
  const control = allocate(64);
  const workers = Array.from({ length: threads - 1 }, (_, k) =>
    startThread({ module, memory, control: control.address, thread: k + 1, spins: SPINS }),
  );
  const shared: Shared = { control, workers, users: 0 };
  pools.set(threads, shared);
  return shared;
}

function stop(threads: number, { control, workers }: Shared): void {
  pools.delete(threads);
  const words = control.int32(0, 16);
  Atomics.store(words, STOP_WORD, 1);
  Atomics.store(words, 1, 0x40000000);
  Atomics.add(words, 0, 1);
  Atomics.notify(words, 0);
  // The block is freed only when no thread looks at it any more.
  void Promise.all(workers.map((worker) => worker.end())).then(() => control.free());
}
