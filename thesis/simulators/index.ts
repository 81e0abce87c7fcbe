import type { SimulatorKind } from "../../src/simulators/names.ts";

/** The thesis's own set-ups, by name. Python's part is py-bridge's nest_original.py. */
export const thesisSimulators: Readonly<Record<string, SimulatorKind>> = {
  "spinnaker-leaky-twin": {
    summary: "the thesis's SpiNNaker set-up in closed form",
    open: async () => (await import("./leaky-twin.ts")).leakyTwin(),
  },
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
};
