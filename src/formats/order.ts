import { UsageError } from "../errors.ts";
import { listed, type Module, sizesOf } from "./modules.ts";

/** The modules as they follow one another, and what decided it. */
export interface Ordered {
  readonly modules: readonly Module[];
  /**
   * shapes: no other order fits. numbers: the numbers in the names, of several orders that fit. file: likewise that of the file, which is
   * the one in which they were defined.
   */
  readonly by: "shapes" | "numbers" | "file";
}

/** Steps of the search: shapes that leave very many orders are taken to leave several. */
const MOST_STEPS = 20_000;
const MOST_MODULES = 64;

/**
 * Modules in the order of the forward pass; undefined where their shapes form no chain.
 * @param ordered the file has an order
 * @param inputsFirst dense weights are [inputs, outputs]
 * @throws UsageError ORDER_UNKNOWN where shapes leave several orders and nothing else says which.
 */
export function inOrder(
  modules: readonly Module[],
  ordered: boolean,
  source: string,
  inputsFirst = false,
): Ordered | undefined {
  const fits = links(modules, inputsFirst);
  const chains = (order: readonly number[]): boolean =>
    starts(modules, order[0]) && order.every((k, at) => at === 0 || fits(order[at - 1], k, order.slice(0, at)));
  const own = modules.map((_, k) => k);
  const free = search(modules, fits, () => true);
  if (free.length === 0 && modules.length <= MOST_MODULES && !chains(own)) return undefined;
  const of = (order: readonly number[], by: Ordered["by"]): Ordered => ({ modules: order.map((k) => modules[k]), by });
  if (free.length === 1) return of(free[0], "shapes");
  const keys = modules.map(({ name }) => keyOf(name));
  if (ordered && chains(own)) {
    if (own.every((k) => rises(keys, own.slice(0, k), k))) return of(own, "file");
  } else {
    const numbered = byNumbers(modules, keys);
    if (numbered && chains(numbered)) return of(numbered, "numbers");
    const families = search(modules, fits, (taken, k) => rises(keys, taken, k));
    if (families.length === 1) return of(families[0], "numbers");
  }
  throw new UsageError(
    "ORDER_UNKNOWN",
    `${source}: its layers (${listed(modules.map(({ name }) => name))}) fit together in more than one order.`,
    {
      hint: `Name them in the order of the forward pass: --layers ${modules.map(({ name }) => name).join(",")} (or another order of these).`,
      facts: { source, layers: modules.map(({ name }) => name) },
    },
  );
}

/** Whether modules chain in the order of their numbers. */
export function chainsByNumbers(modules: readonly Module[], inputsFirst: boolean): boolean {
  const order = byNumbers(
    modules,
    modules.map(({ name }) => keyOf(name)),
  );
  const fits = links(modules, inputsFirst);
  return order !== undefined && order.every((k, at) => at === 0 || fits(order[at - 1], k, order.slice(0, at)));
}

type Fits = (before: number, next: number, taken: readonly number[]) => boolean;

/** A network of convolutions begins with one, or a normalisation. */
function starts(modules: readonly Module[], first: number): boolean {
  return modules[first].kind !== "dense" || !modules.some(({ kind }) => kind === "convolution");
}

/** Whether one module may follow another, after those taken: by sizes, and no convolution behind a dense layer. */
function links(modules: readonly Module[], inputsFirst: boolean): Fits {
  const sizes = modules.map((module) => sizesOf(module, inputsFirst));
  return (before, next, taken) => {
    const [out, into] = [sizes[before].outputs, sizes[next].inputs];
    const image =
      modules[before].kind !== "dense" &&
      taken.some((k) => modules[k].kind === "convolution") &&
      !taken.some((k) => modules[k].kind === "dense");
    if (modules[next].kind === "convolution") return out === into && !taken.some((k) => modules[k].kind === "dense");
    // A list of an image's values has as many for each channel as it has places.
    return out === into || (image && into % out === 0);
  };
}

/** Up to two of the orders in which all modules form a chain. A normalisation is not the last where it can stand before. */
function search(
  modules: readonly Module[],
  fits: Fits,
  may: (taken: readonly number[], next: number) => boolean,
): number[][] {
  const found: number[][] = [];
  if (modules.length > MOST_MODULES) return found;
  let steps = 0;
  const visit = (taken: number[], last: (k: number) => boolean): void => {
    if (taken.length === modules.length) return void found.push(taken.slice());
    for (let k = 0; k < modules.length && found.length < 2 && ++steps < MOST_STEPS; k++) {
      if (taken.includes(k) || (taken.length === modules.length - 1 && !last(k)) || !may(taken, k)) continue;
      if (taken.length === 0 ? !starts(modules, k) : !fits(taken.at(-1)!, k, taken)) continue;
      taken.push(k);
      visit(taken, last);
      taken.pop();
    }
  };
  visit([], (k) => modules[k].kind !== "batch-norm");
  if (found.length === 0 && steps < MOST_STEPS) visit([], () => true);
  // The search was given up: there may be others.
  if (steps >= MOST_STEPS && found.length === 1) found.push(found[0]);
  return found;
}

interface Key {
  /** The name with its numbers left out: modules of a family differ in them alone. */
  readonly family: string;
  readonly numbers: readonly number[];
  /** What the first number stands in: "layers." of layers.0.linear, nothing of fc1. */
  readonly parent: string;
}

function keyOf(name: string): Key {
  const numbers = (name.match(/\d+/g) ?? []).map(Number);
  const stem = name.slice(0, name.search(/\d|$/));
  return { family: name.replace(/\d+/g, "#"), numbers, parent: stem.slice(0, stem.lastIndexOf(".") + 1) };
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, k) => value !== b[k]);
  return at < 0 ? a.length - b.length : a[at] - (b[at] ?? -1);
}

/** Whether a module's numbers come behind those of its family that were taken before. */
function rises(keys: readonly Key[], taken: readonly number[], next: number): boolean {
  return taken.every((k) => keys[k].family !== keys[next].family || compare(keys[k].numbers, keys[next].numbers) <= 0);
}

const ranks = { "convolution": 0, "dense": 0, "batch-norm": 1 };

/** Names of what comes before layers with numbers. */
const FIRST = /(^|[._])(in|input|first|stem|emb\w*|enc\w*|proj\w*|pre\w*)([._]|$)/i;

/** The order of the numbers, where all count in one place: fc1, norm1, fc2 and one without a number, the last. */
function byNumbers(modules: readonly Module[], keys: readonly Key[]): number[] | undefined {
  const counted = keys.filter(({ numbers }) => numbers.length > 0);
  const bare = keys.findIndex(({ numbers }) => numbers.length === 0);
  if (bare >= 0 && FIRST.test(modules[bare].name)) return undefined;
  if (keys.length - counted.length > 1 || new Set(counted.map(({ parent }) => parent)).size > 1) return undefined;
  const order = modules.map((_, k) => k);
  const rank = (k: number): readonly number[] => (keys[k].numbers.length > 0 ? keys[k].numbers : [Infinity]);
  const between = (a: number, b: number): number =>
    compare(rank(a), rank(b)) || ranks[modules[a].kind] - ranks[modules[b].kind];
  order.sort(between);
  return order.some((k, at) => at > 0 && between(order[at - 1], k) === 0) ? undefined : order;
}
