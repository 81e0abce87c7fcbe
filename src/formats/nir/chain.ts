import { nirInvalid, nirUnsupported } from "./errors.ts";
import type { NirGraph, NirNode } from "./graph.ts";

/** One node after the other; of neurons also the synapses from them back to themselves. */
export interface Link {
  readonly node: NirNode;
  /** "self": their spikes as they are. */
  readonly recurrent?: NirNode | "self";
}

const neurons = new Set(["IF", "LIF", "CubaLIF"]);

interface Flat {
  readonly nodes: Map<string, NirNode>;
  readonly after: Map<string, Set<string>>;
  readonly before: Map<string, Set<string>>;
}

/**
 * The nodes from the input on to the output, in the order of the edges, graphs within the graph opened. NIR_UNSUPPORTED, with the node's name,
 * where the path branches or meets another, or leads back other than from neurons through one Linear or Affine to themselves.
 */
export function chainOf(graph: NirGraph, source: string): Link[] {
  const flat: Flat = { nodes: new Map(), after: new Map(), before: new Map() };
  addGraph(flat, graph, source);
  const recurrent = takeRecurrence(flat);
  const order: Link[] = [];
  const seen = new Set<string>();
  let at: string | undefined = startOf(flat, source);
  while (at !== undefined) {
    if (seen.has(at)) throw nirUnsupported(source, "the graph leads back to it, and not by one Linear or Affine", at);
    seen.add(at);
    const own = recurrent.get(at);
    order.push({ node: flat.nodes.get(at)!, ...(own && { recurrent: own }) });
    const [next, ...others]: string[] = [...flat.after.get(at)!];
    if (others.length > 0)
      throw nirUnsupported(source, `the graph branches there, to ${listed([next, ...others])}`, at);
    if (next !== undefined && flat.before.get(next)!.size > 1)
      throw nirUnsupported(source, `branches meet there, from ${listed([...flat.before.get(next)!])}`, next);
    at = next;
  }
  const lost = [...flat.nodes.keys()].find((name) => !seen.has(name));
  if (lost !== undefined) throw nirInvalid(source, "no edge leads to it from the input", lost);
  return order;
}

function listed(names: readonly string[]): string {
  const first = names.slice(0, 3).map((name) => `"${name}"`);
  return `${first.join(" and ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;
}

/** Adds nodes and edges; those of a graph within take its place. Inputs and outputs of inner graphs are left in: they do nothing. */
function addGraph(flat: Flat, graph: NirGraph, source: string): void {
  const [enter, leave] = [new Map<string, string>(), new Map<string, string>()];
  for (const [own, node] of graph.nodes) {
    if (!node.graph) {
      flat.nodes.set(node.name, node);
      flat.after.set(node.name, new Set());
      flat.before.set(node.name, new Set());
      enter.set(own, node.name);
      leave.set(own, node.name);
      continue;
    }
    addGraph(flat, node.graph, source);
    enter.set(own, portOf(node, "Input", source));
    leave.set(own, portOf(node, "Output", source));
  }
  for (const [from, to] of graph.edges) {
    flat.after.get(leave.get(from)!)!.add(enter.get(to)!);
    flat.before.get(enter.get(to)!)!.add(leave.get(from)!);
  }
}

function portOf({ name, graph }: NirNode, type: "Input" | "Output", source: string): string {
  const found = [...graph!.nodes.values()].filter((node) => node.type === type);
  if (found.length !== 1)
    throw nirUnsupported(source, `the graph within has ${found.length} nodes of type ${type} instead of one`, name);
  return found[0].name;
}

/** Takes synapses from neurons to themselves out of the graph: by the neurons' name. */
function takeRecurrence({ nodes, after, before }: Flat): Map<string, NirNode | "self"> {
  const found = new Map<string, NirNode | "self">();
  for (const [name, { type }] of nodes) {
    if (!neurons.has(type)) continue;
    if (after.get(name)!.delete(name)) {
      before.get(name)!.delete(name);
      found.set(name, "self");
      continue;
    }
    const back = [...after.get(name)!].find((other) => {
      const synapses = ["Linear", "Affine"].includes(nodes.get(other)!.type);
      const [only, ...more] = after.get(other)!;
      return synapses && only === name && more.length === 0 && before.get(other)!.size === 1;
    });
    if (back === undefined) continue;
    found.set(name, nodes.get(back)!);
    after.get(name)!.delete(back);
    before.get(name)!.delete(back);
    nodes.delete(back);
  }
  return found;
}

/** The one node of type Input, or where there is none the one to which no edge leads. */
function startOf({ nodes, before }: Flat, source: string): string {
  const first = [...nodes.keys()].filter((name) => before.get(name)!.size === 0);
  const inputs = first.filter((name) => nodes.get(name)!.type === "Input");
  const [start, ...others] = inputs.length > 0 ? inputs : first;
  if (start === undefined) throw nirInvalid(source, "it has no node to begin with: each has another before it");
  if (others.length > 0) throw nirUnsupported(source, `it begins at ${listed([start, ...others])} at once`, others[0]);
  return start;
}
