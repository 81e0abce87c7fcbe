import { AsyncLocalStorage } from "node:async_hooks";
import type { Launched } from "./launch.ts";
import type { WorkerLog } from "./log.ts";

/** What a worker needs wherever it lives. */
export interface PlacedOptions {
  readonly name: string;
  /** The Python module that speaks the protocol. */
  readonly module: string;
  readonly path: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly startTimeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Other machines, on which workers can live: reached by tcp, always with CURVE. */
export interface Place {
  /** In words, for messages: "ray". */
  readonly name: string;
  /** Over how many workers environments are spread. */
  readonly workers: number;
  launch(options: PlacedOptions, log: WorkerLog): Promise<Launched>;
}

const current = new AsyncLocalStorage<Place>();

/** Does `task`; every worker that it opens, however deep, lives at `place`, unless it says otherwise (`place: "here"`). */
export const withWorkersAt = <T>(place: Place, task: () => Promise<T>): Promise<T> => current.run(place, task);

/** Where workers live that are opened now; undefined: on this machine. */
export const currentPlace = (): Place | undefined => current.getStore();
