import { type SpikingNetwork, spikingLayers } from "../../network/network.ts";
import { neuronModels } from "../../network/neurons/index.ts";

/** Steps `from` to `to` - 1. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/**
 * The steps of each layer that can matter to what is read, so that nothing else is computed. Where neurons have a lag a
 * spike moves the next layer's potential one step later and its spikes two (docs/dynamics.md): those of a layer's last
 * steps come too late. And no neuron spikes in the first two, whose potentials are the initial one and its decay,
 * unless it starts above the threshold. `all`: every step to the end, where spikes have a price of their own.
 */
export function windowsOf(network: SpikingNetwork, all: boolean): Window[] {
  const { layers, coding } = network;
  const spiking = spikingLayers(network);
  const windows: Window[] = [];
  let to = coding.steps;
  for (let l = layers.length - 1; l >= 0; l--) {
    const { activation } = layers[l];
    const { lag } = neuronModels[activation.kind];
    const { initial, threshold } = activation;
    const quiet =
      lag > 0 && typeof threshold === "number" && threshold >= 0 && (initial?.every((v) => v <= threshold) ?? true);
    const from = l < layers.length - 1 && quiet ? lag : 0;
    windows.unshift({ from, to: Math.max(to, from + 1) });
    // The last potential read holds the input of the step before it; the last spike, of the step before that.
    if (!all && lag > 0) to -= l < spiking ? lag : lag - 1;
  }
  return windows;
}
