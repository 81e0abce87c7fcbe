import type { SpikingNetwork } from "../../network/old/spiking-network.ts";
import type { LayerTrace } from "./dynamics.ts";

/** Decoded values [states, actions], and the step at which each was read (steps: after the last). */
export interface Decoded {
  readonly values: Float32Array;
  readonly step: Int32Array;
}

/** Reads the output layer; `steps` where nothing was (no first spike). */
export function decodeAll(
  { decoding }: SpikingNetwork,
  { potentials, spikes, final }: LayerTrace,
  { states, steps, actions: n }: { states: number; steps: number; actions: number },
): Decoded {
  const values = new Float32Array(states * n);
  const step = new Int32Array(states * n).fill(steps);
  if (decoding === "potential") return { values: final, step };
  for (let state = 0; state < states; state++) {
    const first = decoding === "first-spike" ? firstSpike(spikes, state, steps, n) : steps;
    for (let a = 0; a < n; a++) {
      const k = state * n + a;
      const at = (t: number): number => (state * steps + t) * n + a;
      if (decoding === "max-potential") {
        // Potentials after each step: those before the next one, and the final ones.
        values[k] = -Infinity;
        for (let t = 1; t <= steps; t++) {
          const v = t < steps ? potentials[at(t)] : final[k];
          if (v > values[k]) [values[k], step[k]] = [v, t];
        }
      } else if (decoding === "spikes") for (let t = 0; t < steps; t++) values[k] += spikes[at(t)];
      else if (first < steps) [values[k], step[k]] = [spikes[at(first)], first];
    }
  }
  return { values, step };
}

/** The first step of a state in which any output neuron spikes; `steps` if none does. */
function firstSpike(spikes: Uint8Array, state: number, steps: number, n: number): number {
  for (let t = 0; t < steps; t++) for (let a = 0; a < n; a++) if (spikes[(state * steps + t) * n + a] === 1) return t;
  return steps;
}
