import { exp } from "../../numeric/elementary.ts";
import { type Lif, neuron, type Values } from "../../network/neurons/index.ts";
import { nirDialect, nirInvalid, nirTimeStep } from "./errors.ts";
import { each, type Numbers, unlike } from "./numbers.ts";
import type { NirDialect, NirOptions } from "./options.ts";

/** A node of neurons: IF, LIF, CubaLIF, and those that integrate and never fire: I, LI, CubaLI. */
export interface NeuronNode {
  readonly name: string;
  readonly type: string;
  readonly parameter: (name: string, absent?: number) => Numbers;
  /** How many neurons. */
  readonly size: number;
}

interface Context {
  readonly node: NeuronNode;
  readonly dt: number;
  readonly options: NirOptions;
  readonly source: string;
}

/** How one framework's file is meant. */
interface Dialect {
  /** Of a step unless --dt says otherwise; none: it has to. */
  readonly dt?: number;
  /** Nodes that its exporter writes; others are not its. */
  readonly types: readonly string[];
  readonly fires: Lif["fires"];
  /** What it does unless told otherwise, and for "zero". */
  readonly reset: (type: string, asked: NirOptions["reset"]) => Lif["reset"];
  readonly maxSpikes: number;
  /** Why that is its reset, for the list of what was assumed. */
  readonly says: string;
  /** beta, gain, leakTo, alpha, current, initial. */
  readonly charge: (context: Context) => Partial<Lif>;
}

const euler = ["IF", "LIF", "CubaLIF", "I", "LI", "CubaLI"];
const plain = (type: string, asked: NirOptions["reset"], own: Lif["reset"]): Lif["reset"] =>
  asked === undefined ? own : asked === "zero" ? "value" : asked;

/**
 * What NIR leaves open, as each framework has it (versions: docs/nir.md). NIR's own equations are continuous; forward Euler with a step of dt makes
 *
 *   LIF      beta = 1 - dt / tau,           gain = r dt / tau
 *   CubaLIF  alpha = 1 - dt / tau_syn, i[t] = alpha i[t-1] + x[t], beta = 1 - dt / tau_mem, gain = (w_in dt / tau_syn) (r dt / tau_mem)
 *   IF       beta = 1,                      gain = r dt
 */
const dialects: Readonly<Record<NirDialect, Dialect>> = {
  nir: {
    types: euler,
    fires: "above",
    reset: (type, asked) => plain(type, asked, "value"),
    maxSpikes: 1,
    says: "forward Euler; a spike where v > v_threshold, then v = v_reset in the same step (NIR's own equations)",
    charge: eulerCharge,
  },
  // export_nir.py: tau = dt / (1 - beta), r = tau / dt, w_in = tau_syn / dt, v_reset = 0 whatever the reset.
  snntorch: {
    dt: 1e-4,
    types: ["LIF", "CubaLIF"],
    fires: "above",
    reset: (type, asked) =>
      asked === "zero" && type === "CubaLIF"
        ? "delayed-lost"
        : plain(type, asked === "subtraction" ? undefined : asked, "delayed-subtraction"),
    maxSpikes: 1,
    says: "a spike where mem > threshold, whose threshold is taken off in the next step (reset_mechanism subtract, snnTorch's default: its files don't say which)",
    charge: (context) => {
      const { alpha, current, beta, gain } = eulerCharge(context);
      expect(context, gain!, 1, "snnTorch's input goes into the potential as it is");
      expect(
        context,
        each([context.node.parameter("v_leak")], (v) => v),
        0,
        "snnTorch has no v_leak",
      );
      expect(
        context,
        each([context.node.parameter("v_reset", 0)], (v) => v),
        0,
        "snnTorch has no v_reset",
      );
      const single = (values: Values): Values => (typeof values === "number" ? Math.fround(values) : values);
      return { beta: single(beta!), gain: 1, ...(current && { alpha: single(alpha!), current }) };
    },
  },
  // export_nir.py: tau = dt / tau_inv, although tau_inv is per second; so what a step takes is dt tau_inv = dt^2 / tau.
  norse: {
    dt: 1e-3,
    types: ["IF", "LIF", "CubaLIF", "LI"],
    fires: "above",
    reset: (type, asked) => plain(type, asked, "value"),
    maxSpikes: 1,
    says: "a spike where v > v_th, then v = v_reset in the same step; tau is dt / tau_inv, so a step leaks dt^2 / tau; v begins at v_leak; v_reset is 0 unless the file has one (Norse's exporter leaves it out: another v_reset is not in the file)",
    charge: norseCharge,
  },
  // to_nir.py: tau = tau dt, r = 1 (decay_input) or tau; IF r = 1 / dt; CubaLIF tau = dt / (1 - decay), r = tau_mem / dt, w_in = tau_syn / dt.
  spikingjelly: {
    dt: 1e-4,
    types: ["IF", "LIF", "CubaLIF"],
    fires: "at",
    reset: (type, asked) => plain(type, asked, "value"),
    maxSpikes: 1,
    says: "a spike where v >= v_threshold, then v = v_reset in the same step (soft resets are never exported); v begins at v_reset",
    charge: spikingJellyCharge,
  },
  // nir.py: tau in steps, r = 1; norm_input and the spike function are not in the file.
  sinabs: {
    dt: 1,
    types: ["IF", "LIF", "LI"],
    fires: "at",
    reset: (type, asked) => plain(type, asked, "subtraction"),
    maxSpikes: Infinity,
    says: "floor(v / threshold) spikes where v >= threshold, each taking the threshold off in the same step (MultiSpike and MembraneSubtract, sinabs' defaults: its files don't say which; --max-spikes 1 is SingleSpike), and no tau_syn or min_v_mem (its exporter leaves them out)",
    charge: (context) => {
      const { node, dt, options } = context;
      expect(
        context,
        each([node.parameter("r")], (r) => r),
        1,
        "sinabs writes r = 1",
      );
      if (node.type === "IF") return { beta: 1 };
      expect(
        context,
        each([node.parameter("v_leak")], (v) => v),
        0,
        "sinabs has no v_leak",
      );
      const decay = (tau: number): number => Math.fround(exp(-dt / tau));
      const tau = positive(context, "tau");
      plausible(context, "tau", tau, (t) => t / dt, "sinabs counts tau in steps");
      const gain = options.normInput === false ? 1 : each([tau], (t) => Math.fround(1 - decay(t)));
      return { beta: each([tau], decay), gain };
    },
  },
};

/** What a node of neurons is in a dialect, and what that takes for granted. */
export function neuronOf(node: NeuronNode, options: NirOptions, source: string): Lif {
  const { name, dialect, dt } = dialectOf(options, source);
  if (!dialect.types.includes(node.type))
    throw nirDialect(source, `${name} writes no ${node.type}`, otherDialect(name), node.name);
  const fires = ["IF", "LIF", "CubaLIF"].includes(node.type);
  const charge = dialect.charge({ node, dt, options, source });
  if (!fires) return neuron("lif", { ...charge, threshold: 1 });
  const threshold = each([node.parameter("v_threshold")], (v) => v);
  const reset = dialect.reset(node.type, options.reset);
  const resetTo = each([node.parameter("v_reset", 0)], (v) => v);
  if (reset !== "value") expect({ node, dt, options, source }, resetTo, 0, `a reset by ${reset} knows no v_reset`);
  return neuron("lif", {
    ...charge,
    threshold,
    fires: dialect.fires,
    reset,
    maxSpikes: options.maxSpikes ?? (reset === "subtraction" ? dialect.maxSpikes : 1),
    ...(reset === "value" ? { resetTo } : { resetBy: threshold }),
  });
}

/** In words: the dialect, its step, what else was asked for. */
export function assumptions(options: NirOptions, source: string): string[] {
  const { name, dialect, dt } = dialectOf(options, source);
  const own = options.dt === undefined ? ", its default" : "";
  const asked = [
    options.reset !== undefined && `reset ${options.reset}, as asked for`,
    options.maxSpikes !== undefined && `at most ${options.maxSpikes} spike(s) a step, as asked for`,
    name === "sinabs" &&
      `inputs of LIF and LI are ${options.normInput === false ? "taken as they are (norm_input false)" : "multiplied by 1 - exp(-dt / tau) (norm_input, sinabs' default)"}`,
  ];
  return [`dialect ${name}: ${dialect.says}`, `dt ${dt}${own}`, ...asked.filter((line) => line !== false)];
}

function dialectOf(options: NirOptions, source: string): { name: NirDialect; dialect: Dialect; dt: number } {
  const names = Object.keys(dialects).join("|");
  if (options.dialect === undefined)
    throw nirDialect(
      source,
      "a .nir file says neither how long a step is, nor whether integrating or firing comes first, nor what a reset takes off",
      `Say who wrote it, --dialect ${names}; "nir" takes NIR's own equations and needs --dt too.`,
    );
  const dialect = dialects[options.dialect];
  const dt = options.dt ?? dialect.dt;
  if (dt === undefined)
    throw nirDialect(
      source,
      "the dialect nir has no time step of its own",
      "Add --dt: seconds per step, e.g. --dt 1e-4.",
    );
  if (!(dt > 0 && Number.isFinite(dt)))
    throw nirTimeStep(source, `a time step of ${dt}`, "--dt takes a number above 0.");
  return { name: options.dialect, dialect, dt };
}

const otherDialect = (name: string): string =>
  `Is the file really ${name}'s? --dialect nir --dt SECONDS takes the equations as NIR has them.`;

function positive({ node, source }: Context, name: string): Numbers {
  const values = node.parameter(name);
  const bad = values.find((value) => !(value > 0));
  if (bad !== undefined) throw nirInvalid(source, `its ${name} is ${bad}: it must be above 0`, node.name);
  return values;
}

/** The exporters divide in float32: a beta of 0 comes back as 1 - 1.00000003. */
const ROUNDING = 1e-6;

/** 1 - lost: what is left of a potential after a step. NIR_DT where that is negative. */
function left({ node, dt, source }: Context, parameter: string, tau: Numbers, lost: (tau: number) => number): Values {
  return each([tau], (t) => {
    const rest = 1 - lost(t);
    if (rest < 0 && rest >= -ROUNDING) return 0;
    if (!(rest >= 0))
      throw nirTimeStep(
        source,
        `with dt ${dt} and ${parameter} ${t} a step would leave ${rest} of it: less than nothing`,
        "Give a smaller --dt, or the dialect of the framework that wrote the file (norse and sinabs have units of their own).",
        node.name,
      );
    return rest;
  });
}

function eulerCharge(context: Context): Partial<Lif> {
  const { node, dt } = context;
  const rate = (tau: number): number => dt / tau;
  if (node.type === "IF" || node.type === "I") return { beta: 1, gain: each([node.parameter("r")], (r) => r * dt) };
  const cuba = node.type.startsWith("Cuba");
  const mem = cuba ? "tau_mem" : "tau";
  const tau = positive(context, mem);
  const beta = left(context, mem, tau, rate);
  const leakTo = each([node.parameter("v_leak")], (v) => v);
  // An infinite tau goes with an infinite r: what is meant is what they make together.
  const scaled = (r: number, t: number): number => (t === Infinity && r === Infinity ? 1 : r * rate(t));
  const gain = each([node.parameter("r"), tau], scaled);
  if (!cuba) return { beta, gain, leakTo };
  const syn = positive(context, "tau_syn");
  return {
    beta,
    leakTo,
    current: "decay-first",
    alpha: left(context, "tau_syn", syn, rate),
    gain: each([node.parameter("w_in", 1), syn, node.parameter("r"), tau], (w, s, r, t) => scaled(w, s) * scaled(r, t)),
  };
}

function norseCharge(context: Context): Partial<Lif> {
  const { node, dt } = context;
  expect(
    context,
    each([node.parameter("r")], (r) => r),
    1,
    "Norse writes r = 1",
  );
  if (node.type === "IF") return { beta: 1 };
  const rate = (tau: number): number => (dt / tau) * dt;
  const mem = node.type === "CubaLIF" ? "tau_mem" : "tau";
  const tau = positive(context, mem);
  // Exporters before 1.1 wrote tau itself: more than a step, and so more than a second here.
  plausible(context, mem, tau, (t) => 1 / rate(t), "Norse 1.1 writes dt / tau_inv (before it tau itself)", 1 / dt);
  const leak = node.parameter("v_leak");
  const initial = leak.some((v) => v !== 0)
    ? Float32Array.from({ length: node.size }, (_, j) => leak[leak.length > 1 ? j : 0])
    : null;
  const single = (lost: number): number => Math.fround(lost);
  const charge = {
    beta: left(context, mem, tau, (t) => single(rate(t))),
    gain: each([tau], (t) => single(rate(t))),
    leakTo: each([leak], (v) => v),
    initial,
  };
  if (node.type !== "CubaLIF") return charge;
  expect(
    context,
    each([node.parameter("w_in", 1)], (w) => w),
    1,
    "Norse has no w_in",
  );
  const alpha = left(context, "tau_syn", positive(context, "tau_syn"), (t) => single(rate(t)));
  return { ...charge, current: "decay-first", alpha };
}

function spikingJellyCharge(context: Context): Partial<Lif> {
  const { node, dt } = context;
  const reset = node.parameter("v_reset", 0);
  const { gain, ...rest } = eulerCharge(context);
  const start = reset.some((v) => v !== 0);
  const initial = start ? Float32Array.from({ length: node.size }, (_, j) => reset[reset.length > 1 ? j : 0]) : null;
  if (node.type !== "LIF") {
    expect(
      context,
      gain!,
      1,
      "SpikingJelly's input goes into its potential as it is, so r dt (or r dt / tau_mem) is 1",
    );
    return { ...rest, gain: 1, initial };
  }
  expect(
    context,
    each([node.parameter("v_leak"), reset], (a, b) => a - b),
    0,
    "SpikingJelly leaks to v_reset, so v_leak is v_reset",
  );
  const r = each([node.parameter("r")], (value) => value);
  if (unlike(r, 1) === undefined) return { ...rest, gain: each([node.parameter("tau")], (tau) => dt / tau), initial };
  expect(context, gain!, 1, "SpikingJelly has r = 1 (decay_input) or r = tau / dt");
  return { ...rest, gain: 1, initial };
}

/** NIR_DIALECT where a time constant would be shorter than a tenth of a step, or longer than so many. */
function plausible(
  { node, options, source }: Context,
  name: string,
  tau: Numbers,
  steps: (tau: number) => number,
  why: string,
  longest = 1e5,
): void {
  const odd = tau.find((value) => !(steps(value) >= 0.1 && steps(value) <= longest));
  if (odd !== undefined)
    throw nirDialect(
      source,
      `${why}, so its ${name} ${odd} would be ${steps(odd)} steps`,
      otherDialect(options.dialect!),
      node.name,
    );
}

/** NIR_DIALECT where the file has another value than the dialect's framework writes. */
function expect({ node, options, source, dt }: Context, values: Values, expected: number, why: string): void {
  const found = unlike(values, expected);
  if (found !== undefined)
    throw nirDialect(
      source,
      `${why}; here it is ${found} instead of ${expected} (dt ${dt})`,
      `Was it written with another --dt? ${otherDialect(options.dialect!)}`,
      node.name,
    );
}
