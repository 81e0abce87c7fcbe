import { DsqnError } from "../errors.ts";
import { interpreter } from "./interpreter.ts";
import { launch, type Launched } from "./launch.ts";
import { openLog } from "./log.ts";
import type { WorkerOptions } from "./options.ts";
import { currentPlace, type Place } from "./place.ts";
import { regionFor } from "./shared/memory.ts";
import { type Region, REGION_BYTES } from "./shared/region.ts";
import { Worker } from "./worker.ts";

/**
 * Starts a Python worker and greets it.
 *
 * @example
 * const worker = await openWorker();
 * const { arrays } = await worker.call("core.echo", {}, { x: ndarray(Float32Array.of(1, 2, 3)) });
 * await worker.close();
 *
 * Errors: WORKER_START_FAILED, WORKER_START_TIMEOUT, WORKER_PROTOCOL, PROTOCOL_VERSION, SECOND_CLIENT, and those of the set-up.
 */
export async function openWorker(options: WorkerOptions = {}): Promise<Worker> {
  const name = options.name ?? "worker";
  const place = options.place === "here" ? undefined : (options.place ?? currentPlace());
  if (place) return openAt(place, name, options);
  const python = await interpreter(options);
  const log = openLog(name, options.onLog);
  const warn = options.onWarning ?? ((message: string) => log.write(`dsqn: ${message}\n`));
  let region: Region | undefined;
  let launched: Launched | undefined;
  try {
    region = await regionFor(options.data, warn);
    launched = await launch(
      {
        python,
        module: options.module ?? "dsqn_bridge",
        path: options.path ?? [],
        transport: options.transport ?? (process.platform === "win32" ? "tcp" : "ipc"),
        startTimeoutMs: options.startTimeoutMs ?? 60_000,
        env: options.env ?? {},
        region: region && { bytes: REGION_BYTES, descriptor: region.descriptor },
        signal: options.signal,
      },
      log,
    );
    const worker = connected(name, python, launched, log, options);
    await worker.greet(options.startTimeoutMs ?? 60_000, region);
    if (region && worker.data === "zeromq") warn(`"${name}" does not share memory: data goes by ZeroMQ.`);
    return worker;
  } catch (error) {
    launched?.process.kill();
    region?.close();
    log.close(true);
    throw error;
  }
}

/** A worker on another machine, with the Python that is there. */
async function openAt(place: Place, name: string, options: WorkerOptions): Promise<Worker> {
  const { module = "dsqn_bridge", path = [], env = {}, startTimeoutMs = 60_000, signal } = options;
  const log = openLog(name, options.onLog);
  let launched: Launched | undefined;
  try {
    launched = await place.launch({ name, module, path, env, startTimeoutMs, signal }, log);
    const worker = connected(name, place.name, launched, log, options);
    await worker.greet(startTimeoutMs);
    return worker;
  } catch (error) {
    launched?.process.kill();
    log.close(true);
    throw error;
  }
}

function connected(...args: ConstructorParameters<typeof Worker>): Worker {
  try {
    return new Worker(...args);
  } catch (cause) {
    const hint = "Is a limit on open files reached (ulimit -n)?";
    throw new DsqnError("WORKER_START_FAILED", `No socket can be opened (${String(cause)}).`, { cause, hint });
  }
}
