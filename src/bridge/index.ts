export { dtypeOf, ndarray, type NdArray, type TypedArray } from "./arrays.ts";
export { PythonTraceback, WorkerLostError } from "./errors.ts";
export { openPython, type Python, type PythonObject } from "./python-door.ts";
export type { Port, PortReply } from "./shared/port.ts";
export { PROTOCOL, type Dtype } from "./schema.ts";
export type { CallOptions, CallResult, DataPath, WorkerOptions } from "./options.ts";
export { openWorker } from "./open.ts";
export type { Worker } from "./worker.ts";
