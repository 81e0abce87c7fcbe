import { type Tensor, tensor } from "../../../src/files/tensor.ts";
import { type GroupToWrite, writeHdf5 } from "../../../src/formats/hdf5/write.ts";
import type { NirNetwork } from "../../../src/formats/nir/read.ts";
import { readNir } from "../../../src/formats/nir/read.ts";
import type { NirOptions } from "../../../src/formats/nir/options.ts";

/** Fields of a node: numbers become float32 of the shape that their nesting has, whole numbers of `shape` and the like int64. */
export type Fields = Readonly<Record<string, number | readonly number[] | string | Tensor>>;
export type Node = readonly [type: string, fields: Fields] | Graph;

export interface Graph {
  readonly nodes: Readonly<Record<string, Node>>;
  readonly edges: readonly (readonly [string, string])[];
}

const whole = new Set([
  "shape",
  "stride",
  "padding",
  "dilation",
  "groups",
  "kernel_size",
  "input_shape",
  "start_dim",
  "end_dim",
]);

/** [rows, columns] or any other shape, in float32. */
export function array(shape: readonly number[], of: (k: number) => number = (k) => k + 1): Tensor {
  return tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, k) => of(k)),
    shape,
  );
}

function fieldOf(name: string, value: Fields[string]): Tensor | string {
  if (typeof value === "string") return value;
  if (typeof value !== "number" && "dtype" in value) return value;
  const shape = typeof value === "number" ? [] : [value.length];
  const list = typeof value === "number" ? [value] : value;
  return whole.has(name) ? tensor(BigInt64Array.from(list, BigInt), shape) : tensor(Float32Array.from(list), shape);
}

function groupOf(graph: Graph): GroupToWrite {
  const nodes = Object.entries(graph.nodes).map(([name, node]): [string, GroupToWrite] => {
    if ("nodes" in node) return [name, groupOf(node)];
    const [type, fields] = node;
    const members = Object.entries(fields).map(([field, value]) => [field, fieldOf(field, value)] as const);
    return [name, { members: { type, ...Object.fromEntries(members) } }];
  });
  const edges = { shape: [graph.edges.length, 2], text: graph.edges.flat() };
  return { members: { type: "NIRGraph", nodes: { members: Object.fromEntries(nodes) }, edges } };
}

/** The bytes of a file with this graph; `version` null: none. */
export function fileOf(graph: Graph, version: string | null = "1.0.8"): Uint8Array {
  return writeHdf5({ members: { ...(version !== null && { version }), node: groupOf(graph) } });
}

/** Nodes one after the other, between an input and an output. */
export function inARow(shape: readonly number[], ...nodes: readonly Node[]): Graph {
  const names = nodes.map((_, k) => `node${k}`);
  const all = ["input", ...names, "output"];
  return {
    nodes: {
      input: ["Input", { shape }],
      ...Object.fromEntries(nodes.map((node, k) => [names[k], node])),
      output: ["Output", {}],
    },
    edges: all.slice(1).map((name, k) => [all[k], name] as const),
  };
}

/** What a graph is read as, with NIR's own equations and steps of 0.1 unless told otherwise. */
export function read(graph: Graph, options: NirOptions = { dialect: "nir", dt: 0.1 }): NirNetwork {
  return readNir(fileOf(graph), "net.nir", options);
}
