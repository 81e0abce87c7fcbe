export { dtypeOf, ndarray, type NdArray, type TypedArray } from "./arrays.ts";
export { PythonTraceback, WorkerLostError } from "./errors.ts";
export { openPython, type Python, type PythonObject } from "./python-door.ts";
export { PROTOCOL, type Dtype } from "./schema.ts";
export { openWorker, type CallOptions, type CallResult, type Worker, type WorkerOptions } from "./worker.ts";
