import type { Arithmetic, Fire, NeuronModel, NeuronState } from "./neuron.ts";

/**
 * Current-based leaky integrate-and-fire neurons that fire by the potential before the step: the thesis's, after
 * SpyTorch.
 */
export interface LaggedLif {
  readonly kind: "lagged-lif";
  readonly alpha: number;
  readonly beta: number;
  readonly threshold: number;
  readonly reset: "subtraction" | "zero";
  readonly resetBy: number;
  /** [outputs], membrane potentials before the first step; null: 0. */
  readonly initial: Float32Array | null;
}

export const laggedLifModel = {
  kind: "lagged-lif",
  lag: 2,
  parameters: {
    alpha: {
      meaning: "decay of the synaptic current per step, exp(-dt / tau_syn); 0: a delta synapse",
      range: [0, 1],
      default: 0,
      each: false,
    },
    beta: {
      meaning: "decay of the membrane potential per step, exp(-dt / tau_mem); 1: no leak",
      range: [0, 1],
      default: 1,
      each: false,
    },
    threshold: {
      meaning: "a neuron spikes when its potential is strictly above",
      range: [-Infinity, Infinity],
      default: 1,
      each: false,
    },
    resetBy: {
      meaning: "what reset by subtraction takes off: the threshold, or 1 whatever the threshold (as in the original)",
      range: [-Infinity, Infinity],
      default: 1,
      each: false,
    },
  },
  choices: {
    reset: {
      meaning:
        "what a spike does to its neuron's potential: take off resetBy, or set it to 0 and lose what arrives then",
      values: ["subtraction", "zero"],
    },
  },
} as const satisfies NeuronModel;

/**
 * One time step of a layer for one state, in place. `s` [neurons] receives the spikes; `fires` false: an output layer
 * that is read by its potential, which neither spikes nor resets (`s` stays 0).
 *
 *   s[t] = H(v[t-1] - threshold)                       spike: strictly above, by the potential before this step
 *   v[t] = beta v[t-1] + i[t-1] - resetBy s[t]         reset by subtraction
 *   v[t] = (beta v[t-1] + i[t-1]) (1 - s[t])           reset to zero: what arrives in that step is lost too
 *   i[t] = alpha i[t-1] + h[t]                         synaptic current; h[t]: what arrives in step t, with biases
 *
 * with i[-1] = 0 and v[-1] the initial potential. alpha = 0, beta = 1 is the integrate-and-fire neuron without leak.
 * What arrives in step t is in v[t+1] and is compared with the threshold in t+2: each layer takes two steps. So all
 * layers of a network can be advanced in any order from the spikes of the step before it, and spikes s[t] of one layer
 * arrive at the next in the same step t. Source: Neftci, Mostafa & Zenke 2019, eqs. 3-6, discretised as in SpyTorch and
 * the thesis.
 *
 * Arithmetic: v is (beta v + i) - resetBy s, i is (alpha i) + h, in this order; parameters are rounded to the precision
 * before they are used. Written with s as a factor, so that it also holds for the smooth spikes of gradient checks; for
 * 0 and 1 these are the equations above.
 */
export function stepLaggedLif(
  p: LaggedLif,
  { v, i }: NeuronState,
  h: Float64Array,
  s: Float64Array,
  { round }: Arithmetic,
  fire: Fire,
  fires: boolean,
): void {
  const [alpha, beta, threshold, resetBy] = [p.alpha, p.beta, p.threshold, p.resetBy].map(round);
  for (let j = 0; j < v.length; j++) {
    if (fires) s[j] = fire(round(v[j] - threshold));
    const next = round(round(beta * v[j]) + i[j]);
    if (p.reset === "subtraction") v[j] = round(next - resetBy * s[j]);
    else v[j] = s[j] === 1 ? 0 : next * (1 - s[j]);
    i[j] = round(round(alpha * i[j]) + h[j]);
  }
}
