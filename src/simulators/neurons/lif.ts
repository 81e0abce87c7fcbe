import { type Lif, neuron, type Values, valueOf } from "../../network/neurons/index.ts";
import type { SimulatedNeuron } from "./neuron.ts";

export const simulatedLif: SimulatedNeuron<Lif> = {
  words: "Our potential with this step's input",
  compared({ reset, resetBy }, steps, neurons, after, { state, step, neuron }) {
    const before = after.slice();
    neuron.forEach((j, k) => {
      before[(state[k] * steps + step[k]) * neurons + j] += reset === "subtraction" ? valueOf(resetBy, j) : NaN;
    });
    return before;
  },
  /** Every field, one value or one for each neuron; thresholds now and then below 0, above what is reset to. */
  random({ common, random, leaky, dyadic, fixedReset }) {
    const chance = (p: number): boolean => random.uniform() < p;
    const uniform = (low: number, high: number): number => {
      const x = low + random.uniform() * (high - low);
      return dyadic ? Math.round(x * 8) / 8 : Math.fround(x);
    };
    return (outputs) => {
      const values = (low: number, high: number): Values =>
        chance(0.4) ? Float32Array.from({ length: outputs }, () => uniform(low, high)) : uniform(low, high);
      const threshold = chance(0.5) ? 1 : fixedReset || chance(0.8) ? values(0.5, 1.5) : values(-0.5, 0.25);
      const lowest = typeof threshold === "number" ? threshold : Math.min(...threshold);
      return neuron("lif", {
        beta: leaky ? values(0.25, 0.99) : 1,
        threshold,
        fires: chance(0.5) ? "above" : "at",
        reset: common.reset === "zero" ? "value" : "subtraction",
        resetBy: chance(0.3) ? 1 : chance(0.5) && lowest > 0 ? threshold : values(0.5, 1.5),
        resetTo: fixedReset || (chance(0.5) && lowest > 0) ? 0 : values(lowest - 1, lowest - 0.125),
      });
    };
  },
  otherwiseReset: (own) => ({ ...own, reset: own.reset === "value" ? "subtraction" : "value" }),
  onBoard: () => [
    "is lif, which is not mapped yet: its resets and its threshold have no tested counterpart in IFCurDelta",
    "NEST runs it: --simulator nest.",
  ],
  scripted: () => "is lif",
};
