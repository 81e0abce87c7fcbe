import { UsageError } from "../../errors.ts";

/** A value of Python's as far as neurons are told with: a number, a word, True or False, None. */
export type Told = number | string | boolean | null;

/** A neuron as its framework's users write it: `LIFNode(tau=2.0, v_reset=None)`. */
export interface Constructed {
  /** The class, without its module. */
  readonly kind: string;
  readonly given: Readonly<Record<string, Told>>;
}

/** One "name=value", whose value is a word in quotes, a number, a name or a call: reset_fn=MembraneSubtract(). */
const ARGUMENT = /^\s*(?:(\w+)\s*=\s*)?("[^"]*"|'[^']*'|[\w.+-]+(?:\([^()]*\))?|\?)\s*(?:,|$)/;

/** The class and the arguments that `text` calls it with. `where` names it in errors (NEURONS_INVALID). */
export function constructed(text: string, where: string): Constructed {
  const call = /^\s*(?:[\w]+\.)*(\w+|\?)\s*(?:\((.*)\))?\s*,?\s*$/s.exec(text);
  if (!call) throw wrong(where, text, "it is no class with arguments");
  const [, kind, written = ""] = call;
  // Without a prototype: names are whatever somebody writes.
  const given = Object.create(null) as Record<string, Told>;
  for (let rest = written; rest.trim() !== "";) {
    const found = ARGUMENT.exec(rest);
    if (!found) throw wrong(where, text, `"${rest.trim()}" is no argument`);
    const [whole, name, value] = found;
    if (name === undefined) throw wrong(where, text, `${value} has no name`);
    if (name in given) throw wrong(where, text, `${name} is given twice`);
    given[name] = toldOf(value);
    rest = rest.slice(whole.length);
  }
  return { kind, given };
}

function toldOf(text: string): Told {
  if (/^["']/.test(text)) return text.slice(1, -1);
  if (text === "None") return null;
  if (/^(true|false)$/i.test(text)) return /^true$/i.test(text);
  const number = Number(text);
  // A call without arguments is the class; "torch.tensor(1.0)" is its number.
  if (Number.isNaN(number)) return text.replace(/^(?:torch\.)?(?:as_)?tensor\(([^()]*)\)$/, "$1").replace(/\(\)$/, "");
  return number;
}

function wrong(where: string, text: string, problem: string): UsageError {
  return new UsageError("NEURONS_INVALID", `${where} "${text}": ${problem}.`, {
    hint: 'Write it as in Python, with names: Leaky(beta=0.9, reset_mechanism="zero").',
    facts: { neuron: text },
  });
}
