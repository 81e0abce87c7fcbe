import type { Tensor } from "../../files/tensor.ts";
import { type Hdf5Group, readHdf5, isHdf5 } from "../hdf5/read.ts";
import { textIn } from "../hdf5/walk.ts";
import { isNirData } from "./data.ts";
import { nirInvalid, nirUnsupported } from "./errors.ts";

/** A node: its type, and what it has of numbers and words. */
export interface NirNode {
  /** With those of the graphs around it, "/" between. */
  readonly name: string;
  readonly type: string;
  readonly fields: Readonly<Record<string, Tensor | string>>;
  /** Of a graph within the graph. */
  readonly graph?: NirGraph;
}

/** A graph as a file has it. */
export interface NirGraph {
  readonly nodes: ReadonlyMap<string, NirNode>;
  readonly edges: readonly (readonly [from: string, to: string])[];
  readonly metadata: Readonly<Record<string, Tensor | string>>;
}

/** Whether it is an HDF5 file with a graph of NIR in it, or with NIRData, which then is refused in words. */
export function isNir(bytes: Uint8Array): boolean {
  if (!isHdf5(bytes)) return false;
  try {
    const root = readHdf5(bytes);
    return root.names.includes("node") || isNirData(root);
  } catch {
    return false;
  }
}

/** The graph in a file that `nir.write` wrote: the group `node`, and `version` beside it (which `nir.read` does not ask for either). */
export function readGraph(bytes: Uint8Array, source: string): { graph: NirGraph; version: string | undefined } {
  const root = readHdf5(bytes, source);
  const node = root.member("node");
  if (node?.kind !== "group") throw nirInvalid(source, 'it has no group "node" (is it NIRData, or another HDF5 file?)');
  const version = root.member("version");
  const text = version?.kind === "array" ? textIn(version.read()) : undefined;
  if (text !== undefined && !/^[01]\./.test(text))
    throw nirUnsupported(source, `it is of version ${text} of NIR, and this dsqn knows 0 and 1`);
  const found = nodeOf(node, "", source);
  if (!found.graph) throw nirInvalid(source, `its root is a ${found.type} instead of a NIRGraph`);
  return { graph: found.graph, version: text };
}

function nodeOf(group: Hdf5Group, name: string, source: string): NirNode {
  const member = group.member("type");
  const type = member?.kind === "array" ? textIn(member.read()) : undefined;
  // The root of some early files has no type.
  if (type === undefined && name !== "") throw nirInvalid(source, "it has no type", name);
  if (type === "NIRGraph" || type === undefined) {
    return { name, type: "NIRGraph", fields: {}, graph: graphOf(group, name, source) };
  }
  return { name, type, fields: fieldsOf(group, source, name) };
}

function fieldsOf(group: Hdf5Group, source: string, node: string): Record<string, Tensor | string> {
  const fields: Record<string, Tensor | string> = {};
  for (const field of group.names) {
    if (field === "type" || field === "metadata") continue;
    const member = group.member(field)!;
    if (member.kind === "group") throw nirInvalid(source, `"${field}" is a group instead of numbers`, node);
    const values = member.read();
    if (values === null) continue;
    if (values.dtype !== "text") fields[field] = values;
    else if (values.data.length === 1) fields[field] = values.data[0];
    else throw nirInvalid(source, `"${field}" holds ${values.data.length} words`, node);
  }
  return fields;
}

function graphOf(group: Hdf5Group, name: string, source: string): NirGraph {
  const [nodes, edges, metadata] = ["nodes", "edges", "metadata"].map((member) => group.member(member));
  if (nodes?.kind !== "group") throw nirInvalid(source, "the graph has no nodes", name || undefined);
  const prefix = name === "" ? "" : `${name}/`;
  const found = new Map<string, NirNode>();
  for (const own of nodes.names) {
    const node = nodes.member(own)!;
    if (node.kind !== "group") throw nirInvalid(source, "it is no group", prefix + own);
    found.set(own, nodeOf(node, prefix + own, source));
  }
  if (edges?.kind !== "array") throw nirInvalid(source, "the graph has no edges", name || undefined);
  return {
    nodes: found,
    edges: edgesOf(edges.read(), found, name, source),
    metadata: metadata?.kind === "group" ? fieldsOf(metadata, source, `${prefix}metadata`) : {},
  };
}

function edgesOf(
  values: ReturnType<Extract<ReturnType<Hdf5Group["member"]>, { kind: "array" }>["read"]>,
  nodes: ReadonlyMap<string, NirNode>,
  name: string,
  source: string,
): [string, string][] {
  if (values === null || values.data.length === 0) return [];
  if (values.dtype !== "text" || values.shape.length !== 2 || values.shape[1] !== 2)
    throw nirInvalid(source, "its edges are no pairs of names", name || undefined);
  const edges: [string, string][] = [];
  const seen = new Set<string>();
  for (let k = 0; k < values.data.length; k += 2) {
    const [from, to] = values.data.slice(k, k + 2);
    const stranger = [from, to].find((end) => !nodes.has(end));
    if (stranger !== undefined)
      throw nirInvalid(
        source,
        `the edge "${from}" -> "${to}" names "${stranger}", which is no node`,
        name || undefined,
      );
    const key = JSON.stringify([from, to]);
    if (seen.has(key))
      throw nirInvalid(source, `the edge "${from}" -> "${to}" is there twice: once, or both added?`, name || undefined);
    seen.add(key);
    edges.push([from, to]);
  }
  return edges;
}
