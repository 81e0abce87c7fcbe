import type { SpikingLayer } from "../../network/old/spiking-network.ts";
import { surrogate, type SurrogateOptions } from "../../network/surrogate.ts";
import type { Window } from "./windows.ts";

/** What a layer did in the steps of a window; of state b row b * (to - from) + t - from is step t. */
export interface LayerTrace {
  /** [rows, neurons] potentials before each step. */
  readonly potentials: Float32Array;
  /** Likewise, 0 or 1; empty for an output layer that does not spike. */
  readonly spikes: Uint8Array;
  /** [states, neurons] after the last step. */
  readonly final: Float32Array;
  /** Synaptic currents before each step, where they were asked for; else empty. */
  readonly currents: Float32Array;
}

/** Which steps of a layer are kept, and in which its synapses bring something; without `input` the same in every step. */
export interface LayerSteps {
  readonly states: number;
  readonly window: Window;
  readonly input?: Window;
}

type Dynamics = Pick<
  SpikingLayer,
  "outputs" | "alpha" | "beta" | "threshold" | "reset" | "resetBy" | "biases" | "initialPotential"
>;

/**
 * The neurons of reference/neuron.ts in float32, layer by layer: their input of all steps is known already. `input`: what the synapses
 * bring, [rows of the input's window, neurons], or [states, neurons] in every step; `biases` come on top.
 */
export function integrateAll(
  { outputs: n, alpha, beta, threshold, reset, resetBy, biases, initialPotential }: Dynamics,
  input: Float32Array,
  {
    states,
    window: { from, to },
    input: given,
    spiking,
    keepCurrents,
  }: LayerSteps & { spiking: boolean; keepCurrents: boolean },
): LayerTrace {
  const { fround } = Math;
  const [a, b, theta, off] = [alpha, beta, threshold, resetBy].map(fround);
  const subtracts = reset === "subtraction";
  const steps = to - from;
  const potentials = new Float32Array(states * steps * n);
  const spikes = new Uint8Array(spiking ? states * steps * n : 0);
  const final = new Float32Array(states * n);
  const currents = new Float32Array(keepCurrents ? potentials.length : 0);
  const limit = spiking ? theta : Infinity;
  const v = new Float32Array(n);
  const i = new Float32Array(n);
  const h = new Float32Array(n);
  const bias = biases ?? new Float32Array(n);
  for (let state = 0; state < states; state++) {
    if (initialPotential) v.set(initialPotential);
    else v.fill(0);
    i.fill(0);
    for (let t = 0; t < to; t++) {
      const brings = !given
        ? state
        : t >= given.from && t < given.to
          ? state * (given.to - given.from) + t - given.from
          : -1;
      if (brings < 0) h.set(bias);
      else if (given || t === 0) {
        h.set(input.subarray(brings * n, (brings + 1) * n));
        if (biases) for (let j = 0; j < n; j++) h[j] += biases[j];
      }
      const row = (state * steps + t - from) * n;
      if (t >= from) {
        potentials.set(v, row);
        if (keepCurrents) currents.set(i, row);
      }
      for (let j = 0; j < n; j++) {
        const before = v[j];
        const next = fround(fround(b * before) + i[j]);
        if (before > limit) {
          spikes[row + j] = 1;
          v[j] = subtracts ? next - off : 0;
        } else v[j] = next;
      }
      if (a === 0) i.set(h);
      else for (let j = 0; j < n; j++) i[j] = fround(a * i[j]) + h[j];
    }
    final.set(v, state * n);
  }
  return { potentials, spikes, final, currents };
}

/** What the gradient goes back through. */
export interface BackwardOptions extends LayerSteps {
  readonly spiking: boolean;
  readonly surrogate: SurrogateOptions;
  readonly detachReset: boolean;
  /** dE/d(potential) of output neurons: what comes in at `step` (after the last: the window's end) of each, [states, neurons]. */
  readonly atPotentials?: { readonly values: ArrayLike<number>; readonly step: ArrayLike<number> };
}

/**
 * Backpropagation through time of one layer (the equations of reference/gradients.ts), from dE/d(spike) `gradients` [rows, neurons]: dE/d(input),
 * [rows of the input's window, neurons], or summed over the steps where it is the same in all of them, [states, neurons]; and dE/d(bias).
 */
export function differentiateAll(
  { outputs: n, alpha, beta, threshold, reset, resetBy }: Dynamics,
  { potentials, spikes, currents }: LayerTrace,
  gradients: Float32Array,
  { states, window: { from, to }, input, spiking, surrogate: shape, detachReset, atPotentials }: BackwardOptions,
): { atInput: Float32Array; atBiases: Float64Array } {
  const slope = slopeOf(shape);
  const rows = input ? input.to - input.from : 1;
  const atInput = new Float32Array(states * rows * n);
  const atBiases = new Float64Array(n);
  const gv = new Float32Array(n);
  const gi = new Float32Array(n);
  const sum = new Float64Array(n);
  for (let state = 0; state < states; state++) {
    const read = (t: number): void => {
      if (!atPotentials) return;
      for (let j = 0, k = state * n; j < n; j++, k++) if (atPotentials.step[k] === t) gv[j] += atPotentials.values[k];
    };
    gv.fill(0);
    gi.fill(0);
    sum.fill(0);
    read(to);
    for (let t = to - 1; t >= 0; t--) {
      if (input && t >= input.from && t < input.to) atInput.set(gi, (state * rows + t - input.from) * n);
      for (let j = 0; j < n; j++) sum[j] += gi[j];
      const kept = t >= from;
      for (let j = 0, k = (state * (to - from) + t - from) * n; j < n; j++, k++) {
        const later = gv[j];
        const spiked = kept && spiking && spikes[k] === 1;
        const through = spiked && reset === "zero" ? 0 : later;
        gv[j] = beta * through;
        if (kept && spiking) {
          let gs = gradients[k];
          if (!detachReset) gs -= later * (reset === "zero" ? beta * potentials[k] + currents[k] : resetBy);
          gv[j] += slope(potentials[k] - threshold) * gs;
        }
        gi[j] = through + alpha * gi[j];
      }
      read(t);
    }
    if (!input) atInput.set(sum, state * n);
    for (let j = 0; j < n; j++) atBiases[j] += sum[j];
  }
  return { atInput, atBiases };
}

/** The commonest shape without a switch in the inner loop. */
function slopeOf(shape: SurrogateOptions): (x: number) => number {
  const { name, scale } = shape;
  if (name !== "fast-sigmoid") return (x) => surrogate(shape, x);
  return (x) => {
    const d = scale * Math.abs(x) + 1;
    return 1 / (d * d);
  };
}
