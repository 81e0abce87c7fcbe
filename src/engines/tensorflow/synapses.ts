import type { Convolution } from "../../network/convolution.ts";
import { type Layer, weightShape } from "../../network/layer.ts";
import type { Eager, Handle } from "./eager.ts";

/** Where operations go: to TensorFlow at once, or into a graph that is recorded. */
export type Operations = Pick<Eager, "run" | "upload">;

/** The weights of one layer as TensorFlow's operations on batches of images, or of lists; biases left out. */
export interface Synapses {
  forward(x: Handle, weights: Handle): Handle;
  /** From the gradient at the result: that of the weights. */
  weightGradient(x: Handle, gradient: Handle): Handle;
  /** ... and that of `x`. */
  inputGradient(x: Handle, weights: Handle, gradient: Handle): Handle;
}

const float = { T: { type: "float" } } as const;
const plain = { ...float, transpose_a: false, transpose_b: false };
const transposeA = { ...float, transpose_a: true, transpose_b: false };
const transposeB = { ...float, transpose_a: false, transpose_b: true };
const reshaping = { T: { type: "float" }, Tshape: { type: "int32" } } as const;
const shaping = { T: { type: "float" }, out_type: { type: "int32" } } as const;

export function createSynapses({ run, upload }: Operations, { synapses }: Pick<Layer, "synapses">): Synapses {
  const shapeOf = (x: Handle): Handle => run("Shape", [x], shaping);
  if (synapses.kind === "dense") {
    const flattened = upload(Int32Array.of(-1, synapses.inputs), [2]);
    const flat = (x: Handle): Handle => run("Reshape", [x, flattened], reshaping);
    return {
      forward: (x, weights) => run("MatMul", [flat(x), weights], plain),
      weightGradient: (x, gradient) => run("MatMul", [flat(x), gradient], transposeA),
      inputGradient: (x, weights, gradient) =>
        run("Reshape", [run("MatMul", [gradient, weights], transposeB), shapeOf(x)], reshaping),
    };
  }
  const attributes = { ...float, strides: [1, ...synapses.strides, 1], ...paddingOf(synapses) };
  const kernel = upload(Int32Array.from(weightShape({ synapses })), [4]);
  return {
    forward: (x, weights) => run("Conv2D", [x, weights], attributes),
    weightGradient: (x, gradient) => run("Conv2DBackpropFilter", [x, kernel, gradient], attributes),
    inputGradient: (x, weights, gradient) => run("Conv2DBackpropInput", [shapeOf(x), weights, gradient], attributes),
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
