import { UsageError } from "../errors.ts";
import type { Tensor } from "../files/tensor.ts";
import { listed, type Module, sizesOf, wrongForm } from "./modules.ts";

type Tensors = Readonly<Record<string, Tensor>>;

/** The tensors whose names begin with `prefix` and a dot. PREFIX_UNKNOWN, with those that there are, where none do. */
export function withPrefix(tensors: Tensors, prefix: string, source: string): Tensors {
  const start = `${prefix.replace(/\.$/, "")}.`;
  const found = Object.entries(tensors).filter(([name]) => name.startsWith(start));
  if (found.length > 0) return Object.fromEntries(found);
  const names = Object.keys(tensors);
  const there = [
    ...new Set(names.filter((name) => name.includes(".")).map((name) => name.slice(0, name.indexOf(".")))),
  ];
  throw new UsageError("PREFIX_UNKNOWN", `${source}: no tensor's name begins with "${start}".`, {
    hint: there.length > 0 ? `Names begin with ${listed(there)}.` : `Its tensors: ${listed(names)}.`,
    facts: { source, prefix, prefixes: there },
  });
}

/** The tensors of the layers that a list names, whole or by the end of their names, in its order. LAYERS_UNKNOWN for one that isn't there. */
export function withLayers(
  tensors: Tensors,
  layers: readonly string[],
  source: string,
): { tensors: Tensors; left: readonly string[] } {
  const names = Object.keys(tensors);
  const ownerOf = (name: string): string =>
    name.includes(".") ? name.slice(0, name.lastIndexOf(".")) : name.replace(/^[Wbms](\d+)$/, "$1");
  const owners = [...new Set(names.map(ownerOf))];
  const chosen = layers.map((layer) => {
    const found = owners.includes(layer) ? [layer] : owners.filter((owner) => owner.endsWith(`.${layer}`));
    if (found.length === 1) return found[0];
    throw new UsageError(
      "LAYERS_UNKNOWN",
      found.length === 0 ? `${source} has no layer "${layer}".` : `${source}: "${layer}" could be ${listed(found)}.`,
      { hint: `Its layers: ${listed(owners, 30)}.`, facts: { source, layer, layers: owners } },
    );
  });
  if (new Set(chosen).size < chosen.length)
    throw new UsageError("LAYERS_UNKNOWN", `${source}: a layer is named twice.`, { facts: { source } });
  const taken = chosen.flatMap((owner) =>
    names.filter((name) => ownerOf(name) === owner).map((name) => [name, tensors[name]] as const),
  );
  return { tensors: Object.fromEntries(taken), left: owners.filter((owner) => !chosen.includes(owner)) };
}

const TARGET = /target|tgt|(^|[._])(old|ema)([._]|$)/i;

/** The modules without those of a target network: those with "target" in their names, if each has its like, of the same shape, without. */
export function withoutTargets(modules: readonly Module[]): { modules: readonly Module[]; targets: readonly Module[] } {
  const targets = modules.filter(({ name }) => TARGET.test(name));
  const rest = modules.filter(({ name }) => !TARGET.test(name));
  const shapes = rest.map(shapeOf);
  for (const target of targets) {
    const at = shapes.indexOf(shapeOf(target));
    if (at < 0) return { modules, targets: [] };
    shapes.splice(at, 1);
  }
  return { modules: rest, targets };
}

function shapeOf({ kind, parts }: Module): string {
  return `${kind} ${Object.entries(parts)
    .map(([part, { shape }]) => `${part} ${shape.join("x")}`)
    .sort()
    .join(", ")}`;
}

/** Modules by what stands in their names behind all that they have in common. */
export function groupsOf(modules: readonly Module[]): Map<string, Module[]> {
  const paths = modules.map(({ name }) => name.split("."));
  let depth = 0;
  while (paths.every((path) => path.length > depth + 1 && path[depth] === paths[0][depth])) depth++;
  const groups = new Map<string, Module[]>();
  for (const [k, path] of paths.entries()) {
    const group = path.slice(0, depth + 1).join(".");
    groups.set(group, [...(groups.get(group) ?? []), modules[k]]);
  }
  return groups;
}

/** Names of parts that stand one behind the other. */
const SERIES = /head|encod|decod|feature|extract|trunk|backbone|torso|body|embed|stem|neck|classifier/i;

/**
 * Refuses networks that stand side by side in a file where they could be taken for one behind the other: equal ones (an online and a target
 * network, ensembles), and ones that all begin with as many inputs (an actor and a critic). NETWORKS_SEVERAL names what --prefix may say.
 */
export function refuseSideBySide(modules: readonly Module[], source: string): void {
  const groups = groupsOf(modules);
  if (groups.size < 2 || [...groups.values()].every(({ length }) => length === 1)) return;
  const own = [...groups].map(([prefix, members]) =>
    members
      .map((module) => `${module.name.slice(prefix.length)} ${shapeOf(module)}`)
      .sort()
      .join("; "),
  );
  const inputs = [...groups.values()].map(([first]) => sizesOf(first).inputs);
  const alike = new Set(own).size === 1;
  const series = [...groups.keys()].some((name) => SERIES.test(name.slice(name.lastIndexOf(".") + 1)));
  const parallel = !series && [...groups.values()].every(({ length }) => length > 1) && new Set(inputs).size === 1;
  if (alike || parallel) throw several(groups, alike ? "equal networks" : "networks that take as many inputs", source);
}

/** Names of what says how good a state is. */
const CRITIC = /(^|[._])(v|val|vs|vf)([._\d]|$)|value|critic/i;

/**
 * Refuses a chain that ends in a critic, one value, behind two parts and more: it is a head of its own, and only by its sizes fits behind what is
 * another head.
 */
export function refuseCritic(order: readonly Module[], source: string): void {
  const groups = groupsOf(order);
  const last = order.at(-1)!;
  if (groups.size > 2 && sizesOf(last).outputs === 1 && CRITIC.test(last.name))
    throw several(groups, "a critic beside another head", source);
}

/** What chain of layers could not be found: NETWORKS_SEVERAL where names show parts, else IMPORT_INVALID with the layers' sizes. */
export function noChain(modules: readonly Module[], source: string): Error {
  const groups = groupsOf(modules);
  const sizes = modules.slice(0, 12).map((module) => {
    const { inputs, outputs } = sizesOf(module);
    return module.kind === "batch-norm" ? `${module.name} (${inputs})` : `${module.name} ${inputs}-${outputs}`;
  });
  const more = modules.length > 12 ? ", ..." : "";
  if (groups.size > 1 && [...groups.values()].some(({ length }) => length > 1))
    return several(groups, `parts that form no single chain (${sizes.join(", ")}${more})`, source);
  return wrongForm(
    source,
    `its layers form no chain in which each takes what one before it puts out: ${sizes.join(", ")}${more}`,
    "Name those of one network in the order of the forward pass: --layers a,b,c. Networks that branch can't be taken (dueling ones excepted).",
  );
}

function several(groups: ReadonlyMap<string, readonly Module[]>, what: string, source: string): UsageError {
  const prefixes = [...groups.keys()];
  return new UsageError("NETWORKS_SEVERAL", `${source} holds ${what}: ${listed(prefixes)}.`, {
    hint: `Say which to take, --prefix ${prefixes[0]} for example, or name the layers of one network in the order of the forward pass: --layers a,b,c.`,
    facts: { source, prefixes },
  });
}
