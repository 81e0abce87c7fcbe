import type { Arithmetic, Fire, NeuronModel, NeuronState, Values } from "./neuron.ts";
import { valueOf } from "./neuron.ts";

/**
 * Leaky integrate-and-fire neurons that integrate, fire and reset in one step: those of snnTorch, SpikingJelly, Norse,
 * sinabs and rockpool.
 */
export interface Lif {
  readonly kind: "lif";
  readonly beta: Values;
  readonly alpha: Values;
  readonly gain: Values;
  readonly offset: Values;
  readonly leakTo: Values;
  readonly threshold: Values;
  readonly fires: "above" | "at";
  readonly current: "none" | "decay-first" | "input-first";
  readonly reset: "subtraction" | "value" | "delayed-subtraction" | "delayed-lost" | "subtraction-late";
  readonly resetBy: Values;
  readonly resetTo: Values;
  readonly lowest: Values;
  readonly maxSpikes: number;
  /** [outputs], membrane potentials before the first step; null: 0. */
  readonly initial: Float32Array | null;
}

const any = [-Infinity, Infinity] as const;

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
      range: any,
      default: 1,
      each: true,
    },
    resetBy: {
      meaning: "what reset by subtraction, in the same step or later, takes off",
      range: any,
      default: 1,
      each: true,
    },
    resetTo: {
      meaning: "what reset to a value sets the potential to; the next step's input is kept",
      range: any,
      default: 0,
      each: true,
    },
    alpha: {
      meaning: "decay of the synaptic current per step, exp(-dt / tau_syn); of no meaning without a current",
      range: [0, 1],
      default: 0,
      each: true,
      later: true,
    },
    gain: {
      meaning: "what current and offset are multiplied by before they charge the membrane",
      range: any,
      default: 1,
      each: true,
      later: true,
    },
    offset: { meaning: "a constant beside the current", range: any, default: 0, each: true, later: true },
    leakTo: {
      meaning: "the resting potential, towards which the membrane leaks",
      range: any,
      default: 0,
      each: true,
      later: true,
    },
    lowest: {
      meaning: "the potential after a reset is raised to this where it lies below; -Infinity: never",
      range: any,
      default: -Infinity,
      each: true,
      infinite: true,
      later: true,
    },
    maxSpikes: {
      meaning:
        "so many spikes a neuron may send in one step; above 1 it sends one for each threshold that its potential holds",
      range: [1, Infinity],
      default: 1,
      each: false,
      infinite: true,
      later: true,
    },
  },
  choices: {
    fires: {
      meaning: "whether a potential at the threshold is a spike: above (>) it is none, at (>=) it is one",
      values: ["above", "at"],
    },
    reset: {
      meaning:
        "what a spike does to its neuron's potential: take off resetBy, or set it to resetTo; take off resetBy in the next step, after the leak (delayed-subtraction); lose the next step's potential and input (delayed-lost); or what snnTorch does without its delay (subtraction-late)",
      values: ["subtraction", "value", "delayed-subtraction", "delayed-lost", "subtraction-late"],
    },
    current: {
      meaning:
        "a synaptic current between input and membrane: none, one that decays before the input comes in, or after",
      values: ["none", "decay-first", "input-first"],
      later: true,
    },
  },
  problem({ maxSpikes, threshold, reset }: Lif) {
    if (maxSpikes === 1) return undefined;
    if (maxSpikes !== Infinity && !Number.isInteger(maxSpikes))
      return `maxSpikes ${maxSpikes}: it must be a whole number`;
    if (reset !== "subtraction" && reset !== "value")
      return `several spikes per step with reset ${reset}, which knows one`;
    const values = typeof threshold === "number" ? [threshold] : threshold;
    if (values.every((value) => value > 0)) return undefined;
    return "several spikes per step and a threshold that is not above 0, of which a potential holds no number";
  },
} as const satisfies NeuronModel<Lif>;

/** What the resets that come a step later have in common: the spike is found again in the potential that it left. */
export const resetsLater = ({ reset }: Pick<Lif, "reset">): boolean => reset !== "subtraction" && reset !== "value";

/** Whether nothing of a neuron is used that came with version 2 of its record: what every back end knows. */
export function isPlainLif(p: Lif): boolean {
  return (
    p.current === "none" &&
    p.gain === 1 &&
    p.offset === 0 &&
    p.leakTo === 0 &&
    p.lowest === -Infinity &&
    p.maxSpikes === 1 &&
    !resetsLater(p)
  );
}

/**
 * One time step of a layer for one state, in place; `s` [neurons] receives the spikes of this step. `fires` false: an
 * output layer that is read by its potential, which neither spikes nor resets (`s` stays 0).
 *
 *   i[t] = h[t]                                          current: what arrives in this step, biases included
 *   i[t] = alpha i[t-1] + h[t]                           "decay-first"  (snnTorch's Synaptic, Norse's LIFCell)
 *   i[t] = alpha (i[t-1] + h[t])                         "input-first"  (sinabs, rockpool)
 *   u[t] = beta v[t-1] + (1 - beta) leakTo + gain (i[t] + offset)
 *   r[t] = H(v[t-1] - threshold)                         of resets that come later: the spike of the step before
 *   m[t] = u[t]                                          integrate
 *   m[t] = u[t] - resetBy r[t]                           "delayed-subtraction" (snnTorch's default), "subtraction-late"
 *   m[t] = u[t] (1 - r[t])                               "delayed-lost" (snnTorch's Synaptic, zero)
 *   s[t] = H(m[t] - threshold)                           fire: above (>) or at (>=) the threshold
 *   s[t] = clamp(floor(m[t] / threshold), 0, maxSpikes)  with maxSpikes above 1 (sinabs' MultiSpike, rockpool)
 *   v[t] = m[t] - resetBy s[t]                           "subtraction"
 *   v[t] = m[t] (1 - s[t]) + resetTo s[t]                "value"; of several spikes too resetTo
 *   v[t] = m[t] - resetBy (s[t] - r[t])                  "subtraction-late" (snnTorch without reset_delay)
 *   v[t] = m[t]                                          the delayed ones
 *   v[t] = max(v[t], lowest)
 *
 * with v[-1] the initial potential and i[-1] = 0. There is no lag: s[t] of one layer is h[t] of the next, so layers are
 * computed from the first to the last in each step. Sources: Eshraghian et al. 2023 (snnTorch), Fang et al. 2023
 * (SpikingJelly), Pehle & Pedersen 2021 (Norse), Sheik et al. 2023 (sinabs).
 *
 * Arithmetic: u is ((beta v) + (1 - beta) leakTo) + gain (i + offset), in this order, then what a reset takes off;
 * parameters are rounded to the precision before they are used.
 */
export function stepLif(
  p: Lif,
  { v, i }: NeuronState,
  h: Float64Array,
  s: Float64Array,
  { round }: Arithmetic,
  fire: Fire,
  fires: boolean,
): void {
  const several = p.maxSpikes > 1;
  for (let j = 0; j < v.length; j++) {
    const own = (values: Values): number => round(valueOf(values, j));
    const threshold = own(p.threshold);
    const r = fires && resetsLater(p) ? fire(round(v[j] - threshold)) : 0;
    const m = charge(p, own, v[j], advance(p, own, i, j, h[j], round), r, round);
    if (fires) s[j] = several ? held(round(m / threshold), p.maxSpikes) : fire(round(m - threshold));
    v[j] = Math.max(discharge(p, own, m, several ? Math.min(s[j], 1) : s[j], s[j], r, round), own(p.lowest));
  }
}

type Own = (values: Values) => number;
type Round = Arithmetic["round"];

/** The current of neuron j with what arrives; without one it is what arrives, and nothing is remembered. */
function advance(p: Lif, own: Own, i: Float64Array, j: number, h: number, round: Round): number {
  if (p.current === "none") return h;
  const alpha = own(p.alpha);
  return (i[j] = p.current === "decay-first" ? round(round(alpha * i[j]) + h) : round(alpha * round(i[j] + h)));
}

/** What one step charges a membrane to before any reset: u. */
export function charged(p: Lif, own: Own, v: number, i: number, round: Round): number {
  const beta = own(p.beta);
  const leak = round(round(1 - beta) * own(p.leakTo));
  return round(round(round(beta * v) + leak) + round(own(p.gain) * round(i + own(p.offset))));
}

function charge(p: Lif, own: Own, v: number, i: number, r: number, round: Round): number {
  const u = charged(p, own, v, i, round);
  if (r === 0) return u;
  return p.reset === "delayed-lost" ? round(u * (1 - r)) : round(u - round(own(p.resetBy) * r));
}

/** What a spike leaves of m. `once`: whether it spiked, of `s` spikes. */
function discharge(p: Lif, own: Own, m: number, once: number, s: number, r: number, round: Round): number {
  switch (p.reset) {
    case "subtraction":
      return round(m - round(own(p.resetBy) * s));
    case "value":
      return once === 0 ? m : round(m * (1 - once) + own(p.resetTo) * once);
    case "subtraction-late":
      return round(m - round(own(p.resetBy) * (s - r)));
    default:
      return m;
  }
}

/** How often a potential holds its threshold, whole times. */
const held = (times: number, most: number): number => Math.min(Math.max(Math.floor(times), 0), most);
