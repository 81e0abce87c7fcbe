import type { SpikingLayer } from "../network.ts";
import { surrogate, type SurrogateOptions } from "../surrogate.ts";

/** What a layer did in all steps of some states; row b * steps + t is step t of state b. */
export interface LayerTrace {
  /** [states * steps, neurons] potentials before each step. */
  readonly potentials: Float32Array;
  /** Likewise, 0 or 1; empty for an output layer that does not spike. */
  readonly spikes: Uint8Array;
  /** [states, neurons] after the last step. */
  readonly final: Float32Array;
  /** Synaptic currents before each step, where they were asked for; else empty. */
  readonly currents: Float32Array;
}

type Dynamics = Pick<
  SpikingLayer,
  "outputs" | "alpha" | "beta" | "threshold" | "reset" | "resetBy" | "biases" | "initialPotential"
>;

/**
 * The neurons of reference/neuron.ts in float32, layer by layer: their input of all steps is known already. `input`: what the synapses
 * bring, [states * steps, neurons], or with `constant` [states, neurons] in every step; `biases` come on top.
 */
export function integrateAll(
  { outputs: n, alpha, beta, threshold, reset, resetBy, biases, initialPotential }: Dynamics,
  input: Float32Array,
  {
    states,
    steps,
    spiking,
    constant,
    keepCurrents,
  }: { states: number; steps: number; spiking: boolean; constant: boolean; keepCurrents: boolean },
): LayerTrace {
  const { fround } = Math;
  const [a, b, theta, off] = [alpha, beta, threshold, resetBy].map(fround);
  const subtracts = reset === "subtraction";
  const potentials = new Float32Array(states * steps * n);
  const spikes = new Uint8Array(spiking ? states * steps * n : 0);
  const final = new Float32Array(states * n);
  const currents = new Float32Array(keepCurrents ? potentials.length : 0);
  const limit = spiking ? theta : Infinity;
  const v = new Float32Array(n);
  const i = new Float32Array(n);
  const h = new Float32Array(n);
  for (let state = 0; state < states; state++) {
    if (initialPotential) v.set(initialPotential);
    else v.fill(0);
    i.fill(0);
    for (let t = 0; t < steps; t++) {
      const row = (state * steps + t) * n;
      if (t === 0 || !constant) {
        const from = constant ? state * n : row;
        h.set(input.subarray(from, from + n));
        if (biases) for (let j = 0; j < n; j++) h[j] += biases[j];
      }
      potentials.set(v, row);
      if (keepCurrents) currents.set(i, row);
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
export interface BackwardOptions {
  readonly states: number;
  readonly steps: number;
  readonly spiking: boolean;
  readonly surrogate: SurrogateOptions;
  readonly detachReset: boolean;
  /** dE/d(potential) of output neurons: what comes in at `step` (steps: after the last) of each, [states, neurons]. */
  readonly atPotentials?: { readonly values: ArrayLike<number>; readonly step: ArrayLike<number> };
}

/**
 * Backpropagation through time of one layer (the equations of reference/gradients.ts): turns dE/d(spike) `gradients`
 * [states * steps, neurons] into dE/d(input), in place.
 */
export function differentiateAll(
  { outputs: n, alpha, beta, threshold, reset, resetBy }: Dynamics,
  { potentials, spikes, currents }: LayerTrace,
  gradients: Float32Array,
  { states, steps, spiking, surrogate: shape, detachReset, atPotentials }: BackwardOptions,
): void {
  const slope = slopeOf(shape);
  const gv = new Float32Array(n);
  const gi = new Float32Array(n);
  for (let state = 0; state < states; state++) {
    const read = (t: number): void => {
      if (!atPotentials) return;
      for (let j = 0, k = state * n; j < n; j++, k++) if (atPotentials.step[k] === t) gv[j] += atPotentials.values[k];
    };
    gv.fill(0);
    gi.fill(0);
    read(steps);
    for (let t = steps - 1; t >= 0; t--) {
      const row = (state * steps + t) * n;
      for (let j = 0, k = row; j < n; j++, k++) {
        const later = gv[j];
        const spiked = spiking && spikes[k] === 1;
        const through = spiked && reset === "zero" ? 0 : later;
        let gs = gradients[k];
        gradients[k] = gi[j];
        gv[j] = beta * through;
        if (spiking) {
          if (!detachReset) gs -= later * (reset === "zero" ? beta * potentials[k] + currents[k] : resetBy);
          gv[j] += slope(potentials[k] - threshold) * gs;
        }
        gi[j] = through + alpha * gi[j];
      }
      read(t);
    }
  }
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
