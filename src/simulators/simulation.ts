import { DsqnError, UsageError } from "../errors.ts";
import { decodeRecorded, type Recorded } from "../network/decoding.ts";
import type { Observations, RunOptions, RunResult, SpikeEvents } from "../network/engine.ts";
import { outputsOf } from "../network/layer.ts";
import { isSpiking, kindOf, type Network, type SpikingNetwork } from "../network/network.ts";
import { validateNetwork, validateRun } from "../network/validate.ts";

/** The network, where simulator `name` can run it: valid, and spiking. */
export function spikingOnly(network: Network, name: string): SpikingNetwork {
  validateNetwork(network);
  if (isSpiking(network)) return network;
  throw new UsageError("SIMULATOR_NEEDS_SPIKES", `${name} runs spiking networks, and this one is ${kindOf(network)}.`, {
    hint: "dsqn convert makes it spiking.",
  });
}

/**
 * The number of states; an error for what `validateRun` refuses, for what simulators don't keep, and for input that
 * changes where a simulator is not `stepped`.
 */
export function statesOf(
  network: SpikingNetwork,
  observations: Observations,
  options: RunOptions,
  stepped = false,
): number {
  if (options.changing && !stepped)
    throw new DsqnError(
      "MAPPING_IMPOSSIBLE",
      "This simulator's input is the same in every step, or coded into spikes.",
      {
        hint: "Input that changes from step to step goes to our engines, NEST and PyNN.",
      },
    );
  const unknown = (["recordPotentials", "state", "keepState"] as const).find((option) => options[option]);
  if (unknown)
    throw new UsageError("BAD_ARGUMENT", `Simulators have no ${unknown}: they start from rest, and keep spikes.`);
  return validateRun(network, observations, options);
}

/** What a simulator recorded, as a run's result. `spikes`: per layer that spikes; empty where it didn't, or can't. */
export function resultOf(
  network: SpikingNetwork,
  { spikes, ...recorded }: Omit<Recorded, "spikes"> & { readonly spikes: readonly SpikeEvents[] },
  seconds: RunResult["seconds"],
  recordSpikes = false,
): RunResult {
  const output = spikes.length === network.layers.length ? spikes.at(-1) : undefined;
  return {
    ...decodeRecorded(network, { ...recorded, spikes: output }),
    potentials: recorded.potentials,
    spikeCounts: spikes.map(({ neuron }, l) => {
      const counts = new Float64Array(outputsOf(network.layers[l]));
      for (const j of neuron) counts[j]++;
      return counts;
    }),
    seconds,
    ...(recordSpikes && { spikes }),
  };
}
