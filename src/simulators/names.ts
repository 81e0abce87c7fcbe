import type { Awaitable, Engine } from "../network/engine.ts";
import type { Extra } from "../setup/python-environment.ts";

/** What can be asked of a simulator: a board's address, its version, time-outs (docs/simulators/spinnaker.md). */
export type Settings = Readonly<Record<string, unknown>>;

/** One that lives in Python: the area of methods that serves it (dsqn_bridge/methods.py), and what it needs. */
interface InPython {
  readonly summary: string;
  readonly area: string;
  readonly extras?: readonly Extra[];
}

/** One that lives in this process. */
interface Here {
  readonly summary: string;
  open(settings: Settings): Awaitable<Engine>;
}

/** Where a simulator lives, and what it needs. */
export type SimulatorKind = InPython | Here;

/** Every simulator by name. */
export const simulators: Record<string, SimulatorKind> = {
  "reference": {
    summary: "our readable float64 engine, which defines the dynamics",
    open: async () => (await import("../engines/reference/index.ts")).referenceEngine,
  },
  "fast": {
    summary: "our fast engine",
    open: async () => (await import("../engines/fast/index.ts")).fastEngine("float64"),
  },
  "nest": { summary: "NEST 3", area: "nest", extras: ["nest"] },
  "nest-pp": {
    summary: "NEST 3, reset by subtraction through pp_psc_delta as in NEST 2",
    area: "nest",
    extras: ["nest"],
  },
  "nest2": { summary: "NEST 2.x, with the interpreter that DSQN_NEST2_PYTHON names", area: "nest" },
  "pynn-nest": { summary: "PyNN on NEST 3, native cell types", area: "pynn", extras: ["nest", "pynn"] },
  "pynn-nest-standard": { summary: "PyNN on NEST 3, standard cell types", area: "pynn", extras: ["nest", "pynn"] },
  "spinnaker-twin": {
    summary: "what a SpiNNaker board computes, in its fixed-point arithmetic",
    open: async (settings) => (await import("./twins/fixed-point.ts")).openTwin(settings),
  },
  "spinnaker": { summary: "sPyNNaker on a real board", area: "spinnaker", extras: ["spinnaker"] },
};

/** Adds simulators to those that `openSimulator` and the commands know. */
export function registerSimulators(table: Readonly<Record<string, SimulatorKind>>): void {
  Object.assign(simulators, table);
}

export function isSimulator(name: string): boolean {
  return Object.hasOwn(simulators, name);
}
