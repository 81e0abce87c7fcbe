import type { Convolution } from "../../network/convolution.ts";
import { type Layer, outputsOf, weightShape } from "../../network/layer.ts";
import type { Eager, Handle } from "./eager.ts";

/** The weights of one layer as TensorFlow's operations, over many rows (states and steps) at once. */
export interface Synapses {
  /** x W for `x` [rows, inputs]: [rows, outputs], biases left out. */
  forward(x: Handle, weights: Handle): Handle;
  /** From the gradient at the result: that of the weights. */
  weightGradient(x: Handle, gradient: Handle): Handle;
  /** ... and that of the inputs, [rows, inputs]. */
  inputGradient(weights: Handle, gradient: Handle): Handle;
  /** Of the weights, as TensorFlow has them. */
  readonly shape: readonly number[];
}

const float = { T: { type: "float" } } as const;
const plain = { ...float, transpose_a: false, transpose_b: false };
const transposeA = { ...float, transpose_a: true, transpose_b: false };
const transposeB = { ...float, transpose_a: false, transpose_b: true };
const reshaping = { T: { type: "float" }, Tshape: { type: "int32" } } as const;

/** `rows`: how many there are in every call. */
export function createSynapses({ run, upload }: Eager, { synapses }: Pick<Layer, "synapses">, rows: number): Synapses {
  const shape = weightShape({ synapses });
  if (synapses.kind === "dense")
    return {
      forward: (x, weights) => run("MatMul", [x, weights], plain),
      weightGradient: (x, gradient) => run("MatMul", [x, gradient], transposeA),
      inputGradient: (weights, gradient) => run("MatMul", [gradient, weights], transposeB),
      shape,
    };
  const { input, output, strides } = synapses;
  const attributes = { ...float, strides: [1, ...strides, 1], ...paddingOf(synapses) };
  const list = (values: readonly number[]): Handle => upload(Int32Array.from(values), [values.length]);
  const reshaped = (x: Handle, to: readonly number[]): Handle => run("Reshape", [x, list(to)], reshaping);
  const images = [rows, ...input];
  const results = [rows, ...output];
  return {
    forward: (x, weights) =>
      reshaped(run("Conv2D", [reshaped(x, images), weights], attributes), [rows, outputsOf({ synapses })]),
    weightGradient: (x, gradient) =>
      run("Conv2DBackpropFilter", [reshaped(x, images), list(shape), reshaped(gradient, results)], attributes),
    inputGradient: (weights, gradient) =>
      reshaped(run("Conv2DBackpropInput", [list(images), weights, reshaped(gradient, results)], attributes), [
        rows,
        images.slice(1).reduce((size, n) => size * n, 1),
      ]),
    shape,
  };
}

/** TensorFlow's name for a geometry's padding, or the rows and columns themselves. */
export function paddingOf(convolution: Convolution): { padding: string; explicit_paddings?: readonly number[] } {
  const { input, output, kernel, strides, padding } = convolution;
  const total = [0, 1].map((axis) => Math.max(0, (output[axis] - 1) * strides[axis] + kernel[axis] - input[axis]));
  if (total[0] === 0 && total[1] === 0) return { padding: "VALID" };
  const same = [0, 1].every(
    (axis) => output[axis] === Math.ceil(input[axis] / strides[axis]) && padding[axis] === total[axis] >> 1,
  );
  if (same) return { padding: "SAME" };
  const [top, left] = padding;
  const explicit = [0, 0, top, Math.max(0, total[0] - top), left, Math.max(0, total[1] - left), 0, 0];
  return { padding: "EXPLICIT", explicit_paddings: explicit };
}
