import { openWorker, type Worker } from "../bridge/index.ts";
import { DsqnError, nearest, UsageError } from "../errors.ts";
import type { OnProgress } from "../progress.ts";
import { bridgedSimulator } from "./bridged.ts";
import { engineSimulator } from "./engine.ts";
import { isSimulator, simulators, type SimulatorName } from "./names.ts";
import type { Simulator } from "./simulator.ts";
import { boardSettings } from "./spinnaker/board.ts";
import { type InputOptions, simulatorWithInput } from "./spinnaker/input-layer.ts";
import type { FixedPointOptions } from "./twins/fixed-point.ts";

/** Where a simulator lives, and who hears of its progress and warnings. */
export interface OpenOptions {
  readonly onProgress?: OnProgress;
  readonly onWarning?: (message: string) => void;
  readonly signal?: AbortSignal;
  /** A Python worker to live in, instead of one of its own. */
  readonly worker?: Worker;
  /** Further settings of the simulator: a board's address, its version, time-outs (docs/simulators/spinnaker.md). */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/**
 * Opens a simulator by name. Close it when done: most live in a Python process.
 *
 * @example
 * const nest = await openSimulator("nest");
 * await nest.load(network);
 * const { spikes, potentials, actions } = await nest.run(observations);
 * await nest.close();
 *
 * Errors: SIMULATOR_UNKNOWN, SIMULATOR_MISSING, SIMULATOR_VERSION, NEST2_PYTHON_MISSING, and those of the set-up and the worker.
 */
export async function openSimulator(name: string, options: OpenOptions = {}): Promise<Simulator> {
  if (!isSimulator(name)) {
    const meant = nearest(name, Object.keys(simulators));
    throw new UsageError("SIMULATOR_UNKNOWN", `There is no simulator "${name}".`, {
      hint: `${meant ? `Did you mean "${meant}"? ` : ""}There are ${Object.keys(simulators).join(", ")}.`,
    });
  }
  return "area" in simulators[name]
    ? openBridged(name, (simulators[name] as { area: string }).area, options)
    : openOwn(name, options);
}

async function openOwn(name: SimulatorName, { settings }: OpenOptions): Promise<Simulator> {
  if (name === "reference") return engineSimulator((await import("../engines/reference/index.ts")).referenceEngine);
  if (name === "fast") return engineSimulator((await import("../engines/fast/engine.ts")).fastEngine("float64"));
  if (name === "spinnaker-twin") {
    const { tauM, ...placed } = (settings ?? {}) as FixedPointOptions & InputOptions;
    const twin = (await import("./twins/fixed-point.ts")).fixedPointTwin({
      tauM,
      poissonOnChip: placed.input === "chip",
    });
    return simulatorWithInput(twin, placed);
  }
  return (await import("./twins/leaky.ts")).leakyTwin();
}

async function openBridged(name: SimulatorName, area: string, options: OpenOptions): Promise<Simulator> {
  const { onProgress, onWarning, settings, signal } = options;
  const worker = options.worker ?? (await openWorker({ name, signal, ...(await place(name, options)) }));
  try {
    const simulator = await bridgedSimulator(worker, {
      area,
      name,
      settings: area === "spinnaker" ? boardSettings(settings) : settings,
      owned: worker !== options.worker,
      onProgress,
      onWarning,
    });
    return area === "spinnaker" ? simulatorWithInput(simulator, settings ?? {}) : simulator;
  } catch (error) {
    if (worker !== options.worker) await worker.close();
    throw error;
  }
}

/** The interpreter: the managed one with what the simulator needs, or for NEST 2 the user's. */
async function place(name: SimulatorName, { onProgress, signal }: OpenOptions): Promise<{ python: string }> {
  if (name !== "nest2") {
    const { ensurePython } = await import("../setup/python-environment.ts");
    const kind = simulators[name];
    return ensurePython("extras" in kind ? kind.extras : [], { onProgress, signal });
  }
  const python = process.env.DSQN_NEST2_PYTHON;
  if (python) return { python };
  throw new DsqnError("NEST2_PYTHON_MISSING", "NEST 2 is used with an interpreter of yours, and none is named.", {
    hint: "Set DSQN_NEST2_PYTHON to a Python 3.8 or later that has NEST 2.x (conda-forge: nest-simulator=2.20), pyzmq, msgpack, numpy and six; or use docker/.",
  });
}
