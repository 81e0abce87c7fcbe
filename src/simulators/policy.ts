import type { Policy } from "../learning/policy.ts";
import type { OnProgress } from "../progress.ts";
import { observationSize, type SpikingNetwork } from "../network/old/spiking-network.ts";
import type { Simulator } from "./simulator.ts";

/** A policy that acts in a simulator. */
export interface SimulatorPolicy extends Policy {
  /** Ends the simulator. */
  close(): Promise<void>;
}

/** A network that acts inside a simulator: each batch of observations is one run, all states side by side. */
export async function simulatorPolicy(
  simulator: Simulator,
  network: SpikingNetwork,
  { steps, seed = 0 }: { steps?: number; seed?: number; onProgress?: OnProgress } = {},
): Promise<SimulatorPolicy> {
  await simulator.load(network);
  let runs = 0;
  return {
    actions: network.layers.at(-1)!.outputs,
    observationSize: observationSize(network),
    async act(observations, batch) {
      const inputs = observations.subarray(0, batch * observationSize(network));
      // A new seed for each batch: Poisson trains must not repeat from decision to decision.
      return (await simulator.run(inputs, { steps, seed: seed + runs++, recordSpikes: false })).actions;
    },
    close: () => simulator.close(),
  };
}
