import { type Lif, neuron, type Values, valueOf } from "../../network/neurons/index.ts";
import { type Cell, type CellOptions, each, type Reason, type SimulatedNeuron } from "./neuron.ts";

export const simulatedLif: SimulatedNeuron<Lif> = {
  words: "Our potential with this step's input",
  compared({ reset, resetBy }, steps, neurons, after, { state, step, neuron }) {
    const before = after.slice();
    if (reset === "delayed-subtraction" || reset === "delayed-lost") return before; // nothing is taken off yet
    neuron.forEach((j, k) => {
      before[(state[k] * steps + step[k]) * neurons + j] += reset === "subtraction" ? valueOf(resetBy, j) : NaN;
    });
    return before;
  },
  /** Every field, one value or one for each neuron; thresholds now and then below 0, above what is reset to. */
  random({ common, random, leaky, dyadic, fixedReset, everyOption }) {
    const chance = (p: number): boolean => random.uniform() < p;
    const uniform = (low: number, high: number): number => {
      const x = low + random.uniform() * (high - low);
      return dyadic ? Math.round(x * 8) / 8 : Math.fround(x);
    };
    return (outputs) => {
      const one = (low: number, high: number): Float32Array =>
        Float32Array.from({ length: outputs }, () => uniform(low, high));
      const values = (low: number, high: number): Values => (chance(0.4) ? one(low, high) : uniform(low, high));
      const threshold = chance(0.5) ? 1 : fixedReset || chance(0.8) ? values(0.5, 1.5) : values(-0.5, 0.25);
      const lowest = typeof threshold === "number" ? threshold : Math.min(...threshold);
      const plain = neuron("lif", {
        beta: leaky ? values(0.25, 0.99) : 1,
        threshold,
        fires: chance(0.5) ? "above" : "at",
        reset: common.reset === "zero" ? "value" : "subtraction",
        resetBy: chance(0.3) ? 1 : chance(0.5) && lowest > 0 ? threshold : values(0.5, 1.5),
        resetTo: fixedReset || (chance(0.5) && lowest > 0) ? 0 : values(lowest - 1, lowest - 0.125),
      });
      return everyOption
        ? { ...plain, ...furtherOptions(plain, { chance, uniform, values, each: one, leaky, fixedReset }) }
        : plain;
    };
  },
  otherwiseReset: (own) => ({ ...own, reset: own.reset === "value" ? "subtraction" : "value" }),
  onBoard: lifOnBoard,
  scripted: () => "is lif",
};

/** Currents, and gains less by what they add up. */
function currents(alpha: Values, gain: number): Pick<Lif, "alpha" | "gain"> {
  return { alpha, gain: typeof alpha === "number" ? gain * (1 - alpha) : alpha.map((a) => gain * (1 - a)) };
}

interface Draw {
  chance(p: number): boolean;
  uniform(low: number, high: number): number;
  values(low: number, high: number): Values;
  each(low: number, high: number): Float32Array;
  readonly leaky: boolean;
  readonly fixedReset: boolean;
}

/**
 * What else NEST expresses. Without leak gains are powers of 2, with which nothing rounds; with a current they undo that it
 * adds up inputs. With leak each neuron rests elsewhere, so that no two outputs tie by rounding where nothing reaches them.
 */
function furtherOptions(p: Lif, { chance, uniform, values, each, leaky, fixedReset }: Draw): Partial<Lif> {
  const smallest = (of: Values): number => (typeof of === "number" ? of : Math.min(...of));
  const late = fixedReset || chance(0.5) ? p.reset : chance(0.5) ? "delayed-subtraction" : "delayed-lost";
  const reset = late === "delayed-lost" && smallest(p.threshold) <= 0.25 ? p.reset : late;
  const current = leaky && chance(0.4) ? (chance(0.5) ? "decay-first" : "input-first") : "none";
  const bounded = current === "none" && reset !== "delayed-subtraction" && chance(0.3);
  const largest = typeof p.resetBy === "number" ? p.resetBy : Math.max(...p.resetBy);
  const least = smallest(p.threshold) - (reset === "subtraction" ? largest : 0);
  return {
    reset,
    current,
    ...(current === "none"
      ? { alpha: 0, gain: chance(0.6) ? 1 : leaky ? values(0.25, 1.5) : chance(0.5) ? 0.5 : 2 }
      : currents(values(0.05, 0.8), uniform(0.5, 1.25))),
    offset: chance(0.6) ? 0 : leaky ? each(-0.25, 0.25) : values(-0.25, 0.25),
    leakTo: chance(0.6) ? 0 : leaky ? each(-0.5, 0.5) : values(-0.5, 0.5),
    lowest: bounded ? Math.min(0, least, smallest(p.threshold)) - uniform(0.125, 1) : -Infinity,
  };
}

const NEST_RUNS = "NEST runs it: --simulator nest.";

/**
 * IFCurDelta integrates, fires at V >= v_thresh and resets in one step, as lif does: v_thresh is the s16.15 from which
 * on ours fires. A reset by subtraction in the next step comes after the leak: beta (v - resetBy / beta).
 */
function lifOnBoard(p: Lif, { hardReset }: CellOptions = {}): Cell | Reason {
  const { beta, reset, resetBy } = p;
  if (p.current !== "none") return ["has synaptic currents, and IFCurDelta has none", NEST_RUNS];
  if (p.maxSpikes !== 1) return ["may spike several times in a step, and IFCurDelta spikes once", NEST_RUNS];
  if (some(p.lowest, (v) => v !== -Infinity)) return ["has a lowest potential, and IFCurDelta has none", NEST_RUNS];
  if (some(p.gain, (v) => v <= 0))
    return ["has a gain that is not above 0", "Multiply its weights by the gain instead."];
  if (reset === "delayed-lost" || reset === "subtraction-late")
    return [`has the reset ${reset}, and IFCurDelta keeps the next input and resets at once`, NEST_RUNS];
  const delayed = reset === "delayed-subtraction";
  const soft = reset !== "value" && !hardReset;
  if (soft && delayed && some(beta, (v) => v === 0)) return ["is reset after a leak by beta = 0", NEST_RUNS];
  const by = each([resetBy, beta], (taken, decay) => (delayed ? taken / decay : taken));
  return {
    beta,
    rest: p.leakTo,
    gain: p.gain,
    offset: p.offset,
    threshold: p.threshold,
    fires: p.fires,
    reset: soft ? { kind: "soft", by } : { kind: "hard", to: reset === "value" ? p.resetTo : 0 },
  };
}

const some = (values: Values, holds: (value: number) => boolean): boolean =>
  typeof values === "number" ? holds(values) : values.some(holds);
