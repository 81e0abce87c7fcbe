import { nearest, UsageError } from "../../errors.ts";
import type { DescribedNeuron, DescribedValues } from "./described.ts";
import { type Constructed, type Told } from "./constructor.ts";
import { choices, type Dialect, dialects, type Framework, type Known, type Parameter } from "./dialects.ts";
import type { NeuronTensors } from "./pairing.ts";

/** What is said of one layer's neurons, and by whom. */
export interface Said {
  readonly framework: Framework;
  /** The class and its arguments as the user has them; undefined: nothing was said. */
  readonly told?: Constructed;
  /** What the file holds of them; undefined: nothing. */
  readonly tensors?: NeuronTensors;
  /** For messages: the layer's name. */
  readonly layer: string;
}

/** A neuron, its class, and what was taken for granted of it. */
export interface Settled {
  readonly kind: string;
  readonly neuron: DescribedNeuron;
  readonly assumed: readonly string[];
}

/** The neuron that is meant. NEURONS_MISSING says what is not known of it, NEURONS_INVALID what contradicts itself. */
export function settle(said: Said, source: string): Settled {
  const { framework, told, tensors, layer } = said;
  const kind = kindOf(said, source);
  const dialect = dialects[framework][kind];
  refuseUnknown(dialect, kind, said, source);
  const known: Record<string, Known[string]> = {};
  const assumed: string[] = [];
  for (const [name, parameter] of Object.entries(dialect.parameters)) {
    const stored = parameter.tensor === undefined ? undefined : tensors?.values[parameter.tensor];
    const inFile = stored === undefined ? undefined : worded(parameter, stored, said, source);
    const given = told?.given[name];
    if (given === "?") throw missing(said, `${name} is left open`, source);
    if (inFile !== undefined && given !== undefined && !same(inFile, given))
      throw wrong(said, `${name} is ${shown(given)} here, and ${shown(inFile)} in the file`, source);
    const value = inFile ?? (given === undefined ? parameter.default : given);
    if (value === undefined) throw missing(said, `neither the file nor you say its ${name}`, source);
    check(name, parameter, value, said, source);
    const optional = parameter.tensor !== undefined && value === null;
    if (inFile === undefined && given === undefined && !optional) assumed.push(`${name} ${shown(value)}`);
    known[name] = value;
  }
  refuseOverflow(known, said, source);
  if (framework === "sinabs" && "tau_mem" in known && known.tau_mem === null && known.alpha_mem === null)
    throw missing(said, "neither the file nor you say its tau_mem", source);
  const inferred = told === undefined ? [`${layer}: ${kind} (by its tensors)`] : [];
  const defaults = assumed.length > 0 ? [`${layer}: ${kind} with ${framework}'s defaults ${assumed.join(", ")}`] : [];
  return { kind, neuron: dialect.describe(known), assumed: [...inferred, ...defaults] };
}

/** What the user says; else the one class that has these tensors. */
function kindOf(said: Said, source: string): string {
  const { framework, told, tensors } = said;
  const classes = dialects[framework];
  if (told && told.kind !== "?") {
    if (Object.hasOwn(classes, told.kind)) return told.kind;
    const meant = nearest(told.kind, Object.keys(classes));
    throw wrong(
      said,
      `${framework} has no neuron "${told.kind}" that is known here`,
      source,
      `${meant ? `Did you mean ${meant}? ` : ""}Known are ${Object.keys(classes).join(", ")}.`,
    );
  }
  const inferred = tensors && inferredKind(framework, Object.keys(tensors.values));
  if (inferred) return inferred;
  throw missing(
    said,
    tensors
      ? `its tensors (${Object.keys(tensors.values).join(", ")}) do not tell which neuron it is`
      : "the file holds nothing of its neurons",
    source,
  );
}

/** The one class that has these tensors; undefined where there are several, or it can't be told. */
export function inferredKind(framework: Framework, names: readonly string[]): string | undefined {
  const has = (name: string): boolean => names.includes(name);
  if (framework === "snntorch") {
    // alpha may be Synaptic's or Alpha's.
    if (has("alpha") || !has("beta")) return undefined;
    return names.some((name) => name === "V" || name.startsWith("recurrent.")) ? "RLeaky" : "Leaky";
  }
  if (framework === "spikingjelly") return has("w") ? "ParametricLIFNode" : undefined;
  if (framework === "sinabs")
    return has("tau_mem") || has("alpha_mem") ? "LIF" : has("spike_threshold") ? "IAF" : undefined;
  return undefined;
}

function refuseUnknown(
  { parameters, passed = [], recurrent }: Dialect,
  kind: string,
  said: Said,
  source: string,
): void {
  const names = Object.keys(parameters);
  for (const name of Object.keys(said.told?.given ?? {})) {
    if (names.includes(name) || passed.includes(name)) continue;
    const meant = nearest(name, names);
    throw wrong(
      said,
      `${kind} has no ${name} that is known here`,
      source,
      `${meant ? `Did you mean ${meant}? ` : ""}Known are ${names.join(", ")}.`,
    );
  }
  const own = Object.values(parameters).flatMap(({ tensor }) => tensor ?? []);
  const stranger = Object.keys(said.tensors?.values ?? {}).find(
    (name) => !own.includes(name) && !(recurrent && (name === "V" || name.startsWith("recurrent."))),
  );
  if (stranger !== undefined) throw wrong(said, `${kind} has no tensor "${stranger}", which the file holds`, source);
  // snnTorch writes all of a neuron's decays or, before 0.5, none.
  const stored = said.tensors?.values ?? {};
  if (said.framework === "snntorch" && "beta" in stored && own.includes("alpha") && !("alpha" in stored))
    throw wrong(said, `${kind} has a tensor "alpha", which the file does not hold beside "beta"`, source);
  if (
    recurrent &&
    !Object.keys(said.tensors?.values ?? {}).some((name) => name === "V" || name.startsWith("recurrent."))
  )
    throw wrong(said, `${kind} has recurrent weights, which the file does not hold`, source);
}

/** Of Norse: in a step at most all that is there leaks. */
function refuseOverflow(known: Readonly<Record<string, Known[string]>>, said: Said, source: string): void {
  for (const rate of ["tau_mem_inv", "tau_syn_inv"])
    if ((known.dt as number) * (known[rate] as number) > 1 + 1e-6)
      throw wrong(
        said,
        `dt ${shown(known.dt)} times ${rate} ${shown(known[rate])} is more than 1, and a step would leave less than nothing`,
        source,
        "dt is in seconds, 0.001 by default, and tau_mem_inv and tau_syn_inv per second.",
      );
}

/** A number that stands for a word, as the word. */
function worded({ words }: Parameter, stored: DescribedValues, said: Said, source: string): Known[string] {
  if (!words) return stored;
  const word = typeof stored === "number" ? words[stored] : undefined;
  if (word === undefined)
    throw wrong(said, `its number ${shown(stored)} stands for none of ${words.join(", ")}`, source);
  return word;
}

function check(
  name: string,
  { only, default: usual }: Parameter,
  value: Known[string],
  said: Said,
  source: string,
): void {
  const fail = (problem: string): never => {
    throw wrong(said, `${name} ${shown(value)}: ${problem}`, source);
  };
  const wanted = choices[name];
  if (wanted) return void (typeof value === "string" && wanted.test(value) ? undefined : fail("it is not known here"));
  const numbers = Array.isArray(value) ? value : [value];
  if (only !== undefined)
    return void (numbers.every((one) => one === only) ? undefined : fail(`only ${shown(only)} is known here`));
  if (typeof usual === "boolean")
    return void (typeof value === "boolean" ? undefined : fail("True or False is needed"));
  const optional = usual === null || name === "v_reset";
  if (value === null && optional) return;
  if (!numbers.every((one) => typeof one === "number" && Number.isFinite(one))) fail("a number is needed");
  if (/^(tau|tau_mem|tau_syn|dt)$|_inv$/.test(name) && !numbers.every((one) => (one as number) > 0))
    fail("it must be above 0");
  if (name === "tau" && !numbers.every((one) => (one as number) >= 1))
    fail("below 1 the potential's decay, 1 - 1 / tau, is negative");
}

function same(a: Known[string], b: Told): boolean {
  if (typeof b !== "number") return a === b;
  return (Array.isArray(a) ? a : [a]).every((one) => one === b || one === Math.fround(b));
}

function shown(value: Known[string] | undefined): string {
  if (Array.isArray(value))
    return value.length > 4 ? `[${value.slice(0, 3).join(", ")}, ...]` : `[${value.join(", ")}]`;
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  return String(value);
}

function missing({ framework, layer }: Said, problem: string, source: string): UsageError {
  const example = Object.keys(dialects[framework])[0];
  return new UsageError("NEURONS_MISSING", `${source}: of the neurons behind "${layer}" ${problem}.`, {
    hint: `Say it as your code does: --neuron "${EXAMPLES[framework] ?? example}", or layer by layer in --neurons FILE.json; dsqn import --explain prints a template.`,
    facts: { source, layer, framework, classes: Object.keys(dialects[framework]) },
  });
}

const EXAMPLES: Readonly<Record<Framework, string>> = {
  snntorch: "Leaky(beta=0.9)",
  spikingjelly: "LIFNode(tau=2.0, v_reset=None)",
  norse: "LIFBoxCell(tau_mem_inv=100, dt=0.001)",
  sinabs: "IAF(spike_fn=SingleSpike)",
};

function wrong({ layer, framework }: Said, problem: string, source: string, hint?: string): UsageError {
  return new UsageError("NEURONS_INVALID", `${source}: of the neurons behind "${layer}": ${problem}.`, {
    hint: hint ?? "Are these the neurons that were trained? docs/frameworks.md has what is known of each.",
    facts: { source, layer, framework },
  });
}
