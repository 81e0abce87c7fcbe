import { DsqnError } from "../errors.ts";
import { argmax } from "./decide.ts";
import type { SpikeEvents } from "./engine.ts";
import { actionsOf, type Decoding, type Network, type SpikingNetwork } from "./network.ts";

/** What the output neurons of one state did, step by step. */
export interface OutputTrace {
  readonly steps: number;
  /** Membrane potential after step t; only the decodings by potential ask for it. */
  potential(step: number, neuron: number): number;
  /** 0 or 1; only the decodings by spikes ask for it. */
  spike(step: number, neuron: number): number;
}

/**
 * Decodes the output layer of one state into `values` [actions]:
 * - potential: v[T-1]
 * - max-potential: max_t v[t], t = 0 .. T-1
 * - mean-potential: 1/T sum_t v[t], summed in the order of the steps
 * - spikes: sum_t s[t]
 * - first-spike: s[t] of the first step in which any neuron spikes; all 0 where none does
 *
 * `read` [actions], where given, receives the step that each value stems from: the first of several equal maxima, T-1
 * of a sum, -1 of no step.
 */
export function decode(
  decoding: Decoding,
  { steps, potential, spike }: OutputTrace,
  values: Float32Array | Float64Array,
  read: Int32Array = new Int32Array(values.length),
): void {
  const first = decoding === "first-spike" ? firstSpike(steps, values.length, spike) : steps - 1;
  values.fill(0);
  read.fill(first);
  for (let a = 0; a < values.length; a++)
    switch (decoding) {
      case "potential":
        values[a] = potential(first, a);
        break;
      case "max-potential":
        values[a] = potential((read[a] = 0), a);
        for (let t = 1; t < steps; t++) {
          const v = potential(t, a);
          if (v > values[a]) read[a] = t;
          values[a] = Math.max(values[a], v);
        }
        break;
      case "mean-potential": {
        let sum = 0;
        for (let t = 0; t < steps; t++) sum += potential(t, a);
        values[a] = sum / steps;
        break;
      }
      case "spikes":
        for (let t = 0; t < steps; t++) values[a] += spike(t, a);
        break;
      case "first-spike":
        if (first >= 0) values[a] = spike(first, a);
    }
}

/**
 * Adds dE/d(values) of one state, [actions], to dE/d(spike) `gs` [steps, actions]; nothing where potentials are read.
 * `read`: of `decode`.
 */
export function addSpikeGradients(
  decoding: Decoding,
  given: ArrayLike<number>,
  read: Int32Array,
  gs: Float32Array | Float64Array,
): void {
  const n = read.length;
  for (let a = 0; a < n; a++)
    if (decoding === "spikes") for (let k = a; k < gs.length; k += n) gs[k] += given[a];
    else if (decoding === "first-spike" && read[a] >= 0) gs[read[a] * n + a] += given[a];
}

/** The first step in which any of `neurons` spikes, or -1. */
function firstSpike(steps: number, neurons: number, spike: OutputTrace["spike"]): number {
  for (let t = 0; t < steps; t++) for (let a = 0; a < neurons; a++) if (spike(t, a) > 0) return t;
  return -1;
}

/**
 * The actions [batch] for `outputs` [batch, actions], by the network's tie rule (the first where it has none);
 * `potentials` as in RunResult.
 */
export function chooseActions(
  { coding }: Pick<Network, "coding">,
  outputs: ArrayLike<number>,
  potentials: ArrayLike<number>,
  batch: number,
): Int32Array {
  const [actions, ties] = [outputs.length / batch, coding?.ties];
  return Int32Array.from({ length: batch }, (_, b) => argmax(outputs, b * actions, actions, ties, potentials));
}

/** What a simulator recorded of the output layer. */
export interface Recorded {
  readonly states: number;
  /** [states, actions], after the last step. */
  readonly potentials: Float64Array;
  /** [states, actions], over all steps: the largest, or the mean; only the decodings max-potential and mean-potential need it. */
  readonly maxima?: Float64Array;
  /** Only the decodings by spikes need it. */
  readonly spikes?: SpikeEvents;
}

/** Values [states, actions] and actions [states] from what was recorded, by the network's decoding and tie rule. */
export function decodeRecorded(
  network: SpikingNetwork,
  { states, potentials, maxima, spikes }: Recorded,
): { outputs: Float64Array; actions: Int32Array } {
  const { decoding } = network.coding;
  if (!maxima && decoding === "mean-potential")
    throw new DsqnError(
      "MAPPING_IMPOSSIBLE",
      "This simulator says the last potentials, and the network reads their mean.",
      {
        hint: "NEST and PyNN read it, and our engines.",
      },
    );
  const actions = actionsOf(network);
  const steps = 1 + (spikes?.step.reduce((latest, step) => Math.max(latest, step), 0) ?? 0);
  const spiked = new Uint8Array(states * steps * actions);
  spikes?.state.forEach((state, k) => spiked[(state * steps + spikes.step[k]) * actions + spikes.neuron[k]]++);
  const outputs = new Float64Array(states * actions);
  for (let b = 0; b < states; b++)
    decode(
      decoding,
      {
        steps,
        potential: (_, a) => (decoding === "potential" ? potentials : (maxima ?? potentials))[b * actions + a],
        spike: (t, a) => spiked[(b * steps + t) * actions + a],
      },
      outputs.subarray(b * actions, (b + 1) * actions),
    );
  return { outputs, actions: chooseActions(network, outputs, potentials, states) };
}
