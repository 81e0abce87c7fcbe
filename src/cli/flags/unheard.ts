import { fastEngine } from "../../engines/fast/index.ts";
import { isSpiking, type Network, observationSize, spikingLayers, type SpikingNetwork } from "../../network/network.ts";
import { unheard } from "../../network/reach.ts";

/** Tells whoever runs or makes a network whose outputs can't depend on its input; for --json the same as a list. */
export function warnUnheard(network: Network, steps: number | undefined, log: (line: string) => void): string[] {
  const found = unheard(network, steps);
  if (!found) return [];
  log(`Warning: ${found.message}.`);
  return [`${found.message}.`];
}

/** So many states show whether a layer ever spikes. */
const STATES = 256;

/** Likewise, and where a layer of neurons is silent on all of these states, [n, observation]. */
export function warnSilent(network: SpikingNetwork, states: Float32Array, log: (line: string) => void): string[] {
  const found = warnUnheard(network, undefined, log);
  if (found.length > 0 || states.length === 0) return found;
  const size = observationSize(network);
  const some = states.subarray(0, Math.min(STATES, states.length / size) * size);
  const { spikeCounts, outputs } = fastEngine().load(network).run(some);
  const layer = spikeCounts.findIndex((counts) => counts.every((count) => count === 0));
  if (layer < 0) return warnEqual(outputs, some.length / size, log);
  const warning = `Layer ${layer} does not spike once in T = ${network.coding.steps} steps, in any of ${some.length / size} states: more steps (--steps), other scales (--method, --percentile) or other states may help.`;
  log(`Warning: ${warning}`);
  return [warning];
}

/** Where the outputs for several observations, [n, actions], are all the same. */
export function warnEqual(outputs: Float64Array, n: number, log: (line: string) => void): string[] {
  const actions = outputs.length / n;
  if (n < 2 || outputs.some((value, k) => value !== outputs[k % actions])) return [];
  const warning = `The outputs are the same for all ${n} observations: too few time steps, or a layer that leads nothing on. More may help (--steps).`;
  log(`Warning: ${warning}`);
  return [warning];
}

/** Where a network of neurons has acted without a spike. */
export function warnNoSpikes(
  network: Network,
  spikes: number | null | undefined,
  log: (line: string) => void,
): string[] {
  if (!isSpiking(network) || spikingLayers(network) === 0 || spikes !== 0) return [];
  const warning =
    "No neuron spiked in any decision: the network is silent on what it saw. More time steps may help (--steps).";
  log(`Warning: ${warning}`);
  return [warning];
}
