import { DsqnError } from "../errors.ts";
import type { PlainObject } from "../learning/config.ts";
import type { EpisodeEntry, EvaluationEntry } from "../learning/learning-curve.ts";
import type { Trained } from "../learning/train.ts";
import { decodeModel, encodeModel } from "../network/file/bytes.ts";
import type { Network } from "../network/network.ts";
import type { Progress } from "../progress.ts";
import { trainHere } from "./train.ts";

/** What `trainInWorker` needs of a Worker. */
export interface TrainingWorker {
  postMessage(message: unknown): void;
  addEventListener(type: "message" | "error" | "messageerror", listener: (event: object) => void): void;
  removeEventListener(type: "message" | "error" | "messageerror", listener: (event: object) => void): void;
}

/** What a worker sends; models are the bytes of model files. */
type Sent =
  | { readonly type: "alive" }
  | { readonly type: "episode"; readonly entry: EpisodeEntry }
  | { readonly type: "evaluation"; readonly entry: EvaluationEntry; readonly now: Uint8Array; readonly best: boolean }
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "warning"; readonly message: string }
  | { readonly type: "done"; readonly trained: Done }
  | { readonly type: "failed"; readonly error: Failure };
type Done = Omit<Trained, "network" | "initial" | "last"> & { readonly model: Uint8Array; readonly last: Uint8Array };
type Asked = { readonly type: "train"; readonly config: PlainObject } | { readonly type: "stop" };
type Failure = Pick<DsqnError, "code" | "message" | "hint" | "facts">;

/** Where a worker listens and sends: its global scope. */
interface Scope {
  postMessage(message: Sent): void;
  addEventListener(type: "message", listener: (event: { data: Asked }) => void): void;
}

/** How often a worker says that it is there, and how many such times without a word mean that it is not. */
const ALIVE = 1000;
const SILENT = 30;

/**
 * Makes a worker one that learns when `trainInWorker` says so: the whole of a worker's script.
 *
 * @example
 * // learn.js
 * import { serveTraining } from "dsqn/web";
 * serveTraining();
 */
export function serveTraining(scope: Scope = globalThis as unknown as Scope): void {
  let stop: AbortController | undefined;
  scope.addEventListener("message", ({ data }) => {
    if (data.type === "stop") stop?.abort();
    else if (data.type === "train") void learn(data.config, (stop = new AbortController()).signal, scope);
  });
}

async function learn(config: PlainObject, signal: AbortSignal, scope: Scope): Promise<void> {
  const alive = setInterval(() => scope.postMessage({ type: "alive" }), ALIVE);
  try {
    const {
      network,
      initial: _,
      last,
      ...trained
    } = await trainHere(config, {
      signal,
      onEpisode: (entry) => scope.postMessage({ type: "episode", entry }),
      onEvaluation: (entry, now, best) => scope.postMessage({ type: "evaluation", entry, now: encodeModel(now), best }),
      onProgress: (progress) => scope.postMessage({ type: "progress", progress }),
      onWarning: (message) => scope.postMessage({ type: "warning", message }),
    });
    scope.postMessage({ type: "done", trained: { ...trained, model: encodeModel(network), last: encodeModel(last) } });
  } catch (error) {
    scope.postMessage({ type: "failed", error: failureOf(error) });
  } finally {
    clearInterval(alive);
  }
}

function failureOf(error: unknown): Failure {
  if (error instanceof DsqnError) {
    const { code, message, hint, facts } = error;
    return { code, message, hint, facts };
  }
  return { code: "UNEXPECTED", message: String(error), hint: undefined, facts: {} };
}

/** Who hears of a run in a worker. */
export interface TrainInWorkerOptions {
  readonly onEpisode?: (entry: EpisodeEntry) => void;
  /** After each greedy evaluation: its entry, the network as it is now, and whether it is the best so far. */
  readonly onEvaluation?: (entry: EvaluationEntry, network: Network, best: boolean) => void;
  readonly onProgress?: (progress: Progress) => void;
  readonly onWarning?: (message: string) => void;
  /** Ends the run: INTERRUPTED. */
  readonly signal?: AbortSignal;
}

/** What training in a worker came to. */
export interface TrainedInWorker extends Omit<Done, "last"> {
  /** That evaluation chose; `model`: its file. */
  readonly network: Network;
  readonly last: Network;
}

/**
 * Has `worker`, whose script calls `serveTraining`, learn by a config of `dsqn train`. The worker stays the caller's, and can learn again.
 *
 * @example
 * const worker = new Worker(new URL("./learn.js", import.meta.url), { type: "module" });
 * const { network, model } = await trainInWorker(worker, { ...webPresets["cartpole-dsqn"], seed: 1 }, { onEpisode: draw });
 *
 * @throws DsqnError TRAINING_WORKER_LOST, INTERRUPTED, and what `trainHere` throws
 */
export function trainInWorker(
  worker: TrainingWorker,
  config: PlainObject,
  options: TrainInWorkerOptions = {},
): Promise<TrainedInWorker> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    let silent = 0;
    const lost = (why: string): void => end(() => reject(workerLost(why)));
    const watch = setInterval(() => {
      if (++silent > SILENT) lost(`said nothing for ${SILENT} seconds`);
    }, ALIVE);
    const failed = (event: object): void => {
      const { message } = event as { message?: string };
      lost(message ? `failed: ${message}` : "did not start");
    };
    const garbled = (): void => lost("sent what could not be read");
    const stop = (): void => worker.postMessage({ type: "stop" });
    const hear = (event: object): void => {
      const { data } = event as { data: Sent };
      silent = 0;
      if (data.type === "done") end(() => resolve(received(data.trained)));
      else if (data.type === "failed") end(() => reject(failure(data.error)));
      else passOn(data, options);
    };
    const end = (settle: () => void): void => {
      clearInterval(watch);
      signal?.removeEventListener("abort", stop);
      worker.removeEventListener("message", hear);
      worker.removeEventListener("error", failed);
      worker.removeEventListener("messageerror", garbled);
      settle();
    };
    worker.addEventListener("message", hear);
    worker.addEventListener("error", failed);
    worker.addEventListener("messageerror", garbled);
    worker.postMessage({ type: "train", config });
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) stop();
  });
}

function passOn(sent: Exclude<Sent, { type: "done" | "failed" }>, options: TrainInWorkerOptions): void {
  if (sent.type === "episode") options.onEpisode?.(sent.entry);
  else if (sent.type === "progress") options.onProgress?.(sent.progress);
  else if (sent.type === "warning") options.onWarning?.(sent.message);
  else if (sent.type === "evaluation") options.onEvaluation?.(sent.entry, decodeModel(sent.now), sent.best);
}

function received({ last, ...done }: Done): TrainedInWorker {
  return { ...done, network: decodeModel(done.model), last: decodeModel(last) };
}

const failure = ({ code, message, ...rest }: Failure): DsqnError => new DsqnError(code, message, rest);

function workerLost(why: string): DsqnError {
  return new DsqnError("TRAINING_WORKER_LOST", `The worker that learns ${why}.`, {
    hint: "Start another one. Its script must call serveTraining() of dsqn/web, and the page must have memory left.",
  });
}
