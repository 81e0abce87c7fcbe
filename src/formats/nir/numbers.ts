import { sizeOf, type Tensor } from "../../files/tensor.ts";
import type { ImageShape } from "../../network/convolution.ts";
import type { Values } from "../../network/neurons/index.ts";
import { reordered } from "../torch-layout.ts";
import { nirInvalid, nirUnsupported } from "./errors.ts";
import type { NirNode } from "./graph.ts";

/** A parameter of neurons: one value for all, or one for each in our order. */
export type Numbers = Float64Array;

/** Values between two nodes, at most: what a file says in a few bytes must not fill the memory. */
export const LARGEST_SIGNAL = 2 ** 22;

/** What flows between two nodes. */
export interface Signal {
  /** As NIR counts it: [values], or [channels, rows, columns]. */
  readonly shape: readonly number[];
  /** The same as ours where windows slide over it: values then lie in the order rows, columns, channels; else in NIR's. */
  readonly image?: ImageShape;
}

/** A node's numbers; NIR_INVALID where they are missing or words. */
export function field(node: NirNode, name: string, source: string): Tensor {
  const value = node.fields[name];
  if (value === undefined) throw nirInvalid(source, `its ${node.type} has no ${name}`, node.name);
  if (typeof value === "string") throw nirInvalid(source, `its ${name} is "${value}" instead of numbers`, node.name);
  return value;
}

/** All of a tensor's values as numbers. */
export function numbersIn({ data }: Tensor): Float64Array {
  return Float64Array.from(data as ArrayLike<number | bigint>, Number);
}

/** Whole numbers: one, or so many. A single one stands for all. */
export function counts(node: NirNode, name: string, source: string, length: number, least: number): number[] {
  const found = numbersIn(field(node, name, source));
  const all = found.length === 1 ? Array.from({ length }, () => found[0]) : [...found];
  if (all.length !== length || all.some((n) => !Number.isSafeInteger(n) || n < least || n > LARGEST_SIGNAL))
    throw nirInvalid(source, `its ${name} is [${[...found].slice(0, 9).join(", ")}]`, node.name);
  return all;
}

/**
 * A parameter of neurons of shape `signal`: one value; as many as there are neurons, in whatever shape; or a shape that numpy would repeat ([channels, 1, 1]).
 * [channels] alone is taken for channels where it can't be columns; `note` is told. Dimensions of 1 in front (a batch) count for nothing.
 */
export function perNeuron(
  node: NirNode,
  name: string,
  signal: Signal,
  source: string,
  note: (assumed: string) => void,
  absent?: number,
): Numbers {
  if (node.fields[name] === undefined && absent !== undefined) return Float64Array.of(absent);
  const tensor = field(node, name, source);
  const values = numbersIn(tensor);
  const bad = values.findIndex((value) => Number.isNaN(value));
  if (bad >= 0) throw nirInvalid(source, `its ${name} holds NaN at index ${bad}`, node.name);
  const { shape } = signal;
  const size = sizeOf(shape);
  if (values.length === 1) return values;
  if (values.length === size) return inOurOrder(values, signal);
  const given = tensor.shape.slice(tensor.shape.findIndex((n) => n !== 1));
  const [channels, , columns] = shape;
  const byChannel = given.length === 1 && shape.length === 3 && given[0] === channels && channels !== columns;
  if (byChannel) note(`${name} of node "${node.name}" (${channels} values): one for each channel`);
  const own = byChannel ? [channels, 1, 1] : given;
  const fits = own.length === shape.length && own.every((n, axis) => n === 1 || n === shape[axis]);
  if (!fits)
    throw nirInvalid(
      source,
      `its ${name} has the shape [${tensor.shape.join(", ")}] for [${shape.join(", ")}] neurons`,
      node.name,
    );
  return inOurOrder(repeated(values, own, shape), signal);
}

function repeated(values: Float64Array, own: readonly number[], shape: readonly number[]): Float64Array {
  const result = new Float64Array(sizeOf(shape));
  const index = shape.map(() => 0);
  for (let k = 0; k < result.length; k++) {
    let at = 0;
    for (let axis = 0; axis < shape.length; axis++) at = at * own[axis] + (own[axis] === 1 ? 0 : index[axis]);
    result[k] = values[at];
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
  }
  return result;
}

/** From NIR's channels, rows, columns to rows, columns, channels. */
function inOurOrder(values: Float64Array, { image }: Signal): Float64Array {
  return image ? reordered(values, 1, image, "from torch") : values;
}

/** Of several parameters one by one; one value where all are the same. */
export function each(parameters: readonly Numbers[], of: (...values: number[]) => number): Values {
  const length = Math.max(...parameters.map((values) => values.length));
  const all = Float64Array.from({ length }, (_, j) =>
    of(...parameters.map((values) => values[values.length > 1 ? j : 0])),
  );
  return all.every((value) => Object.is(value, all[0])) ? all[0] : Float32Array.from(all);
}

/** What of `values` first differs from what is expected, beyond rounding in float32; undefined where nothing does. */
export function unlike(values: Values, expected: number): number | undefined {
  const list = typeof values === "number" ? [values] : [...values];
  return list.find((value) => !(Math.abs(value - expected) <= 1e-5 * Math.max(1, Math.abs(expected))));
}

/** Weights as float32; `note` is told where that rounds them. */
export function weightsOf(
  node: NirNode,
  name: string,
  source: string,
  note: (assumed: string) => void,
): { shape: readonly number[]; data: Float32Array } {
  const tensor = field(node, name, source);
  const data = tensor.data instanceof Float32Array ? tensor.data : Float32Array.from(numbersIn(tensor));
  if (tensor.data instanceof Float64Array && tensor.data.some((value, k) => value !== data[k]))
    note(`${name} of node "${node.name}" is rounded from float64 to float32`);
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw nirInvalid(source, `its ${name} holds ${data[bad]} at index ${bad}`, node.name);
  if (data.length === 0) throw nirUnsupported(source, `its ${name} is empty`, node.name);
  return { shape: tensor.shape, data };
}
