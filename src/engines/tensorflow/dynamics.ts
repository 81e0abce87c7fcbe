import { type LaggedLif, type Lif, type Neuron, valueOf, type Values } from "../../network/neurons/index.ts";
import { surrogate, type SurrogateOptions } from "../../network/surrogate.ts";
import type { Window } from "./windows.ts";

/** What a layer did in the steps of a window; of state b row b * (to - from) + t - from is step t. */
export interface LayerTrace {
  /**
   * [rows, neurons], what is compared with the threshold: the potentials before the step, or those of lif with the
   * step's input.
   */
  readonly potentials: Float32Array;
  /** Likewise, 0 or 1; empty for an output layer that does not spike. */
  readonly spikes: Uint8Array;
  /** [states, neurons], potentials after the last step. */
  readonly final: Float32Array;
  /** Synaptic currents before each step, where they were asked for; else empty. */
  readonly currents: Float32Array;
}

/**
 * Which steps of a layer are kept, and in which its synapses bring something; without `input` the same in every step.
 */
export interface LayerSteps {
  readonly states: number;
  readonly window: Window;
  readonly input?: Window;
}

/**
 * A step of one state's neurons, in place; what it leaves behind goes to `trace` from index `row` on, unless that is
 * below 0.
 */
type Step = (v: Float32Array, i: Float32Array, h: Float32Array, trace: LayerTrace, row: number) => void;

/**
 * The neurons of network/neurons in float32, layer by layer: their input of all steps is known already. `input`: what
 * the synapses bring, [rows of the input's window, neurons], or [states, neurons] in every step; `biases` [neurons]
 * come on top.
 */
export function integrateAll(
  neuron: Neuron,
  biases: Float32Array | null,
  input: Float32Array,
  {
    states,
    neurons: n,
    window: { from, to },
    input: given,
    spiking,
    keepCurrents,
  }: LayerSteps & { neurons: number; spiking: boolean; keepCurrents: boolean },
): LayerTrace {
  const steps = to - from;
  const size = states * steps * n;
  const trace = {
    potentials: new Float32Array(size),
    spikes: new Uint8Array(spiking ? size : 0),
    final: new Float32Array(states * n),
    currents: new Float32Array(keepCurrents ? size : 0),
  };
  const step = neuron.kind === "lif" ? lifStep(neuron, n, spiking) : laggedStep(neuron, spiking);
  const [v, i, h] = [new Float32Array(n), new Float32Array(n), new Float32Array(n)];
  const bias = biases ?? new Float32Array(n);
  for (let state = 0; state < states; state++) {
    if (neuron.initial) v.set(neuron.initial);
    else v.fill(0);
    i.fill(0);
    for (let t = 0; t < to; t++) {
      const brings = rowOf(given, state, t);
      if (brings < 0) h.set(bias);
      else if (given || t === 0) {
        h.set(input.subarray(brings * n, (brings + 1) * n));
        if (biases) for (let j = 0; j < n; j++) h[j] += biases[j];
      }
      const row = t < from ? -1 : (state * steps + t - from) * n;
      if (keepCurrents && row >= 0) trace.currents.set(i, row);
      step(v, i, h, trace, row);
    }
    trace.final.set(v, state * n);
  }
  return trace;
}

/** The row of the input that comes in step t, or -1; without a window the state's own. */
function rowOf(window: Window | undefined, state: number, t: number): number {
  if (!window) return state;
  return t >= window.from && t < window.to ? state * (window.to - window.from) + t - window.from : -1;
}

function laggedStep({ alpha, beta, threshold, reset, resetBy }: LaggedLif, spiking: boolean): Step {
  const { fround } = Math;
  const [a, b, theta, off] = [alpha, beta, threshold, resetBy].map(fround);
  const subtracts = reset === "subtraction";
  const limit = spiking ? theta : Infinity;
  return (v, i, h, { potentials, spikes }, row) => {
    if (row >= 0) potentials.set(v, row);
    for (let j = 0; j < v.length; j++) {
      const before = v[j];
      const next = fround(fround(b * before) + i[j]);
      if (before > limit) {
        spikes[row + j] = 1;
        v[j] = subtracts ? next - off : 0;
      } else v[j] = next;
    }
    if (a === 0) i.set(h);
    else for (let j = 0; j < v.length; j++) i[j] = fround(a * i[j]) + h[j];
  };
}

function lifStep({ beta, threshold, reset, resetBy, resetTo, fires }: Lif, n: number, spiking: boolean): Step {
  const { fround } = Math;
  const [b, theta, off, to] = [beta, threshold, resetBy, resetTo].map((values) => each(values, n));
  const subtracts = reset === "subtraction";
  const at = fires === "at";
  return (v, _i, h, { potentials, spikes }, row) => {
    for (let j = 0; j < n; j++) {
      const m = fround(fround(b[j] * v[j]) + h[j]);
      potentials[row + j] = m;
      if (spiking && (m > theta[j] || (at && m === theta[j]))) {
        spikes[row + j] = 1;
        v[j] = subtracts ? m - off[j] : to[j];
      } else v[j] = m;
    }
  };
}

function each(values: Values, n: number): Float32Array {
  return Float32Array.from({ length: n }, (_, j) => valueOf(values, j));
}

/** What the gradient goes back through. */
export interface BackwardOptions extends LayerSteps {
  readonly spiking: boolean;
  readonly surrogate: SurrogateOptions;
  readonly detachReset: boolean;
  /** dE/d(potential) of output neurons, [states, neurons]: of each after the step `read`. */
  readonly atPotentials?: { readonly values: ArrayLike<number>; readonly read: ArrayLike<number> };
}

/**
 * A step of one state backwards: from gv = dE/dv after it to gv before it and gh, dE/dh. `row`: of the trace, below 0
 * where nothing was kept.
 */
type BackStep = (gv: Float32Array, gi: Float32Array, gh: Float32Array, row: number) => void;

/**
 * Backpropagation through time of one layer (the equations of reference/neuron-gradients.ts), from dE/d(spike)
 * `gradients` [rows, neurons]: dE/d(input), [rows of the input's window, neurons], or summed over the steps where it is
 * the same in all of them, [states, neurons]; and dE/d(bias) [neurons].
 */
export function differentiateAll(
  neuron: Neuron,
  trace: LayerTrace,
  gradients: Float32Array,
  options: BackwardOptions,
): { atInput: Float32Array; atBiases: Float64Array } {
  const { states, window, input, atPotentials } = options;
  const { from, to } = window;
  const n = trace.final.length / states;
  const step =
    neuron.kind === "lif"
      ? lifBackStep(neuron, trace, gradients, options)
      : laggedBackStep(neuron, trace, gradients, options);
  const rows = input ? input.to - input.from : 1;
  const atInput = new Float32Array(states * rows * n);
  const atBiases = new Float64Array(n);
  const [gv, gi, gh] = [new Float32Array(n), new Float32Array(n), new Float32Array(n)];
  const sum = new Float64Array(n);
  for (let state = 0; state < states; state++) {
    gv.fill(0);
    gi.fill(0);
    sum.fill(0);
    for (let t = to - 1; t >= 0; t--) {
      if (atPotentials)
        for (let j = 0, k = state * n; j < n; j++, k++) if (atPotentials.read[k] === t) gv[j] += atPotentials.values[k];
      step(gv, gi, gh, t < from ? -1 : (state * (to - from) + t - from) * n);
      if (input && t >= input.from && t < input.to) atInput.set(gh, (state * rows + t - input.from) * n);
      for (let j = 0; j < n; j++) sum[j] += gh[j];
    }
    if (!input) atInput.set(sum, state * n);
    for (let j = 0; j < n; j++) atBiases[j] += sum[j];
  }
  return { atInput, atBiases };
}

function laggedBackStep(
  { alpha, beta, threshold, reset, resetBy }: LaggedLif,
  { potentials, spikes, currents }: LayerTrace,
  gradients: Float32Array,
  { spiking, surrogate, detachReset }: BackwardOptions,
): BackStep {
  const slope = slopeOf(surrogate);
  return (gv, gi, gh, row) => {
    const compared = spiking && row >= 0;
    gh.set(gi);
    for (let j = 0, k = row; j < gv.length; j++, k++) {
      const later = gv[j];
      const through = compared && reset === "zero" && spikes[k] === 1 ? 0 : later;
      gv[j] = beta * through;
      if (compared) {
        let gs = gradients[k];
        if (!detachReset) gs -= later * (reset === "zero" ? beta * potentials[k] + currents[k] : resetBy);
        gv[j] += slope(potentials[k] - threshold) * gs;
      }
      gi[j] = through + alpha * gi[j];
    }
  };
}

function lifBackStep(
  { beta, threshold, reset, resetBy, resetTo }: Lif,
  { potentials, spikes, final }: LayerTrace,
  gradients: Float32Array,
  { states, spiking, surrogate, detachReset }: BackwardOptions,
): BackStep {
  const [b, theta, off, to] = [beta, threshold, resetBy, resetTo].map((values) => each(values, final.length / states));
  const slope = slopeOf(surrogate);
  const subtracts = reset === "subtraction";
  return (gv, _gi, gh, row) => {
    for (let j = 0, k = row; j < gv.length; j++, k++) {
      const later = gv[j];
      gh[j] = spiking && !subtracts && spikes[k] === 1 ? 0 : later;
      if (spiking) {
        let gs = gradients[k];
        if (!detachReset) gs -= later * (subtracts ? off[j] : potentials[k] - to[j]);
        gh[j] += slope(potentials[k] - theta[j]) * gs;
      }
      gv[j] = b[j] * gh[j];
    }
  };
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
