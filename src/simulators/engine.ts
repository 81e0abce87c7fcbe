import type { SpikingEngine } from "../network/engine.ts";
import type { SpikingNetwork } from "../network/old/spiking-network.ts";
import { packageVersion } from "../bridge/version.ts";
import type { Mapping, Simulator } from "./simulator.ts";

/** One of our own engines behind the judges' interface, so that certificates can compare the two with each other. */
export function engineSimulator(engine: SpikingEngine): Simulator {
  let loaded: SpikingNetwork | undefined;
  return {
    name: engine.name,
    version: packageVersion(),
    map: (network) => engineMapping(engine, network),
    async load(network) {
      loaded = network;
    },
    async run(inputs, { steps, seed, recordSpikes = true } = {}) {
      const began = performance.now();
      const result = engine.run(loaded!, inputs, { steps, seed, recordSpikes });
      const { potentials, outputs, actions, spikes = [] } = result;
      return {
        spikes,
        potentials,
        outputs,
        actions,
        seconds: { build: 0, run: (performance.now() - began) / 1000, read: 0 },
      };
    },
    async close() {},
  };
}

function engineMapping(engine: SpikingEngine, network: SpikingNetwork): Mapping {
  return {
    name: engine.name,
    simulator: engine.name,
    step: 1,
    resolution: 1,
    input: "as encoded",
    ties: "fires at v > theta",
    layers: network.layers.map(({ alpha, beta, threshold, reset, resetBy }, layer) => ({
      layer,
      model: "current-based LIF",
      parameters: { alpha, beta, threshold, reset, resetBy },
      weights: { unit: "potential per spike", factor: 1 },
      delay: 2,
    })),
    exact: engine.precision === "float64",
    notes: engine.precision === "float64" ? [] : ["Sums are rounded to float32."],
  };
}
