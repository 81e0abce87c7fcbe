import { type LaggedLif, neuron } from "../../network/neurons/index.ts";
import type { SimulatedNeuron } from "./neuron.ts";

export const simulatedLaggedLif: SimulatedNeuron<LaggedLif> = {
  words: "Our potential",
  compared({ initial }, steps, neurons, after) {
    const before = new Float64Array(after.length);
    before.set(after.subarray(0, -neurons), neurons);
    for (let first = 0; first < after.length; first += steps * neurons)
      for (let j = 0; j < neurons; j++) before[first + j] = initial?.[j] ?? 0;
    return before;
  },
  random:
    ({ common }) =>
    () =>
      neuron("lagged-lif", common),
  otherwiseReset: (own) => ({ ...own, reset: own.reset === "zero" ? "subtraction" : "zero" }),
  /** Subtracts after the leak: beta (v - resetBy / beta). Reset to zero loses the next input, which IFCurDelta keeps. */
  onBoard({ alpha, beta, threshold, reset, resetBy }, { hardReset } = {}) {
    if (alpha !== 0)
      return [`has synaptic currents that decay by alpha = ${alpha}, and IFCurDelta has none`, "Train with alpha = 0."];
    const soft = reset === "subtraction" && !hardReset;
    if (soft && beta === 0) return ["is reset by subtraction after a leak by beta = 0", "Use reset zero."];
    const own = { beta, rest: 0, gain: 1, offset: 0, threshold, fires: "nearest" } as const;
    return { ...own, reset: soft ? { kind: "soft", by: resetBy / beta } : { kind: "hard", to: 0 } };
  },
  scripted({ alpha, beta, threshold, initial }) {
    if (alpha !== 0) return `has a synaptic current (alpha = ${alpha})`;
    if (beta !== 1 && initial) return `leaks (beta = ${beta}) and starts elsewhere than at 0`;
    if (beta === 0) return "forgets its potential in every step (beta = 0)";
    return initial?.some((v) => v > threshold) ? "starts above its threshold" : null;
  },
};
