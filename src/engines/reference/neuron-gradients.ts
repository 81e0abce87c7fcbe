import {
  charged,
  type Fire,
  type LaggedLif,
  type Lif,
  type Neuron,
  resetsLater,
  valueOf,
  type Values,
} from "../../network/neurons/index.ts";
import { surrogate, type SurrogateOptions } from "../../network/surrogate.ts";

/** What the forward pass keeps of one layer and state, step after step. */
export interface Trace {
  /** [steps + 1, neurons]: before the first step, then after each. */
  readonly v: Float64Array;
  readonly i: Float64Array;
  /** [steps, neurons] */
  readonly h: Float64Array;
  readonly s: Float64Array;
  /** [steps, values], what the synapses saw. */
  readonly x: Float64Array;
}

/** A layer of one state on the way back. */
export interface NeuronPass {
  readonly trace: Trace;
  readonly steps: number;
  readonly neurons: number;
  /** [steps, neurons], dE/ds from all that the spikes lead to, but their own reset. */
  readonly gs: Float64Array;
  /**
   * [steps + 1, neurons] as `trace.v`: dE/dv of what is read; receives all of it, first of all that of the initial
   * potentials.
   */
  readonly gv: Float64Array;
  /** False in an output layer that is read by its potentials. */
  readonly spiking: boolean;
  readonly detachReset: boolean;
  readonly surrogate: SurrogateOptions;
  readonly round: (x: number) => number;
  /** As the forward pass had it. */
  readonly fire: Fire;
  /** Of a layer with recurrent weights: takes dE/dh [neurons] of step t, and adds to `gs` of the step before. */
  readonly arrived?: (t: number, gh: Float64Array) => void;
  /** Adds to the gradient of a parameter of neuron j. */
  add(parameter: string, j: number, gradient: number): void;
}

/** dE/dh [steps, neurons] of a layer of any neurons. */
export function neuronGradients(neuron: Neuron, pass: NeuronPass): Float64Array {
  switch (neuron.kind) {
    case "lagged-lif":
      return laggedLifGradients(neuron, pass);
    case "lif":
      return lifGradients(neuron, pass);
  }
}

/**
 * Of lagged-lif, gx = dE/dx, with v[t] and i[t] those after step t:
 *
 *   gu[t]   = gv[t]                              (reset to zero: (1 - s[t]) gv[t])
 *   gs[t]  -= resetBy gv[t]                      (reset to zero: (beta v[t-1] + i[t-1]) gv[t]; neither if detached)
 *   gi[t-1] = gu[t] + alpha gi[t]                gh[t] = gi[t]
 *   gv[t-1] = beta gu[t] + surrogate(v[t-1] - threshold) gs[t]      (+ what decoding gives)
 *
 *   dalpha = sum_t i[t-1] gi[t]       dthreshold = -sum_t surrogate(v[t-1] - threshold) gs[t]
 *   dbeta = sum_t v[t-1] gu[t]        dresetBy = -sum_t s[t] gv[t]
 */
function laggedLifGradients(p: LaggedLif, pass: NeuronPass): Float64Array {
  const { trace, steps, neurons: n, gs, gv, spiking, detachReset, round, add } = pass;
  const { v, i, s } = trace;
  const [alpha, beta, threshold, resetBy] = [p.alpha, p.beta, p.threshold, p.resetBy].map(round);
  const gi = new Float64Array((steps + 1) * n);
  for (let t = steps - 1; t >= 0; t--)
    for (let j = 0; j < n; j++) {
      const k = t * n + j;
      const later = gv[k + n];
      const gu = p.reset === "zero" ? later * (1 - s[k]) : later;
      gi[k] = round(gu + round(alpha * gi[k + n]));
      gv[k] = round(gv[k] + round(beta * gu));
      add("beta", j, gu * v[k]);
      add("alpha", j, gi[k + n] * i[k]);
      if (!spiking) continue;
      if (!detachReset) gs[k] = round(gs[k] - later * (p.reset === "zero" ? beta * v[k] + i[k] : resetBy));
      const through = round(surrogate(pass.surrogate, round(v[k] - threshold)) * gs[k]);
      gv[k] = round(gv[k] + through);
      add("threshold", j, -through);
      if (p.reset === "subtraction") add("resetBy", j, -s[k] * later);
    }
  return gi.subarray(n);
}

/**
 * Of lif, gx = dE/dx, backwards through the equations of `stepLif`; w[t] is v[t] before its lower bound:
 *
 *   gw[t]   = gv[t] where w[t] > lowest, else 0
 *   gs[t]  -= resetBy gw[t]                              (reset to a value: (m[t] - resetTo) gw[t]; none if detached,
 *                                                         nor where the reset comes later)
 *   gm[t]   = gw[t] + surrogate(m[t] - threshold) gs[t]  (reset to a value: (1 - s[t]) gw[t] + ...)
 *   gu[t]   = gm[t]                                      (delayed-lost: (1 - r[t]) gm[t])
 *   gr[t]   = -resetBy gm[t]                             (delayed-lost: -u[t] gm[t]; subtraction-late: + resetBy gw[t];
 *                                                         of resets that come later alone, none if detached)
 *   gi[t]   = gain gu[t] + alpha gi[t+1]                 gh[t] = gi[t]
 *   gi[t]   = gain gu[t] + gh[t+1]                       gh[t] = alpha gi[t]           (input-first)
 *   gv[t-1] = beta gu[t] + surrogate(v[t-1] - threshold) gr[t]      (+ what decoding gives)
 *
 * With recurrent weights gs[t-1] then gets gh[t] R'. Parameters:
 *
 *   dbeta = sum_t (v[t-1] - leakTo) gu[t]    dleakTo = (1 - beta) sum_t gu[t]    dgain = sum_t (i[t] + offset) gu[t]
 *   doffset = gain sum_t gu[t]    dalpha = sum_t i[t-1] gi[t]  (input-first: (i[t-1] + h[t]) gi[t])
 *   dthreshold = -sum_t surrogate(m[t] - threshold) gs[t] + surrogate(v[t-1] - threshold) gr[t]
 *   dresetBy = -sum_t (what is taken off in t, over resetBy) times its gradient    dresetTo = sum_t s[t] gw[t]
 *   dlowest = sum_t gv[t] where w[t] <= lowest
 */
function lifGradients(p: Lif, pass: NeuronPass): Float64Array {
  const { steps, neurons: n, gs, gv, round } = pass;
  const gh = new Float64Array(steps * n);
  /** dE/di of the step after, times what a current keeps. */
  const gi = new Float64Array(n);
  for (let t = steps - 1; t >= 0; t--) {
    for (let j = 0; j < n; j++) {
      const k = t * n + j;
      const own = (values: Values): number => round(valueOf(values, j));
      const was = recalled(p, own, pass, k);
      const gm = fromReset(p, own, pass, was, j, k, gs);
      const gu = fromCharge(p, own, pass, was, j, k, gm);
      const { add } = pass;
      add("beta", j, gu * (was.v - own(p.leakTo)));
      add("leakTo", j, (1 - own(p.beta)) * gu);
      add("gain", j, gu * (was.i + own(p.offset)));
      add("offset", j, own(p.gain) * gu);
      gv[k] = round(gv[k] + round(own(p.beta) * gu));
      gh[k] = fromCurrent(p, own, pass, gi, j, k, round(own(p.gain) * gu));
    }
    pass.arrived?.(t, gh.subarray(t * n, (t + 1) * n));
  }
  return gh;
}

type Own = (values: Values) => number;

/** What the forward pass went through in one step of one neuron. */
interface Recalled {
  /** Before the step. */
  readonly v: number;
  /** With what came in in the step. */
  readonly i: number;
  readonly u: number;
  readonly m: number;
  /** The spike of the step before, where it resets now; else 0. */
  readonly r: number;
}

function recalled(p: Lif, own: Own, { trace, neurons, spiking, round, fire }: NeuronPass, k: number): Recalled {
  const v = trace.v[k];
  const i = p.current === "none" ? trace.h[k] : trace.i[k + neurons];
  const u = charged(p, own, v, i, round);
  const r = spiking && resetsLater(p) ? fire(round(v - own(p.threshold))) : 0;
  const m = p.reset === "delayed-lost" ? round(u * (1 - r)) : round(u - round(own(p.resetBy) * r));
  return { v, i, u, r, m: r === 0 ? u : m };
}

/** dE/dm, from what came after the firing and from the spike. */
function fromReset(p: Lif, own: Own, pass: NeuronPass, { m, r }: Recalled, j: number, k: number, gs: Float64Array) {
  const { trace, neurons, spiking, detachReset, round, add } = pass;
  const s = trace.s[k];
  const [resetBy, lowest, after] = [own(p.resetBy), own(p.lowest), pass.gv[k + neurons]];
  const left = { "subtraction": m - resetBy * s, "subtraction-late": m - resetBy * (s - r) } as Record<string, number>;
  const w = p.reset === "value" ? m * (1 - s) + own(p.resetTo) * s : (left[p.reset] ?? m);
  const gw = lowest === -Infinity || w > lowest ? after : 0;
  if (gw !== after) add("lowest", j, after);
  const replaces = p.reset === "value";
  const gm = replaces ? round(gw * (1 - s)) : gw;
  if (!spiking) return gm;
  const takes = p.reset === "subtraction" || p.reset === "subtraction-late";
  if (!detachReset && (replaces || takes)) gs[k] = round(gs[k] - gw * (replaces ? m - own(p.resetTo) : resetBy));
  if (replaces) add("resetTo", j, s * gw);
  if (takes) add("resetBy", j, -(s - (p.reset === "subtraction" ? 0 : r)) * gw);
  const through = round(surrogate(pass.surrogate, round(m - own(p.threshold))) * gs[k]);
  add("threshold", j, -through);
  return round(gm + through);
}

/** dE/du, and through the spike of the step before what its late reset gives. */
function fromCharge(p: Lif, own: Own, pass: NeuronPass, { v, u, r }: Recalled, j: number, k: number, gm: number) {
  const { neurons, spiking, detachReset, round, add, gv } = pass;
  if (!spiking || !resetsLater(p)) return gm;
  const lost = p.reset === "delayed-lost";
  if (!lost) add("resetBy", j, -r * gm);
  if (!detachReset) {
    const late = p.reset === "subtraction-late" ? bounded(p, own, pass, k) * gv[k + neurons] : 0;
    const gr = lost ? -u * gm : own(p.resetBy) * (late - gm);
    const through = round(surrogate(pass.surrogate, round(v - own(p.threshold))) * gr);
    gv[k] = round(gv[k] + through);
    add("threshold", j, -through);
  }
  return lost ? round(gm * (1 - r)) : gm;
}

/** 0 where the potential after the step is its lower bound, else 1. */
const bounded = (p: Lif, own: Own, { trace, neurons }: NeuronPass, k: number): number =>
  Number(trace.v[k + neurons] > own(p.lowest));

/** dE/dh, from dE/di of the step itself `g`; `gi` takes what the current hands on to the step before. */
function fromCurrent(
  p: Lif,
  own: Own,
  { trace, round, add }: NeuronPass,
  gi: Float64Array,
  j: number,
  k: number,
  g: number,
) {
  if (p.current === "none") return g;
  const alpha = own(p.alpha);
  const all = round(g + gi[j]);
  gi[j] = round(alpha * all);
  const first = p.current === "input-first";
  add("alpha", j, all * (first ? trace.i[k] + trace.h[k] : trace.i[k]));
  return first ? gi[j] : all;
}
