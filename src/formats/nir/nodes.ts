import { sizeOf, transposed } from "../../files/tensor.ts";
import { type Convolution, convolution, convolutionProblem, type ImageShape } from "../../network/convolution.ts";
import { neuron, type Values } from "../../network/neurons/index.ts";
import { fromTorchKernel, reordered } from "../torch-layout.ts";
import type { Builder } from "./build.ts";
import type { Link } from "./chain.ts";
import { neuronOf } from "./dialects.ts";
import { nirInvalid, nirUnsupported } from "./errors.ts";
import type { NirNode } from "./graph.ts";
import { counts, each, field, LARGEST_SIGNAL, numbersIn, perNeuron, type Signal, weightsOf } from "./numbers.ts";
import type { NirOptions } from "./options.ts";

/** What a node does to the network in the making. */
type Take = (b: Builder, link: Link, options: NirOptions) => void;

/** All of NIR's nodes; a graph within the graph (NIRGraph) is opened before. docs/nir.md has the table in words. */
export const nodes: Readonly<Record<string, Take>> = {
  Input: (b, link) => input(b, link, "input"),
  Output: (b, { node }) => output(b, node),
  Affine: (b, { node }) => dense(b, node, true),
  Linear: (b, { node }) => dense(b, node, false),
  Scale: (b, { node }) => b.multiply(perNeuron(node, "scale", b.into(node), b.source, b.note)),
  Conv1d: (b, { node }) => convolve(b, node, 1),
  Conv2d: (b, { node }) => convolve(b, node, 2),
  AvgPool2d: (b, { node }) => pool(b, node, "average"),
  SumPool2d: (b, { node }) => pool(b, node, "sum"),
  Flatten: (b, { node }) => flatten(b, node),
  IF: neurons,
  LIF: neurons,
  CubaLIF: neurons,
  I: neurons,
  LI: neurons,
  CubaLI: neurons,
  Threshold: (b, { node }) => threshold(b, node),
  Delay: (b, { node }) => delay(b, node),
};

/** The shape that a node has for what goes in or out; without what is 1 in front of it (a batch), as far as it is no image's. */
function shapeIn(b: Builder, node: NirNode): number[] {
  const found = [...numbersIn(field(node, "shape", b.source))];
  if (found.length === 0 || found.some((n) => !Number.isSafeInteger(n) || n < 1) || sizeOf(found) > LARGEST_SIGNAL)
    throw nirInvalid(b.source, `its shape is [${found.slice(0, 9).join(", ")}]`, node.name);
  return found;
}

function input(b: Builder, { node }: Link, _direction: "input"): void {
  const shape = shapeIn(b, node);
  if (!b.signal) return b.begin({ shape });
  if (sizeOf(shape) !== sizeOf(b.signal.shape))
    throw nirInvalid(
      b.source,
      `its shape is [${shape.join(", ")}], and [${b.signal.shape.join(", ")}] comes in`,
      node.name,
    );
}

function output(b: Builder, node: NirNode): void {
  const shape = node.fields.shape === undefined ? undefined : shapeIn(b, node);
  const there = b.into(node).shape;
  if (shape && sizeOf(shape) !== sizeOf(there))
    throw nirInvalid(b.source, `its shape is [${shape.join(", ")}], and [${there.join(", ")}] comes in`, node.name);
}

function dense(b: Builder, node: NirNode, affine: boolean): void {
  const weight = weightsOf(node, "weight", b.source, b.note);
  if (weight.shape.length !== 2)
    throw nirUnsupported(
      b.source,
      `its weights have the shape [${weight.shape.join(", ")}] instead of [outputs, inputs]`,
      node.name,
    );
  const [outputs, inputs] = weight.shape;
  if (!b.signal) b.begin({ shape: [inputs] });
  const { shape, image } = b.into(node);
  const size = sizeOf(shape);
  const last = shape.at(-1)!;
  if (size !== inputs || (last !== inputs && !b.flattened))
    throw nirInvalid(
      b.source,
      `its weights take ${inputs} values, and [${shape.join(", ")}] comes in${size === inputs ? ": a Flatten is missing" : ""}`,
      node.name,
    );
  const rows = transposed(weight.data, outputs, inputs);
  const weights = image ? reordered(rows, outputs, image, "from torch") : rows;
  const synapses = { kind: "dense", inputs, outputs } as const;
  b.connect(node, { synapses, weights, biases: affine ? biasesOf(b, node, outputs) : null }, { shape: [outputs] });
}

function biasesOf(b: Builder, node: NirNode, outputs: number): Float32Array | null {
  if (node.fields.bias === undefined && node.type.startsWith("Conv")) return null;
  const { data, shape } = weightsOf(node, "bias", b.source, b.note);
  if (data.length === outputs) return data.slice();
  if (data.length === 1) return new Float32Array(outputs).fill(data[0]);
  throw nirInvalid(b.source, `its bias has the shape [${shape.join(", ")}] instead of [${outputs}]`, node.name);
}

/** The image that comes in, of a sequence [channels, length] one of height 1. */
function imageInto(b: Builder, node: NirNode, channels: number | undefined): ImageShape {
  const { shape, image } = b.into(node);
  const sequence = node.type === "Conv1d";
  const rank = sequence ? 2 : 3;
  if (b.flattened) throw nirUnsupported(b.source, "windows slide over what was flattened before", node.name);
  const own = shape.length === rank + 1 && shape[0] === 1 ? shape.slice(1) : shape;
  if (image) {
    if (sequence && image[0] !== 1)
      throw nirInvalid(b.source, `an image [${shape.join(", ")}] comes in, and it takes a sequence`, node.name);
    if (channels !== undefined && image[2] !== channels) throw wrongChannels(b, node, shape, channels);
    return image;
  }
  if (own.length !== rank || (channels !== undefined && own[0] !== channels))
    throw wrongChannels(b, node, shape, channels);
  if (b.layers.length > 0 || b.weighted)
    throw nirUnsupported(
      b.source,
      `windows slide over [${shape.join(", ")}] values that are no image before`,
      node.name,
    );
  const found: ImageShape = sequence ? [1, own[1], own[0]] : [own[1], own[2], own[0]];
  b.begin({ shape: own, image: found });
  return found;
}

function wrongChannels(b: Builder, node: NirNode, shape: readonly number[], channels?: number): Error {
  const wanted = node.type === "Conv1d" ? "length" : "rows, columns";
  return nirInvalid(
    b.source,
    `it takes [${channels ?? "channels"}, ${wanted}], and [${shape.join(", ")}] comes in`,
    node.name,
  );
}

function convolve(b: Builder, node: NirNode, axes: 1 | 2): void {
  const { source } = b;
  const weight = weightsOf(node, "weight", source, b.note);
  if (weight.shape.length !== axes + 2)
    throw nirInvalid(source, `its weights have the shape [${weight.shape.join(", ")}]`, node.name);
  const [filters, channels, ...window] = weight.shape;
  const [groups] = node.fields.groups === undefined ? [1] : counts(node, "groups", source, 1, 1);
  if (groups !== 1) throw nirUnsupported(source, `it has ${groups} groups of channels`, node.name);
  const dilation = node.fields.dilation === undefined ? [1] : counts(node, "dilation", source, axes, 1);
  if (dilation.some((n) => n !== 1))
    throw nirUnsupported(source, `its dilation is [${dilation.join(", ")}]`, node.name);
  if (!b.signal) b.begin({ shape: [channels, ...counts(node, "input_shape", source, axes, 1)] });
  const image = imageInto(b, node, channels);
  checkInputShape(b, node, image, axes);
  const [height, width] = axes === 1 ? [1, window[0]] : window;
  const strides = pair(counts(node, "stride", source, axes, 1));
  const geometry = convolution(image, {
    filters,
    kernel: [height, width],
    strides,
    padding: paddingOf(b, node, axes, strides),
  });
  sound(b, node, geometry);
  const weights = fromTorchKernel(weight.data, geometry);
  const biases = biasesOf(b, node, filters);
  b.connect(
    node,
    { synapses: { kind: "convolution", ...geometry }, weights, biases },
    imageSignal(geometry.output, axes),
  );
}

/** [n] of a sequence, [rows, columns] of an image. */
function pair(values: readonly number[]): [number, number] {
  return values.length === 1 ? [1, values[0]] : [values[0], values[1]];
}

function imageSignal(image: ImageShape, axes: 1 | 2): Signal {
  const [height, width, channels] = image;
  return { shape: axes === 1 ? [channels, width] : [channels, height, width], image };
}

function checkInputShape(b: Builder, node: NirNode, [height, width]: ImageShape, axes: 1 | 2): void {
  if (node.fields.input_shape === undefined) return;
  const stated = counts(node, "input_shape", b.source, axes, 1);
  const there = axes === 1 ? [width] : [height, width];
  if (stated.some((n, axis) => n !== there[axis]))
    throw nirInvalid(
      b.source,
      `its input_shape is [${stated.join(", ")}], and [${there.join(", ")}] comes in`,
      node.name,
    );
}

type Padding = NonNullable<Parameters<typeof convolution>[1]["padding"]>;

function paddingOf(b: Builder, node: NirNode, axes: 1 | 2, strides: readonly number[]): Padding {
  const { padding } = node.fields;
  if (padding === "valid") return "valid";
  if (padding === "same") {
    if (strides.some((n) => n !== 1))
      throw nirUnsupported(b.source, 'its padding is "same" with strides, which torch has not', node.name);
    return "same";
  }
  if (typeof padding === "string") throw nirInvalid(b.source, `its padding is "${padding}"`, node.name);
  const own = counts(node, "padding", b.source, axes, 0);
  const [rows, columns] = axes === 1 ? [0, own[0]] : own;
  return [
    [rows, rows],
    [columns, columns],
  ];
}

function sound(b: Builder, node: NirNode, geometry: Convolution): void {
  const problem = convolutionProblem(geometry);
  if (problem !== undefined || sizeOf(geometry.output) > LARGEST_SIGNAL)
    throw nirInvalid(b.source, problem ?? `its output is [${geometry.output.join(", ")}]`, node.name);
}

function pool(b: Builder, node: NirNode, kind: "average" | "sum"): void {
  const { source } = b;
  const image = imageInto(b, node, undefined);
  const kernel = pair(counts(node, "kernel_size", source, 2, 1));
  const strides = node.fields.stride === undefined ? kernel : pair(counts(node, "stride", source, 2, 1));
  const [rows, columns] = node.fields.padding === undefined ? [0, 0] : counts(node, "padding", source, 2, 0);
  const around = [
    [rows, rows],
    [columns, columns],
  ] as const;
  const window = convolution(image, { filters: image[2], kernel, strides, padding: around });
  sound(b, node, window);
  // torch's average counts what lies outside of the image as zeros: a sum of all, divided by the whole window.
  const padded = rows > 0 || columns > 0;
  const spread = kind === "average" && padded;
  b.pool(node, { kind: spread ? "sum" : kind, window }, imageSignal(window.output, 2));
  if (spread) b.multiply(Float64Array.of(1 / (kernel[0] * kernel[1])));
}

function flatten(b: Builder, node: NirNode): void {
  const { shape, image } = b.into(node);
  const index = (name: string, absent: number): number =>
    node.fields[name] === undefined ? absent : numbersIn(field(node, name, b.source))[0];
  const rank = shape.length;
  const [start, end] = [index("start_dim", 1), index("end_dim", -1)].map((n) => (n < 0 ? rank + n : n));
  const left = [...shape.slice(0, start), sizeOf(shape.slice(start, end + 1)), ...shape.slice(end + 1)];
  const whole = left.filter((n) => n !== 1).length <= 1;
  if (!whole && !(start === 1 && end >= rank - 1))
    throw nirUnsupported(
      b.source,
      `of [${shape.join(", ")}] it leaves [${left.join(", ")}] instead of one list`,
      node.name,
    );
  if (!whole)
    b.note(
      `node "${node.name}" flattens [${shape.join(", ")}] from dimension 1 on: that is counted with a batch in front, so all of it becomes one list`,
    );
  b.signal = { shape: [sizeOf(shape)], ...(image && { image }) };
  b.flattened = true;
}

function neurons(b: Builder, { node, recurrent }: Link, options: NirOptions): void {
  if (!b.signal) b.begin({ shape: [...field(node, "r", b.source).shape] });
  const signal = b.into(node);
  const size = sizeOf(signal.shape);
  const parameter = (name: string, absent?: number) => {
    if (name === "v_reset" && node.fields.v_reset === undefined) b.note("v_reset is 0, which the file leaves out");
    return perNeuron(node, name, signal, b.source, b.note, absent);
  };
  const silent = ["I", "LI", "CubaLI"].includes(node.type);
  const back = recurrent && recurrence(b, recurrent, size);
  b.fire(
    node,
    (scale) => {
      const made = neuronOf({ name: node.name, type: node.type, parameter, size }, options, b.source);
      return scale ? { ...made, gain: product(made.gain, scale) } : made;
    },
    back,
  );
  if (silent) b.silent = node;
}

function product(values: Values, scale: Float64Array): Values {
  const own = typeof values === "number" ? Float64Array.of(values) : Float64Array.from(values);
  return each([own, scale], (a, s) => a * s);
}

/** From each neuron to each of the same layer: rows are where spikes come from. */
function recurrence(
  b: Builder,
  by: NirNode | "self",
  size: number,
): { weights: Float32Array; biases: Float32Array | null } {
  if (by === "self") {
    const weights = new Float32Array(size * size);
    for (let k = 0; k < size; k++) weights[k * size + k] = 1;
    return { weights, biases: null };
  }
  const { data, shape } = weightsOf(by, "weight", b.source, b.note);
  if (shape.length !== 2 || shape[0] !== size || shape[1] !== size)
    throw nirInvalid(b.source, `its weights have the shape [${shape.join(", ")}] for ${size} neurons`, by.name);
  return { weights: transposed(data, size, size), biases: by.type === "Affine" ? biasesOf(b, by, size) : null };
}

/** z = H(x - threshold): neurons that forget all from step to step. */
function threshold(b: Builder, node: NirNode): void {
  const signal = b.into(node);
  const values = each([perNeuron(node, "threshold", signal, b.source, b.note)], (v) => v);
  b.fire(node, (scale) =>
    neuron("lif", {
      beta: 0,
      threshold: values,
      reset: "value",
      ...(scale && { gain: product(1, scale) }),
    }),
  );
}

function delay(b: Builder, node: NirNode): void {
  const longest = numbersIn(field(node, "delay", b.source)).find((value) => value !== 0);
  if (longest !== undefined)
    throw nirUnsupported(b.source, `it delays by ${longest}: layers here follow each other within a step`, node.name);
  b.into(node);
}
