// A thread that takes chunks of work from the kernels' shared memory until its process ends. Plain JavaScript, so that it runs the same from
// sources, from dist and under a test runner.
import { workerData } from "node:worker_threads";

const { module, memory, control, thread, spins } = workerData;
const { serve } = new WebAssembly.Instance(module, { env: { memory } }).exports;
const stop = new Int32Array(memory.buffer, control + 24, 1);
let seen = workerData.epoch;
while (Atomics.load(stop, 0) === 0) seen = serve(control, thread, seen, spins);
