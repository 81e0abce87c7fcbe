import type { SpikeEvents } from "../../network/engine.ts";

/** Collects the spikes of one layer from the bits of state after state. */
export function spikeRecorder(): {
  record(state: number, bits: Uint8Array, steps: number, plane: number): void;
  events(): SpikeEvents;
} {
  const states: number[] = [];
  const times: number[] = [];
  const neurons: number[] = [];
  return {
    record(state, bits, steps, plane) {
      for (let t = 0; t < steps; t++)
        for (let k = 0; k < plane; k++) {
          let byte = bits[t * plane + k];
          for (let j = 8 * k; byte !== 0; byte >>= 1, j++) {
            if ((byte & 1) === 0) continue;
            states.push(state);
            times.push(t);
            neurons.push(j);
          }
        }
    },
    events: () => ({ state: Int32Array.from(states), step: Int32Array.from(times), neuron: Int32Array.from(neurons) }),
  };
}
