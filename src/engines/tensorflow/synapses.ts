import { paddingOf } from "./differentiable.ts";
import type { Eager, Handle } from "./eager.ts";
import { type SpikingLayer, synapticInputs } from "../../network/old/spiking-network.ts";

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
export function createSynapses({ run, upload }: Eager, layer: SpikingLayer, rows: number): Synapses {
  const { convolution, outputs } = layer;
  const inputs = synapticInputs(layer);
  if (!convolution)
    return {
      forward: (x, weights) => run("MatMul", [x, weights], plain),
      weightGradient: (x, gradient) => run("MatMul", [x, gradient], transposeA),
      inputGradient: (weights, gradient) => run("MatMul", [gradient, weights], transposeB),
      shape: [inputs, outputs],
    };
  const { input, output, kernel, strides } = convolution;
  const shape = [...kernel, input[2], output[2]];
  const attributes = { ...float, strides: [1, ...strides, 1], ...paddingOf(convolution) };
  const reshaped = (x: Handle, to: readonly number[]): Handle =>
    run("Reshape", [x, upload(Int32Array.from(to), [to.length])], reshaping);
  const images = [rows, ...input];
  const results = [rows, ...output];
  const list = (values: readonly number[]): Handle => upload(Int32Array.from(values), [values.length]);
  return {
    forward: (x, weights) => reshaped(run("Conv2D", [reshaped(x, images), weights], attributes), [rows, outputs]),
    weightGradient: (x, gradient) =>
      run("Conv2DBackpropFilter", [reshaped(x, images), list(shape), reshaped(gradient, results)], attributes),
    inputGradient: (weights, gradient) =>
      reshaped(run("Conv2DBackpropInput", [list(images), weights, reshaped(gradient, results)], attributes), [
        rows,
        inputs,
      ]),
    shape,
  };
}
