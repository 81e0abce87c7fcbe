import { type Tensor, toFloat32, transposed } from "../../files/tensor.ts";
import {
  convolution,
  convolutionProblem,
  inside,
  type Convolution,
  type ConvolutionOptions,
  sizeOf,
} from "../../network/convolution.ts";
import { batchNorm } from "../../network/fold.ts";
import { fromTorchKernel, reordered } from "../torch-layout.ts";
import { type Live, refused, type Take, type Taken } from "./import.ts";
import type { Node } from "./model.ts";

/** Operators that are taken over, by their names (https://onnx.ai/onnx/operators). */
export const operators: Readonly<Record<string, Take>> = {
  Gemm: gemm,
  MatMul(node, taken) {
    if (node.inputs[1] === taken.live.name)
      throw refused(taken, node, "it multiplies weights by values instead of values by weights");
    return dense(node, taken, matrix(node, taken, constant(node, 1, taken), false), undefined);
  },
  Add: (node, taken) => shifted(node, taken, (c) => [1, c]),
  Sub(node, taken) {
    if (node.inputs[1] === taken.live.name) throw refused(taken, node, "it subtracts values from a constant");
    return shifted(node, taken, (c) => [1, -c]);
  },
  Mul: (node, taken) => shifted(node, taken, (c) => [c, 0]),
  Div(node, taken) {
    if (node.inputs[1] === taken.live.name) throw refused(taken, node, "it divides a constant by values");
    return shifted(node, taken, (c) => [1 / c, 0]);
  },
  Relu(node, taken) {
    taken.pieces.push({ kind: "relu" });
    return renamed(node, taken);
  },
  Conv: convolutional,
  MaxPool: pooling,
  AveragePool: pooling,
  GlobalMaxPool: pooling,
  GlobalAveragePool: pooling,
  BatchNormalization: normalisation,
  Flatten(node, taken) {
    if ((node.attributes.get("axis")?.int ?? 1) !== 1) throw refused(taken, node, "its axis is not 1");
    return flat(node, taken);
  },
  Reshape: reshape,
  Transpose: transpose,
  Identity: renamed,
  Cast: renamed,
  Dropout: renamed,
};

function renamed({ outputs }: Node, { live }: Taken): Live {
  return { ...live, name: outputs[0] };
}

function flat({ outputs }: Node, { live }: Taken): Live {
  const { shape, order } = live;
  if (shape.length === 1) return { ...live, name: outputs[0] };
  return { name: outputs[0], shape: [sizeOf(shape)], order, image: shape };
}

function constant(node: Node, at: number, taken: Taken): Tensor {
  const found = taken.constants.get(node.inputs[at] ?? "");
  if (!found) throw refused(taken, node, `its input ${at} is no constant`);
  return found;
}

/** Weights [inputs, outputs]. */
function matrix(
  node: Node,
  taken: Taken,
  weight: Tensor,
  turned: boolean,
): { weights: Float32Array; inputs: number; outputs: number } {
  if (weight.shape.length !== 2) throw refused(taken, node, `its weights have the shape [${weight.shape.join(", ")}]`);
  const [rows, columns] = weight.shape;
  const values = toFloat32(weight).slice();
  return turned
    ? { weights: transposed(values, rows, columns), inputs: columns, outputs: rows }
    : { weights: values, inputs: rows, outputs: columns };
}

function gemm(node: Node, taken: Taken): Live {
  const { attributes } = node;
  const number = (name: string): number => attributes.get(name)?.float ?? 1;
  if ((attributes.get("transA")?.int ?? 0) !== 0 || node.inputs[0] !== taken.live.name)
    throw refused(taken, node, "its values are transposed, or not its first input");
  const whole = matrix(node, taken, constant(node, 1, taken), (attributes.get("transB")?.int ?? 0) !== 0);
  const weights = number("alpha") === 1 ? whole.weights : whole.weights.map((w) => w * number("alpha"));
  const bias = node.inputs[2] ? toFloat32(constant(node, 2, taken)) : undefined;
  const scaled = bias && number("beta") !== 1 ? bias.map((b) => b * number("beta")) : bias?.slice();
  return dense(node, taken, { ...whole, weights }, scaled);
}

function dense(
  node: Node,
  taken: Taken,
  { weights, inputs, outputs }: { weights: Float32Array; inputs: number; outputs: number },
  bias: Float32Array | undefined,
): Live {
  const { shape, order, image } = taken.live;
  if (shape.length !== 1)
    throw refused(taken, node, "it works on each position of an image; a Flatten must come before it");
  if (shape[0] !== inputs) throw refused(taken, node, `it takes ${inputs} values, and ${shape[0]} come`);
  if (bias && bias.length !== outputs && bias.length !== 1)
    throw refused(taken, node, `it has ${bias.length} biases for ${outputs} outputs`);
  const ours = image && order === "chw" ? reordered(weights, outputs, image, "from torch") : weights;
  const biases = bias?.length === 1 ? new Float32Array(outputs).fill(bias[0]) : (bias ?? new Float32Array(outputs));
  taken.pieces.push({ kind: "synapses", synapses: { kind: "dense", inputs, outputs }, weights: ours, biases });
  return { name: node.outputs[0], shape: [outputs], order: "hwc" };
}

/** scale x + shift by a constant for all values, each channel, or each value of a list. */
function shifted(node: Node, taken: Taken, of: (c: number) => [scale: number, shift: number]): Live {
  const { live } = taken;
  const found = taken.constants.get(node.inputs[node.inputs[0] === live.name ? 1 : 0] ?? "");
  if (!found) throw refused(taken, node, "it takes no constant");
  const values = Float64Array.from(toFloat32(found));
  const channels = live.shape.at(-1)!;
  const [axis] = live.shape.length === 1 ? [-1] : [live.order === "chw" ? -3 : -1];
  const each = values.length === 1 || (values.length === channels && (found.shape.at(axis) ?? 0) === channels);
  if (!each || (live.image && values.length > 1))
    throw refused(taken, node, `its constant has the shape [${found.shape.join(", ")}]`);
  const all = values.length === 1 ? new Float64Array(channels).fill(values[0]) : values;
  if (![...all].every((c) => of(c).every(Number.isFinite)))
    throw refused(taken, node, "its constant makes values infinite");
  const [one, shift] = of(values[0]);
  if (taken.pieces.length === 0 && values.length === 1 && shift === 0) taken.inputScale *= one;
  else taken.pieces.push({ kind: "affine", scale: all.map((c) => of(c)[0]), shift: all.map((c) => of(c)[1]) });
  return renamed(node, taken);
}

function image(node: Node, { live, ...taken }: Taken): readonly [number, number, number] {
  const { shape, order } = live;
  if (shape.length !== 3) throw refused(taken, node, `it needs an image before it, not ${shape[0]} values`);
  if (order !== "chw") throw refused(taken, node, "the image before it has its channels last");
  return shape;
}

type Pair = readonly [number, number];

/** Kernel, strides and padding; dilated ones and rounding up are refused. */
function geometry(node: Node, taken: Taken, kernel: Pair, filters: number): Convolution {
  const { attributes } = node;
  const ints = (name: string): readonly number[] => attributes.get(name)?.ints ?? [];
  const seen = image(node, taken);
  if (ints("dilations").some((n) => n !== 1)) throw refused(taken, node, "it is dilated");
  if ((attributes.get("ceil_mode")?.int ?? 0) !== 0) throw refused(taken, node, "it rounds its output's size up");
  const strides = ints("strides").length === 2 ? (ints("strides") as Pair) : ([1, 1] as const);
  const own = convolution(seen, { filters, kernel, strides, padding: paddingOf(node, taken) });
  const problem = convolutionProblem(own);
  if (problem !== undefined) throw refused(taken, node, problem);
  return own;
}

function paddingOf(node: Node, taken: Taken): ConvolutionOptions["padding"] {
  const auto = node.attributes.get("auto_pad")?.text ?? "NOTSET";
  if (auto === "SAME_UPPER") return "same";
  if (auto === "VALID") return "valid";
  if (auto !== "NOTSET") throw refused(taken, node, `its auto_pad is ${auto}`);
  const pads = node.attributes.get("pads")?.ints ?? [];
  if (pads.length !== 0 && pads.length !== 4) throw refused(taken, node, "its padding is not that of an image");
  const [top = 0, left = 0, bottom = 0, right = 0] = pads;
  return [
    [top, bottom],
    [left, right],
  ];
}

function convolutional(node: Node, taken: Taken): Live {
  const weight = constant(node, 1, taken);
  if (weight.shape.length !== 4) throw refused(taken, node, `its weights have the shape [${weight.shape.join(", ")}]`);
  const [filters, channels, ...kernel] = weight.shape;
  if ((node.attributes.get("group")?.int ?? 1) !== 1) throw refused(taken, node, "its channels are in groups");
  if (channels !== image(node, taken)[2])
    throw refused(taken, node, `it takes ${channels} channels, and ${image(node, taken)[2]} come`);
  const own = geometry(node, taken, kernel as unknown as Pair, filters);
  const biases = node.inputs[2] ? toFloat32(constant(node, 2, taken)).slice() : new Float32Array(filters);
  if (biases.length !== filters) throw refused(taken, node, `it has ${biases.length} biases for ${filters} channels`);
  const weights = fromTorchKernel(toFloat32(weight), own);
  taken.pieces.push({ kind: "synapses", synapses: { kind: "convolution", ...own }, weights, biases });
  return { name: node.outputs[0], shape: own.output, order: "chw" };
}

/** An average that counts zeros of the padding is a sum, and a factor. */
function pooling(node: Node, taken: Taken): Live {
  const { op, attributes, outputs } = node;
  const [height, width, channels] = image(node, taken);
  const global = op.startsWith("Global");
  const kernel = global ? ([height, width] as const) : (attributes.get("kernel_shape")?.ints as Pair | undefined);
  if (kernel?.length !== 2) throw refused(taken, node, "its kernel is not that of an image");
  const window = geometry(node, taken, kernel, channels);
  const counts = (attributes.get("count_include_pad")?.int ?? 0) !== 0 && !inside(window);
  if (op.endsWith("MaxPool")) taken.pieces.push({ kind: "max", window });
  else if (counts) {
    const share = new Float64Array(channels).fill(1 / (kernel[0] * kernel[1]));
    taken.pieces.push({ kind: "sum", window }, { kind: "affine", scale: share, shift: new Float64Array(channels) });
  } else taken.pieces.push({ kind: "average", window });
  return { name: outputs[0], shape: window.output, order: "chw" };
}

function normalisation(node: Node, taken: Taken): Live {
  if ((node.attributes.get("training_mode")?.int ?? 0) !== 0) throw refused(taken, node, "it is in training mode");
  const { live } = taken;
  if (live.image || (live.shape.length === 3 && live.order !== "chw"))
    throw refused(taken, node, "it does not normalise channels");
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((at) => toFloat32(constant(node, at, taken)));
  if ([gamma, beta, mean, variance].some(({ length }) => length !== live.shape.at(-1)))
    throw refused(taken, node, `its statistics are not of ${live.shape.at(-1)} channels`);
  taken.pieces.push(batchNorm({ gamma, beta, mean, variance }, node.attributes.get("epsilon")?.float ?? 1e-5));
  return renamed(node, taken);
}

/** To a list, or to what it is already. By a shape that only the run knows it is taken to flatten. */
function reshape(node: Node, taken: Taken): Live {
  const { shape } = taken.live;
  const size = shape.length === 1 ? shape[0] : sizeOf(shape);
  const target = taken.constants.get(node.inputs[1] ?? "");
  if (!target) {
    taken.assumed.push(
      `${node.op}${node.name ? ` "${node.name}"` : ""} flattens: its target is known when the network runs only`,
    );
    return flat(node, taken);
  }
  const sizes = Array.from(target.data as ArrayLike<number | bigint>, Number);
  // The batch comes first; -1 and 0 stand for what is left, or stays.
  if (sizes.length === 2 && (sizes[1] === -1 || sizes[1] === size)) return flat(node, taken);
  throw refused(taken, node, `${shape.join(" x ")} values can't become [${sizes.join(", ")}] in between`);
}

function transpose(node: Node, taken: Taken): Live {
  const { live } = taken;
  const perm = node.attributes.get("perm")?.ints?.join() ?? "";
  if (live.shape.length === 1 && perm === "0,1") return renamed(node, taken);
  if (live.shape.length === 3 && perm === "0,3,1,2" && live.order === "hwc")
    return { ...renamed(node, taken), order: "chw" };
  if (live.shape.length === 3 && perm === "0,2,3,1" && live.order === "chw")
    return { ...renamed(node, taken), order: "hwc" };
  throw refused(taken, node, `it puts axes into the order [${perm}]`);
}
