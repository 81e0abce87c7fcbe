import { UsageError } from "../errors.ts";
import { listed, type Module } from "./modules.ts";

/** What stands behind a module, and what says so. */
export interface Rectified {
  readonly relu: boolean;
  /** names: the numbers in a Sequential leave place for it, or none. default: nothing says. */
  readonly by: "names" | "default";
}

/** Activations of which networks here have none: such a module in a file contradicts that they are ReLUs. */
const OTHERS =
  /^(tanh|sigmoid|log_?sigmoid|elu|selu|celu|gelu|silu|swish|mish|leaky_?relu|prelu|rrelu|softplus|softsign|hardtanh|hardswish|relu6|glu)\d*$/i;

/** ACTIVATION_UNSUPPORTED for modules whose names are those of activations other than ReLU. */
export function refuseOtherActivations(names: readonly string[], source: string): void {
  const found = names.find((name) => name.split(".").some((part) => OTHERS.test(part)));
  if (found !== undefined) throw unsupportedActivation(source, `it has a module "${found}"`);
}

/** Networks here have ReLUs, and spiking ones are made of those. */
export function unsupportedActivation(source: string, evidence: string): UsageError {
  return new UsageError("ACTIVATION_UNSUPPORTED", `${source}: ${evidence}, and hidden layers here are ReLUs.`, {
    hint: "Train it with ReLUs. If its hidden layers are ReLUs after all, say so: --activation relu.",
    facts: { source },
  });
}

/** The names of all modules that a state_dict tells of, those without tensors too. */
type Tree = readonly string[] | undefined;

/**
 * Whether a ReLU stands behind each module but the last. In a Sequential the numbers tell: 0, 2 have something between them, 2, 3 nothing.
 * Elsewhere ReLUs stand behind all, of a layer before a batch normalisation behind the latter.
 * @throws UsageError ACTIVATIONS_UNKNOWN where a Sequential ends without one and another module follows.
 */
export function rectifiedOf(modules: readonly Module[], tree: Tree, source: string): Rectified[] {
  const places = modules.map(({ name }) => placeOf(name));
  const trailing = (name: string): boolean => idle(modules, tree, placeOf(name), (n, at) => n === at + 1).length > 0;
  const withGaps = new Set(
    places.flatMap(({ parent, at }, k) => {
      const next = places[k + 1];
      const gap = at !== undefined && next?.at !== undefined && next.parent === parent && next.at > at + 1;
      return gap || (at !== undefined && trailing(modules[k].name)) ? [parent] : [];
    }),
  );
  const found: Rectified[] = [];
  for (const [k, module] of modules.slice(0, -1).entries()) {
    const [{ parent, at }, next] = [places[k], places[k + 1]];
    const before = found[k - 1] ?? { relu: false, by: "default" };
    // A layer and the normalisation behind it have one activation between them.
    const done = module.kind === "batch-norm" && before.by === "names" && before.relu;
    const fallback: Rectified = { relu: modules[k + 1].kind !== "batch-norm" && !done, by: done ? "names" : "default" };
    if (at === undefined || !withGaps.has(parent)) {
      found.push(fallback);
      continue;
    }
    const inside = next.parent === parent && next.at !== undefined;
    const relu = inside ? next.at > at + 1 : trailing(module.name) || (next.at ?? 0) > 0;
    if (relu && done) throw unknownActivations(modules, k, "has modules without weights before and behind it", source);
    if (inside || relu || done) found.push({ relu, by: "names" });
    else if (tree === undefined) found.push(fallback);
    else throw unknownActivations(modules, k, "ends a Sequential without an activation behind it", source);
  }
  return found;
}

function unknownActivations(modules: readonly Module[], k: number, why: string, source: string): UsageError {
  const layers = modules.filter(({ kind }) => kind !== "batch-norm").slice(0, -1);
  return new UsageError(
    "ACTIVATIONS_UNKNOWN",
    `${source}: "${modules[k].name}" ${why}, and "${modules[k + 1].name}" follows: where its ReLU stands can't be told.`,
    {
      hint: `Say what stands behind each layer but the last, normalisations aside: --activation ${layers.map(() => "relu").join(",")} (or linear).`,
      facts: { source, module: modules[k].name, next: modules[k + 1].name },
    },
  );
}

/** Modules without tensors behind the last of these, or before the first, in their Sequential. */
export function around(modules: readonly Module[], tree: Tree): { before: string[]; behind: string[] } {
  const [first, last] = [modules[0], modules.at(-1)!].map(({ name }) => placeOf(name));
  return {
    before: idle(modules, tree, first, (n, at) => n < at),
    behind: idle(modules, tree, last, (n, at) => n > at),
  };
}

/** Numbers of a Sequential that are taken to stand for modules without tensors where no tree says so. */
const MOST_BEFORE = 4;

/** In the Sequential of a place, the modules without tensors among those numbers. Without a tree there may be some before, none behind. */
function idle(
  modules: readonly Module[],
  tree: Tree,
  { parent, at }: Place,
  inside: (n: number, at: number) => boolean,
): string[] {
  if (at === undefined) return [];
  const names = tree ?? Array.from({ length: Math.min(at, MOST_BEFORE) }, (_, n) => `${parent}${n}`);
  return names.filter((name) => {
    const place = placeOf(name);
    const weighted = modules.some((module) => module.name === name || module.name.startsWith(`${name}.`));
    return place.parent === parent && place.at !== undefined && inside(place.at, at) && !weighted;
  });
}

interface Place {
  /** With its dot. */
  readonly parent: string;
  /** In a Sequential. */
  readonly at: number | undefined;
}

function placeOf(name: string): Place {
  const cut = name.lastIndexOf(".") + 1;
  const own = name.slice(cut);
  return { parent: name.slice(0, cut), at: /^\d+$/.test(own) ? Number(own) : undefined };
}

/** What a user says of them: one word for all, or one for each module but the last, as a list. ACTIVATION_UNSUPPORTED for others than relu and linear. */
export function givenActivations(given: string, modules: readonly Module[], source: string): Rectified[] {
  const words = given.split(",").map((word) => word.trim().toLowerCase());
  const other = words.find((word) => word !== "relu" && word !== "linear");
  if (other !== undefined) throw unsupportedActivation(source, `its activation is said to be "${other}"`);
  const layers = modules.filter(({ kind }) => kind !== "batch-norm").slice(0, -1);
  if (words.length > 1 && words.length !== layers.length)
    throw new UsageError(
      "BAD_ARGUMENT",
      `${words.length} activations were given, but ${layers.length} layers stand before the last: ${listed(layers.map(({ name }) => name))}.`,
    );
  let at = 0;
  return modules.slice(0, -1).map(({ kind }, k): Rectified => {
    const word = words.length === 1 ? words[0] : words[kind === "batch-norm" ? at - 1 : at];
    if (kind !== "batch-norm") at++;
    return { relu: word === "relu" && modules[k + 1].kind !== "batch-norm", by: "names" };
  });
}
