import type { Arithmetic, Fire, NeuronModel, NeuronState, Values } from "./neuron.ts";
import { valueOf } from "./neuron.ts";

/**
 * Leaky integrate-and-fire neurons that integrate, fire and reset in one step: snnTorch's, SpikingJelly's, Norse's box
 * cells, sinabs'.
 */
export interface Lif {
  readonly kind: "lif";
  readonly beta: Values;
  readonly threshold: Values;
  readonly fires: "above" | "at";
  readonly reset: "subtraction" | "value";
  readonly resetBy: Values;
  readonly resetTo: Values;
  /** [outputs], membrane potentials before the first step; null: 0. */
  readonly initial: Float32Array | null;
}

export const lifModel = {
  kind: "lif",
  lag: 0,
  parameters: {
    beta: {
      meaning: "decay of the membrane potential per step, exp(-dt / tau_mem); 1: no leak",
      range: [0, 1],
      default: 1,
      each: true,
    },
    threshold: {
      meaning: "a neuron spikes when its potential is above, or at or above",
      range: [-Infinity, Infinity],
      default: 1,
      each: true,
    },
    resetBy: {
      meaning: "what reset by subtraction takes off",
      range: [-Infinity, Infinity],
      default: 1,
      each: true,
    },
    resetTo: {
      meaning: "what reset to a value sets the potential to; the next step's input is kept",
      range: [-Infinity, Infinity],
      default: 0,
      each: true,
    },
  },
  choices: {
    fires: {
      meaning: "whether a potential at the threshold is a spike: above (>) it is none, at (>=) it is one",
      values: ["above", "at"],
    },
    reset: {
      meaning: "what a spike does to its neuron's potential: take off resetBy, or set it to resetTo",
      values: ["subtraction", "value"],
    },
  },
} as const satisfies NeuronModel;

/**
 * One time step of a layer for one state, in place; `s` [neurons] receives the spikes of this step. `fires` false: an
 * output layer that is read by its potential, which neither spikes nor resets (`s` stays 0).
 *
 *   m[t] = beta v[t-1] + h[t]                 integrate: what arrives in this step counts in this step, biases included
 *   s[t] = H(m[t] - threshold)                fire: above (>) or at (>=) the threshold
 *   v[t] = m[t] - resetBy s[t]                reset by subtraction
 *   v[t] = m[t] (1 - s[t]) + resetTo s[t]     reset to a value
 *
 * with v[-1] the initial potential. There is no lag: s[t] of one layer is h[t] of the next, so layers are computed from
 * the first to the last in each step. Sources: Eshraghian et al. 2023 (snnTorch's Leaky without its delay), Fang et al.
 * 2023 (SpikingJelly's IFNode and LIFNode), Pehle & Pedersen 2021 (Norse).
 *
 * Arithmetic: m is (beta v) + h, then the comparison, then m - resetBy, in this order; parameters are rounded to the
 * precision before they are used.
 */
export function stepLif(
  p: Lif,
  { v }: NeuronState,
  h: Float64Array,
  s: Float64Array,
  { round }: Arithmetic,
  fire: Fire,
  fires: boolean,
): void {
  for (let j = 0; j < v.length; j++) {
    const m = round(round(round(valueOf(p.beta, j)) * v[j]) + h[j]);
    if (fires) s[j] = fire(round(m - round(valueOf(p.threshold, j))));
    if (p.reset === "subtraction") v[j] = round(m - round(valueOf(p.resetBy, j)) * s[j]);
    else v[j] = s[j] === 0 ? m : round(m * (1 - s[j]) + round(valueOf(p.resetTo, j)) * s[j]);
  }
}
