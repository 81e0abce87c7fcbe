import { readFileSync } from "node:fs";
import { DsqnError } from "../../../errors.ts";

/** What the kernels export (src/engines/fast/kernels/assembly/index.ts); addresses are bytes in the shared memory. */
export interface KernelExports {
  adam(
    size: number,
    p: number,
    g: number,
    m: number,
    v: number,
    beta1: number,
    beta2: number,
    stepSize: number,
    correction: number,
    epsilon: number,
  ): void;
  clamp(size: number, p: number, limit: number): void;
  runAlone(job: number, plan: number, chunks: number): void;
  runShared(control: number, job: number, plan: number, chunks: number): void;
  serve(control: number, thread: number, seen: number, spins: number): number;
  gather(plan: number, flat: number): void;
  pad(rows: number, columns: number, width: number, from: number, to: number): void;
  unpad(rows: number, columns: number, width: number, from: number, to: number): void;
  spread(plan: number, flat: number): void;
  transpose(plan: number): void;
  runSingle(plan: number, state: number): void;
  runDouble(plan: number, state: number): void;
  multiply(
    rows: number,
    inner: number,
    width: number,
    a: number,
    aRow: number,
    aStep: number,
    b: number,
    c: number,
    cRow: number,
  ): void;
}

export interface Kernels {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly exports: KernelExports;
}

/** 64 KiB each; nearly the 4 GiB that a 32-bit address reaches. Only what is used is backed by real memory. */
const MAXIMUM_PAGES = 65535;

let loaded: Kernels | undefined;

/** The kernels of this process, compiled at the first call: one shared memory, so that growing it moves nothing. */
export function kernels(): Kernels {
  if (loaded) return loaded;
  const file = new URL("./kernels.wasm", import.meta.url);
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new DsqnError("KERNELS_MISSING", "The compiled kernels are missing.", {
      cause,
      hint: "Build them with `npm run setup`.",
    });
  }
  const module = new WebAssembly.Module(bytes);
  const memory = new WebAssembly.Memory({ initial: 16, maximum: MAXIMUM_PAGES, shared: true });
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  loaded = { module, memory, exports: instance.exports as unknown as KernelExports };
  return loaded;
}
