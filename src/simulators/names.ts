import type { Extra } from "../setup/python-environment.ts";

/** Where a simulator lives, and what it needs. */
interface Kind {
  readonly summary: string;
  /** The area of methods of the Python side that serves it; none for our own. */
  readonly area?: "nest" | "pynn" | "spinnaker";
  readonly extras?: readonly Extra[];
}

/** Every simulator by name. */
export const simulators = {
  "reference": { summary: "our readable float64 engine, which defines the dynamics" },
  "fast": { summary: "our fast engine" },
  "nest": { summary: "NEST 3", area: "nest", extras: ["nest"] },
  "nest-pp": {
    summary: "NEST 3, reset by subtraction through pp_psc_delta as in NEST 2",
    area: "nest",
    extras: ["nest"],
  },
  "nest2": { summary: "NEST 2.x, with the interpreter that DSQN_NEST2_PYTHON names", area: "nest" },
  "pynn-nest": { summary: "PyNN on NEST 3, native cell types", area: "pynn", extras: ["nest", "pynn"] },
  "pynn-nest-standard": { summary: "PyNN on NEST 3, standard cell types", area: "pynn", extras: ["nest", "pynn"] },
  "spinnaker-twin": { summary: "what a SpiNNaker board computes, in its fixed-point arithmetic" },
  "spinnaker-leaky-twin": { summary: "the thesis's SpiNNaker set-up in closed form" },
  "spinnaker": { summary: "sPyNNaker on a real board", area: "spinnaker", extras: ["spinnaker"] },
  "nest-original-iaf": { summary: "the thesis's NEST set-up, iaf_psc_delta at 0.1 ms", area: "nest", extras: ["nest"] },
  "nest-original-pp": {
    summary: "the thesis's NEST set-up, stochastic pp_psc_delta at 0.1 ms",
    area: "nest",
    extras: ["nest"],
  },
  "pynn-original": {
    summary: "the thesis's PyNN set-up on NEST, weights times 1000 included",
    area: "nest",
    extras: ["nest"],
  },
} as const satisfies Record<string, Kind>;

export type SimulatorName = keyof typeof simulators;

export function isSimulator(name: string): name is SimulatorName {
  return Object.hasOwn(simulators, name);
}
