import { DsqnError } from "../../../errors.ts";
import { fromBase64 } from "../../../numeric/base64.ts";
import { inflateRaw } from "../../../platform/web.ts";
import type { Thread, ThreadStart } from "./host.ts";
import { kernelSize, kernelText } from "./kernels.text.ts";

// The same names as host.ts: bundlers for the browser put this file in its place.

export type { Thread, ThreadStart };

/** What a page has besides what this package's types know. */
const page = globalThis as unknown as {
  readonly crossOriginIsolated?: boolean;
  readonly Worker?: new (url: string | URL) => { postMessage(message: unknown): void; terminate(): void };
  readonly Blob: new (parts: readonly string[], options: { type: string }) => object;
};

/** The compiled kernels, out of this bundle. Throws KERNELS_UNSUPPORTED where a browser can't run them. */
export function kernelBytes(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(inflateRaw(fromBase64(kernelText), kernelSize));
  const { validate } = WebAssembly as unknown as { validate(bytes: Uint8Array): boolean };
  if (validate(bytes)) return bytes;
  throw new DsqnError(
    "KERNELS_UNSUPPORTED",
    "This browser can't run the kernels: it lacks WebAssembly's SIMD or threads.",
    {
      hint: "Any browser of 2023 or later has both. The reference engine needs neither.",
    },
  );
}

/** What a thread of the pool does: engines/fast/kernels/worker.mjs in a page's words. */
const THREAD = `onmessage = ({ data: { module, memory, control, thread, spins } }) => {
  const { serve } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const stop = new Int32Array(memory.buffer, control + 24, 1);
  for (let seen = 0; Atomics.load(stop, 0) === 0; ) seen = serve(control, thread, seen, spins);
};`;

let threadScript: string | URL | undefined;

/** A script of the page's own for the pool's threads (`dsqn/web/thread`), where its Content-Security-Policy allows no blob. */
export function setThreadScript(url: string | URL): void {
  threadScript = url;
}

export function startThread(start: ThreadStart): Thread {
  threadScript ??= URL.createObjectURL(new page.Blob([THREAD], { type: "text/javascript" }) as never);
  const worker = new page.Worker!(threadScript);
  worker.postMessage(start);
  return {
    end() {
      worker.terminate();
      return Promise.resolve();
    },
  };
}

/** Without cross-origin isolation nobody else may see the kernels' memory. */
export function mostThreads(): number {
  return page.crossOriginIsolated && page.Worker ? Infinity : 1;
}
