import type { SpikingNetwork } from "../../network/network.ts";
import { neuronModels } from "../../network/neurons/index.ts";
import type { PopulationOptions } from "./cells.ts";

/**
 * When a network's steps are on the machine, where a neuron spikes in the step in which it is charged, and a spike needs a
 * step or more to the next layer.
 *
 * Neurons without lag act in the same step, layer after layer: layer l is l steps late, the delay 1. Those with a lag of 2
 * (lagged-lif) have in v[t + 1] what the machine has after its step t, and spike a step after that; the delay 2 keeps all
 * layers at one time. Spikes of sources on the machine take a step more.
 */
export interface Schedule {
  /** From layer to layer, in steps. */
  readonly delay: number;
  /** Steps of the machine before a layer's own first one. */
  readonly late: readonly number[];
  /** A spike in the machine's step m is one of our step m - late + lag. */
  readonly lag: number;
  /** What the machine runs for so many steps of ours: its last recording, before the update, is the readout after our last. */
  machineSteps(steps: number): number;
}

/** With a `tauM` as the thesis had it: a delay of 1 for all, and as many steps as the network has. */
export function scheduleOf({ layers, coding }: SpikingNetwork, { tauM }: PopulationOptions = {}): Schedule {
  const first = coding.encoding === "constant" ? 0 : 1;
  const { lag } = neuronModels[layers[0].activation.kind];
  if (tauM !== undefined) return { delay: 1, late: layers.map(() => 0), lag: 0, machineSteps: (steps) => steps };
  if (lag > 0) return { delay: lag, late: layers.map(() => first), lag, machineSteps: (steps) => steps + first };
  const late = layers.map((_, l) => l + first);
  return { delay: 1, late, lag, machineSteps: (steps) => steps + late[late.length - 1] + 1 };
}
