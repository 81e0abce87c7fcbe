import { kernelBytes } from "./host.ts";

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

/** Of 64 KiB each: nearly the 4 GiB that a 32-bit address reaches, and less where a system has no such range to give. Only what is used is backed by real memory. */
const MOST_PAGES = [65535, 32768, 16384, 8192];

let loaded: Kernels | undefined;

/** The kernels of this process, compiled at the first call: one shared memory, so that growing it moves nothing. */
export function kernels(): Kernels {
  if (loaded) return loaded;
  const module = new WebAssembly.Module(kernelBytes());
  const memory = sharedMemory();
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  loaded = { module, memory, exports: instance.exports as unknown as KernelExports };
  return loaded;
}

function sharedMemory(): WebAssembly.Memory {
  for (const maximum of MOST_PAGES.slice(0, -1))
    try {
      return new WebAssembly.Memory({ initial: 16, maximum, shared: true });
    } catch {
      continue;
    }
  return new WebAssembly.Memory({ initial: 16, maximum: MOST_PAGES.at(-1)!, shared: true });
}
