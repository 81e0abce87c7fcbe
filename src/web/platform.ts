import { mostThreads } from "../engines/fast/kernels/host.ts";
import { kernels } from "../engines/fast/kernels/module.ts";
import { DsqnError } from "../errors.ts";
import { processors } from "../platform/node.ts";

/** What the fast engine finds where it runs. */
export interface Platform {
  /** Whether the kernels run: WebAssembly with SIMD and shared memory. */
  readonly kernels: boolean;
  /** Whether several threads can share them: in a page that is cross-origin isolated. */
  readonly isolated: boolean;
  /** As many as make sense. */
  readonly threads: number;
  /** Why the kernels don't run; networks then run on the reference engine. */
  readonly problem?: DsqnError;
}

/** Tries the kernels once, so that a page can say what it lacks before anybody waits for it. */
export function platform(): Platform {
  const isolated = mostThreads() > 1;
  try {
    kernels();
    return { kernels: true, isolated, threads: isolated ? processors() : 1 };
  } catch (error) {
    return { kernels: false, isolated, threads: 1, problem: asProblem(error) };
  }
}

function asProblem(error: unknown): DsqnError {
  if (error instanceof DsqnError) return error;
  return new DsqnError("KERNELS_UNSUPPORTED", `The kernels did not start (${(error as Error).message}).`, {
    cause: error,
    hint: "A page's Content-Security-Policy must allow 'wasm-unsafe-eval'; some hardened browsers have WebAssembly switched off. The reference engine needs none.",
  });
}
