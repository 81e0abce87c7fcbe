import { DsqnError } from "../../errors.ts";
import type { Tensor } from "../../files/tensor.ts";
import { type ImageShape, sizeOf } from "../../network/convolution.ts";
import { assemble, type Piece } from "../../network/fold.ts";
import type { Network, Shape } from "../../network/network.ts";
import type { WholeNetwork } from "../form.ts";
import { type Graph, type Node, readGraph } from "./model.ts";

/**
 * Where values of an image lie: "chw" as ONNX's operators want it, "hwc" as networks here and TensorFlow have it. Of a list: what image it was
 * made of, in which order.
 */
export interface Live {
  readonly name: string;
  readonly shape: Shape;
  readonly order: "chw" | "hwc";
  /** Of a list that was an image. */
  readonly image?: ImageShape;
}

/** What has been taken of a graph so far. */
export interface Taken {
  readonly source: string;
  readonly pieces: Piece[];
  readonly constants: Map<string, Tensor>;
  /** Names of what is known at run time only and describes shapes. */
  readonly shapes: Set<string>;
  readonly assumed: string[];
  input: Shape;
  inputScale: number;
  live: Live;
}

/** What an operator does to the values: what comes out, its pieces pushed. */
export type Take = (node: Node, taken: Taken) => Live;

/** LAYER_UNSUPPORTED with the operator and why. */
export function refused(taken: Pick<Taken, "source">, { op, name }: Pick<Node, "op" | "name">, why: string): DsqnError {
  return new DsqnError(
    "LAYER_UNSUPPORTED",
    `${taken.source}: operator ${op}${name ? ` ("${name}")` : ""} can't be taken: ${why}.`,
    {
      hint: "docs/formats.md lists the operators that can.",
      facts: { source: taken.source, op, name },
    },
  );
}

/** A network whose graph is a chain of the operators in `takers`; anything else is refused by name. */
export function networkFrom(
  graph: Graph,
  source: string,
  takers: Readonly<Record<string, Take>>,
): { network: Network; assumed: readonly string[] } {
  const inputs = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  if (inputs.length !== 1 || graph.outputs.length !== 1)
    throw refused(
      { source },
      { op: "graph", name: "" },
      `it has ${inputs.length} inputs and ${graph.outputs.length} outputs; networks here have one of each`,
    );
  const [{ name, shape }] = inputs;
  const start = beginning(shape, graph, source);
  const taken: Taken = {
    source,
    pieces: [],
    constants: new Map(graph.initializers),
    shapes: new Set(),
    assumed: [],
    input: start.shape,
    inputScale: 1,
    live: { name, ...start },
  };
  for (const node of graph.nodes) step(node, taken, takers);
  if (taken.live.name !== graph.outputs[0])
    throw refused(
      taken,
      { op: "graph", name: graph.outputs[0] },
      "its output is not what the chain of operators ends with",
    );
  const last = taken.pieces.at(-1)?.kind;
  if (taken.live.shape.length !== 1 || (last !== "synapses" && last !== "affine"))
    throw refused(
      taken,
      graph.nodes.at(-1) ?? { op: "graph", name: "" },
      "the last layer must be dense and linear: one value per action",
    );
  if (taken.input.length === 3 && sizeOf(taken.input) > taken.input[2])
    taken.assumed.push("images come as rows, columns, channels");
  return { network: assemble(taken.input, taken.inputScale, taken.pieces), assumed: taken.assumed };
}

/** Operators on shapes, whose outcome is known when the network runs: what reshapes by it flattens. */
const SHAPES = ["Shape", "Gather", "Unsqueeze", "Squeeze", "Concat", "Slice", "Cast", "Mul", "Identity", "ReduceProd"];

function step(node: Node, taken: Taken, takers: Readonly<Record<string, Take>>): void {
  const { op, inputs, outputs, attributes } = node;
  const live = inputs.includes(taken.live.name);
  const [output] = outputs;
  if (op === "Constant") {
    const value = attributes.get("value")?.tensor;
    const { ints, int, float } =
      attributes.get("value_ints") ?? attributes.get("value_int") ?? attributes.get("value_float") ?? {};
    const numbers = ints?.length ? ints : [int ?? float ?? NaN];
    if (!value && numbers.some(Number.isNaN)) throw refused(taken, node, "its value is no tensor of numbers");
    taken.constants.set(
      output,
      value ?? { dtype: "float64", shape: ints?.length ? [ints.length] : [], data: Float64Array.from(numbers) },
    );
    return;
  }
  const shapes =
    (live && op === "Shape") || (SHAPES.includes(op) && inputs.some((name) => taken.shapes.has(name)) && !live);
  if (shapes) return void taken.shapes.add(output);
  const onConstant = inputs.length > 0 && inputs.every((name) => name === "" || taken.constants.has(name));
  if (onConstant && (op === "Identity" || op === "Cast"))
    return void taken.constants.set(output, taken.constants.get(inputs[0])!);
  if (!live) throw refused(taken, node, "networks here are chains, and it takes what an earlier layer put out");
  if (!Object.hasOwn(takers, op)) throw refused(taken, node, `networks here have no counterpart of ${op}`);
  const extra = inputs.find(
    (name) => name !== "" && name !== taken.live.name && !taken.constants.has(name) && !taken.shapes.has(name),
  );
  if (extra !== undefined || inputs.filter((name) => name === taken.live.name).length > 1)
    throw refused(taken, node, "networks here are chains, and more than one layer feeds it");
  taken.live = takers[op](node, taken);
}

/** More values than an observation has. */
const LARGEST_INPUT = 2 ** 24;

/** An observation: a list, or an image, whose channels come first unless a Transpose puts them there. */
function beginning(shape: readonly (number | null)[], graph: Graph, source: string): Omit<Live, "name"> {
  const sizes = shape.slice(1);
  const wrong = (why: string): DsqnError =>
    refused({ source }, { op: "input", name: graph.inputs[0]?.name ?? "" }, why);
  if (!sizes.every((n): n is number => n !== null && n > 0))
    throw wrong(`its shape [${shape.map((n) => n ?? "?").join(", ")}] is open`);
  if (sizes.reduce((a, b) => a * b, 1) > LARGEST_INPUT) throw wrong(`[${sizes.join(", ")}] is no size of observations`);
  if (sizes.length === 1) return { shape: [sizes[0]], order: "hwc" };
  if (sizes.length !== 3) throw wrong(`[${sizes.join(", ")}] is neither a vector nor an image with channels`);
  const [a, b, c] = sizes;
  const transposed = graph.nodes.some(
    ({ op, inputs, attributes }) =>
      op === "Transpose" &&
      inputs[0] === graph.inputs.find(({ name }) => !graph.initializers.has(name))?.name &&
      attributes.get("perm")?.ints?.join() === "0,3,1,2",
  );
  return transposed ? { shape: [a, b, c], order: "hwc" } : { shape: [b, c, a], order: "chw" };
}

/** Reads an ONNX file, an MLP or a CNN of those operators. */
export function readOnnx(bytes: Uint8Array, source: string, takers: Readonly<Record<string, Take>>): WholeNetwork {
  const graph = readGraph(bytes, source);
  const { network, assumed } = networkFrom(graph, source, takers);
  const tensors = [...graph.initializers].map(([name, { shape }]) => ({ name, shape }));
  return { form: "onnx", network, tensors, assumed };
}
