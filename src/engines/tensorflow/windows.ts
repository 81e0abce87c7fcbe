import { type SpikingNetwork, spikingLayers } from "../../network/old/spiking-network.ts";

/** Steps `from` to `to` - 1. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/**
 * The steps of each layer that can matter to what is read, so that nothing else is computed. A spike moves the next layer's potential two steps
 * later (docs/dynamics.md): those of a layer's last steps come too late. And no neuron spikes in the first two, whose potentials are
 * the initial one and its decay, unless it starts above the threshold. `all`: every step to the end, where spikes have a price of their own.
 */
export function windowsOf(network: SpikingNetwork, all: boolean): Window[] {
  const { layers, steps } = network;
  const spiking = spikingLayers(network);
  const windows: Window[] = [];
  let to = steps;
  for (let l = layers.length - 1; l >= 0; l--) {
    const { threshold, initialPotential } = layers[l];
    const quiet = threshold >= 0 && (initialPotential?.every((v) => v <= threshold) ?? true);
    const from = l < layers.length - 1 && quiet ? 2 : 0;
    windows.unshift({ from, to: Math.max(to, from + 1) });
    // The last potential read holds the input of the step before it; the last spike, of the step before that.
    if (!all) to -= l < spiking ? 2 : 1;
  }
  return windows;
}
