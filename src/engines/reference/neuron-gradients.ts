import { type LaggedLif, type Lif, type Neuron, valueOf, type Values } from "../../network/neurons/index.ts";
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
 * Of lif, gx = dE/dx, with m[t] = beta v[t-1] + h[t]:
 *
 *   gs[t]  -= resetBy gv[t]                              (reset to a value: (m[t] - resetTo) gv[t]; none if detached)
 *   gm[t]   = gv[t] + surrogate(m[t] - threshold) gs[t]  (reset to a value: (1 - s[t]) gv[t] + ...)
 *   gh[t]   = gm[t]
 *   gv[t-1] = beta gm[t]                                 (+ what decoding gives)
 *
 *   dbeta = sum_t v[t-1] gm[t]        dthreshold = -sum_t surrogate(m[t] - threshold) gs[t]
 *   dresetBy = -sum_t s[t] gv[t]      dresetTo = sum_t s[t] gv[t]
 */
function lifGradients(p: Lif, pass: NeuronPass): Float64Array {
  const { trace, steps, neurons: n, gs, gv, spiking, detachReset, round, add } = pass;
  const { v, h, s } = trace;
  const subtracts = p.reset === "subtraction";
  const own = (values: Values, j: number): number => round(valueOf(values, j));
  const gm = new Float64Array(steps * n);
  for (let t = steps - 1; t >= 0; t--)
    for (let j = 0; j < n; j++) {
      const k = t * n + j;
      const [beta, threshold, resetBy, resetTo] = [p.beta, p.threshold, p.resetBy, p.resetTo].map((of) => own(of, j));
      const m = round(round(beta * v[k]) + h[k]);
      const after = gv[k + n];
      gm[k] = subtracts ? after : round(after * (1 - s[k]));
      if (spiking) {
        if (!detachReset) gs[k] = round(gs[k] - after * (subtracts ? resetBy : m - resetTo));
        const through = round(surrogate(pass.surrogate, round(m - threshold)) * gs[k]);
        gm[k] = round(gm[k] + through);
        add("threshold", j, -through);
        if (subtracts) add("resetBy", j, -s[k] * after);
        else add("resetTo", j, s[k] * after);
      }
      add("beta", j, gm[k] * v[k]);
      gv[k] = round(gv[k] + round(beta * gm[k]));
    }
  return gm;
}
