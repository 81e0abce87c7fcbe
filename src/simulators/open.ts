import { type Board } from "../board/index.ts";
import { openWorker, type Worker } from "../bridge/index.ts";
import { DsqnError, nearest, UsageError } from "../errors.ts";
import type { Engine } from "../network/engine.ts";
import type { OnProgress } from "../progress.ts";
import type { Extra } from "../setup/python-environment.ts";
import { bridgedEngine } from "./bridged.ts";
import { isSimulator, type Settings, simulators } from "./names.ts";
import { boardSettings } from "./spinnaker/board.ts";
import { withBoard } from "./spinnaker/emulated.ts";
import { keepingUp } from "./spinnaker/real-time.ts";
import { engineWithInput } from "./spinnaker/input-layer.ts";

/** Where a simulator lives, and who hears of its progress and warnings. */
export interface OpenOptions {
  readonly onProgress?: OnProgress;
  readonly onWarning?: (message: string) => void;
  readonly signal?: AbortSignal;
  /** A Python worker to live in, instead of one of its own. */
  readonly worker?: Worker;
  readonly settings?: Settings;
}

/**
 * Opens a simulator by name. Close it when done: most live in a Python process.
 *
 * @example
 * const nest = await openSimulator("nest");
 * const loaded = await nest.load(network);
 * const { spikes, potentials, actions } = await loaded.run(observations, { recordSpikes: true });
 * await nest.close();
 *
 * Errors: SIMULATOR_UNKNOWN, SIMULATOR_MISSING, SIMULATOR_VERSION, NEST2_PYTHON_MISSING, and those of the set-up and
 * the worker.
 */
export async function openSimulator(name: string, options: OpenOptions = {}): Promise<Engine> {
  if (!isSimulator(name)) {
    const names = Object.keys(simulators);
    const meant = nearest(name, names);
    throw new UsageError("SIMULATOR_UNKNOWN", `There is no simulator "${name}".`, {
      hint: `${meant ? `Did you mean "${meant}"? ` : ""}There are ${names.join(", ")}.`,
    });
  }
  const kind = simulators[name];
  return "open" in kind ? kind.open(options.settings ?? {}) : openBridged(name, kind, options);
}

async function openBridged(
  name: string,
  { area, extras }: { readonly area: string; readonly extras?: readonly Extra[] },
  options: OpenOptions,
): Promise<Engine> {
  const { onProgress, onWarning, settings = {}, signal } = options;
  const worker = options.worker ?? (await openWorker({ name, signal, ...(await place(name, extras, options)) }));
  const onBoard = area === "spinnaker";
  let board: Board | null = null;
  try {
    const reached = onBoard ? await withBoard(boardSettings(settings), onWarning) : { settings, board };
    ({ board } = reached);
    const engine = await bridgedEngine(worker, {
      area,
      name,
      settings: reached.settings,
      owned: worker !== options.worker,
      ...(onBoard && { forRun: keepingUp(settings, onWarning) }),
      onProgress,
      onWarning,
    });
    const own = board ? endingWith(engine, board) : engine;
    return onBoard ? engineWithInput(own, settings) : own;
  } catch (error) {
    if (worker !== options.worker) await worker.close();
    await board?.close();
    throw error;
  }
}

/** An engine whose board is switched off with it. */
function endingWith(engine: Engine, board: Board): Engine {
  return {
    ...engine,
    async close() {
      try {
        await engine.close();
      } finally {
        await board.close();
      }
    },
  };
}

/** The interpreter: the managed one with what the simulator needs, or for NEST 2 the user's. */
async function place(
  name: string,
  extras: readonly Extra[] = [],
  { onProgress, signal }: OpenOptions,
): Promise<{ python: string }> {
  if (name !== "nest2") {
    const { ensurePython } = await import("../setup/python-environment.ts");
    return ensurePython(extras, { onProgress, signal });
  }
  const python = process.env.DSQN_NEST2_PYTHON;
  if (python) return { python };
  throw new DsqnError("NEST2_PYTHON_MISSING", "NEST 2 is used with an interpreter of yours, and none is named.", {
    hint: "Set DSQN_NEST2_PYTHON to a Python 3.8 or later that has NEST 2.x (conda-forge: nest-simulator=2.20), pyzmq, msgpack, numpy and six; or use docker/.",
  });
}
