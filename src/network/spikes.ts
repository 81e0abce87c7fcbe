import type { SpikeEvents } from "./engine.ts";

/** Takes the spikes of one layer one by one. */
export interface SpikeCollector {
  push(state: number, step: number, neuron: number): void;
  /** All that came so far. */
  events(): SpikeEvents;
}

/** Collects the spikes of one layer, which must come sorted by state, then step, then neuron. */
export function spikeCollector(): SpikeCollector {
  const [states, steps, neurons]: number[][] = [[], [], []];
  return {
    push(state, step, neuron) {
      states.push(state);
      steps.push(step);
      neurons.push(neuron);
    },
    events: () => ({ state: Int32Array.from(states), step: Int32Array.from(steps), neuron: Int32Array.from(neurons) }),
  };
}
