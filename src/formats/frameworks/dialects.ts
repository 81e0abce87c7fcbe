import { exp } from "../../numeric/elementary.ts";
import type { DescribedNeuron, DescribedValues } from "./described.ts";
import type { Told } from "./constructor.ts";

/** The frameworks whose state_dicts can be taken. */
export const frameworks = ["snntorch", "spikingjelly", "norse", "sinabs"] as const;
export type Framework = (typeof frameworks)[number];

/** A parameter of a neuron's class. */
export interface Parameter {
  /** Where neither file nor user says; undefined: it has to be said. */
  readonly default?: Told;
  /** Its tensor in a state_dict. */
  readonly tensor?: string;
  /** What the tensor's number stands for. */
  readonly words?: readonly string[];
  /** The only value that is known here. */
  readonly only?: Told;
}

/** Numbers as they are: from a tensor a list, where it has more than one. */
export type Known = Readonly<Record<string, Told | DescribedValues>>;

/** A class of neurons: what it is told, and what it does. */
export interface Dialect {
  readonly parameters: Readonly<Record<string, Parameter>>;
  /** Arguments that change nothing of a run from rest. */
  readonly passed?: readonly string[];
  /** It carries weights from its own spikes of the step before. */
  readonly recurrent?: boolean;
  describe(known: Known): DescribedNeuron;
}

const number = (value: Told | DescribedValues): DescribedValues => value as DescribedValues;
const map = (values: Told | DescribedValues, of: (x: number) => number): DescribedValues =>
  Array.isArray(values) ? values.map(of) : of(values as number);
/** In float32, as the frameworks compute it. */
const single = Math.fround;
const clamped = (x: number): number => Math.min(Math.max(x, 0), 1);
/** torch's. */
const sigmoid = (x: number): number => 1 / (1 + exp(-x));

const snntorchCommon = {
  beta: { tensor: "beta" },
  threshold: { default: 1, tensor: "threshold" },
  reset_mechanism: { default: "subtract", tensor: "reset_mechanism_val", words: ["subtract", "zero", "none"] },
  reset_delay: { default: true },
  graded_spikes_factor: { default: 1, tensor: "graded_spikes_factor", only: 1 },
  inhibition: { default: false, only: false },
  state_quant: { default: false, only: false },
} as const satisfies Record<string, Parameter>;
const snntorchPassed = ["init_hidden", "output", "spike_grad", "surrogate_disable", "learn_beta", "learn_threshold", "learn_alpha", "learn_graded_spikes_factor"]; // prettier-ignore

/** `lost`: the delayed reset to zero takes the next input with it. */
function snntorch(known: Known, lost: boolean): DescribedNeuron {
  const late = known.reset_delay === true;
  const common = { beta: map(known.beta, clamped), threshold: number(known.threshold), fire: ">" as const };
  if (known.reset_mechanism === "none") return { ...common, reset: "none" };
  if (known.reset_mechanism === "subtract") return { ...common, reset: late ? "delayed-sub" : "snntorch-nodelay-sub" };
  return { ...common, reset: late ? (lost ? "delayed-zero-lost" : "delayed-zero") : "zero" };
}

const spikingjellyCommon = {
  v_threshold: { default: 1 },
  v_reset: { default: 0 },
} as const satisfies Record<string, Parameter>;
const spikingjellyPassed = ["surrogate_function", "detach_reset", "step_mode", "backend", "store_v_seq"];

/** v + (x - (v - v_reset)) rate, or without decay_input v - (v - v_reset) rate + x. */
function spikingjelly(
  { v_threshold: threshold, v_reset: reset }: Known,
  rate: number,
  decays: boolean,
): DescribedNeuron {
  const own = { beta: 1 - rate, threshold: number(threshold), fire: ">=" as const, ...(decays && { gain: rate }) };
  if (reset === null) return { ...own, reset: "sub" };
  return { ...own, ...(rate > 0 && { leak: number(reset) }), v0: number(reset), vReset: number(reset), reset: "zero" };
}

const norseCommon = {
  dt: { default: 0.001 },
  tau_mem_inv: { default: 100 },
  v_leak: { default: 0 },
  v_th: { default: 1 },
  v_reset: { default: 0 },
} as const satisfies Record<string, Parameter>;
const norsePassed = ["method", "alpha"];
const euler = (known: Known, rate: string): number =>
  single(single(known.dt as number) * single(known[rate] as number));

function norse(known: Known): Omit<DescribedNeuron, "reset"> {
  const rate = euler(known, "tau_mem_inv");
  const [leak, threshold] = [number(known.v_leak), number(known.v_th)];
  return { beta: 1 - rate, gain: rate, leak, v0: leak, threshold, fire: ">" };
}

const norseLif: Dialect = {
  parameters: { ...norseCommon, tau_syn_inv: { default: 200 } },
  passed: norsePassed,
  describe: (known) => ({
    ...norse(known),
    alpha: 1 - euler(known, "tau_syn_inv"),
    reset: "zero",
    vReset: number(known.v_reset),
  }),
};
const norseIaf: Dialect = {
  parameters: { v_th: norseCommon.v_th, v_reset: norseCommon.v_reset },
  passed: [...norsePassed, "dt"],
  describe: ({ v_th: threshold, v_reset: reset }) => ({
    ...{ beta: 1, threshold: number(threshold), fire: ">", v0: number(reset), vReset: number(reset), reset: "zero" },
  }),
};

const sinabsCommon = {
  spike_threshold: { default: 1, tensor: "spike_threshold" },
  spike_fn: { default: "MultiSpike" },
  reset_fn: { default: "MembraneSubtract" },
  min_v_mem: { default: null, tensor: "min_v_mem" },
} as const satisfies Record<string, Parameter>;
const sinabsPassed = ["surrogate_grad_fn", "shape", "record_states", "train_alphas", "batch_size", "num_timesteps"];

function sinabs(known: Known): Omit<DescribedNeuron, "beta"> {
  const words = known as Readonly<Record<string, string>>;
  const several = /^MaxSpike\((?:max_num_spikes_per_bin=)?(\d+)\)$/.exec(words.spike_fn);
  const spikes = words.spike_fn === "SingleSpike" ? { fire: ">=" as const } : { fire: "floor" as const };
  const off = /^MembraneSubtract\((?:subtract_value=)?([\d.e+-]+)\)$/.exec(words.reset_fn);
  return {
    threshold: number(known.spike_threshold),
    ...(known.min_v_mem !== null && { vMin: number(known.min_v_mem) }),
    ...spikes,
    ...(several && { maxSpikes: Number(several[1]) }),
    ...(words.reset_fn === "MembraneReset"
      ? { reset: "zero" }
      : { reset: "sub", ...(off && { resetBy: Number(off[1]) }) }),
  };
}

const decay = (tau: Told | DescribedValues): DescribedValues => map(tau, (x) => single(exp(-1 / x)));

const sinabsIaf: Dialect = {
  parameters: { ...sinabsCommon, tau_syn: { default: null, tensor: "tau_syn" } },
  passed: sinabsPassed,
  describe: (known) => ({ beta: 1, ...sinabs(known), ...currentOf(known) }),
};
const sinabsLif: Dialect = {
  parameters: {
    ...sinabsCommon,
    tau_mem: { default: null, tensor: "tau_mem" },
    alpha_mem: { default: null, tensor: "alpha_mem" },
    tau_syn: { default: null, tensor: "tau_syn" },
    alpha_syn: { default: null, tensor: "alpha_syn" },
    norm_input: { default: true },
  },
  passed: sinabsPassed,
  describe(known) {
    const beta = known.alpha_mem === null ? decay(known.tau_mem) : number(known.alpha_mem);
    const gain = known.norm_input === true && { gain: map(beta, (b) => single(1 - b)) };
    return { beta, ...sinabs(known), ...gain, ...currentOf(known) };
  },
};

function currentOf({ tau_syn: tau, alpha_syn: alpha = null }: Known): Partial<DescribedNeuron> {
  if (tau === null && alpha === null) return {};
  return { alpha: alpha === null ? decay(tau) : number(alpha), alphaFirst: true };
}

/** Every class that is known, by framework. */
export const dialects: Readonly<Record<Framework, Readonly<Record<string, Dialect>>>> = {
  snntorch: {
    Leaky: { parameters: snntorchCommon, passed: snntorchPassed, describe: (known) => snntorch(known, false) },
    Synaptic: {
      parameters: { alpha: { tensor: "alpha" }, ...snntorchCommon },
      passed: snntorchPassed,
      describe: (known) => ({ ...snntorch(known, true), alpha: map(known.alpha, clamped) }),
    },
    RLeaky: {
      parameters: snntorchCommon,
      passed: [...snntorchPassed, "linear_features", "all_to_all", "learn_recurrent", "V"],
      recurrent: true,
      describe: (known) => snntorch(known, true),
    },
  },
  spikingjelly: {
    IFNode: {
      parameters: spikingjellyCommon,
      passed: spikingjellyPassed,
      describe: (known) => spikingjelly(known, 0, false),
    },
    LIFNode: {
      parameters: { tau: { default: 2 }, decay_input: { default: true }, ...spikingjellyCommon },
      passed: spikingjellyPassed,
      describe: (known) => spikingjelly(known, 1 / (known.tau as number), known.decay_input === true),
    },
    ParametricLIFNode: {
      parameters: { w: { tensor: "w" }, decay_input: { default: true }, ...spikingjellyCommon },
      passed: [...spikingjellyPassed, "init_tau"],
      describe: (known) => spikingjelly(known, sigmoid(known.w as number), known.decay_input === true),
    },
  },
  norse: {
    LIFBoxCell: {
      parameters: { ...norseCommon, reset_method: { default: "reset_value" } },
      passed: norsePassed,
      describe: (known) => ({
        ...norse(known),
        ...(known.reset_method === "reset_subtract"
          ? { reset: "sub" as const }
          : { reset: "zero" as const, vReset: number(known.v_reset) }),
      }),
    },
    LIFCell: norseLif,
    LIF: norseLif,
    IAFCell: norseIaf,
    IAF: norseIaf,
  },
  sinabs: { IAF: sinabsIaf, IAFSqueeze: sinabsIaf, LIF: sinabsLif, LIFSqueeze: sinabsLif },
};

/** The words that a parameter may be told by, where there are few. */
export const choices: Readonly<Record<string, RegExp>> = {
  reset_mechanism: /^(subtract|zero|none)$/,
  reset_method: /^(reset_value|reset_subtract)$/,
  spike_fn: /^(SingleSpike|MultiSpike|MaxSpike\((max_num_spikes_per_bin=)?\d+\))$/,
  reset_fn: /^(MembraneSubtract(\((subtract_value=)?[\d.e+-]+\))?|MembraneReset)$/,
};

/** Tensors of neurons by the end of their names, and the frameworks that have them. What a state remembers is none of its parameters. */
export const neuronTensors: Readonly<Record<string, readonly Framework[]>> = {
  "beta": ["snntorch"],
  "alpha": ["snntorch"],
  "threshold": ["snntorch"],
  "graded_spikes_factor": ["snntorch"],
  "reset_mechanism_val": ["snntorch"],
  "V": ["snntorch"],
  "recurrent.weight": ["snntorch"],
  "recurrent.bias": ["snntorch"],
  "recurrent.V": ["snntorch"],
  "w": ["spikingjelly"],
  "spike_threshold": ["sinabs"],
  "tau_mem": ["sinabs"],
  "tau_syn": ["sinabs"],
  "alpha_mem": ["sinabs"],
  "alpha_syn": ["sinabs"],
  "min_v_mem": ["sinabs"],
  "v_mem": ["sinabs"],
  "i_syn": ["sinabs"],
};
export const remembered: readonly string[] = ["v_mem", "i_syn", "mem", "syn", "spk"];
