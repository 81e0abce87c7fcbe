import type { SpikeEvents } from "../../network/engine.ts";

/** Collects the spikes of one layer, which must come state by state, step by step. */
export function eventRecorder(): {
  record(state: number, step: number, spikes: ArrayLike<number>): void;
  events(): SpikeEvents;
} {
  const state: number[] = [];
  const step: number[] = [];
  const neuron: number[] = [];
  return {
    record(b, t, spikes) {
      for (let j = 0; j < spikes.length; j++) {
        if (spikes[j] === 0) continue;
        state.push(b);
        step.push(t);
        neuron.push(j);
      }
    },
    events: () => ({ state: Int32Array.from(state), step: Int32Array.from(step), neuron: Int32Array.from(neuron) }),
  };
}
