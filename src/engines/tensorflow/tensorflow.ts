import { type Convolution, sizeOf } from "../../network/convolution.ts";
import type { Tfjs } from "./tfjs.ts";
import { paddingOf } from "./differentiable.ts";
import { type Eager, type Handle, openEager } from "./eager.ts";
import { forEachWindowValue } from "../reference/convolutional.ts";
import {
  type ConvolutionalLayer,
  type ConvolutionalNetwork,
  isPooling,
  layerInput,
  type PoolingLayer,
} from "../../network/old/convolutional-network.ts";
import { validateConvolutional } from "../../network/old/convolutional-validate.ts";

/** A convolutional network inside TensorFlow, for large batches. */
export interface TensorflowRunner {
  /** Values of each action, [batch, actions], for `observations` [batch, height, width, channels]. */
  forward(observations: Float32Array, batch: number): Float32Array;
  close(): void;
}

type Layer = (x: Handle) => Handle;

const float = { T: { type: "float" } } as const;
const matrices = { ...float, transpose_a: false, transpose_b: false };
const reshaping = { T: { type: "float" }, Tshape: { type: "int32" } } as const;
const padding = { T: { type: "float" }, Tpaddings: { type: "int32" } } as const;

/** Every kind of layer as TensorFlow's operations (float32), on the threads that TensorFlow has. */
export function tensorflowRunner(tf: Tfjs, network: ConvolutionalNetwork): TensorflowRunner {
  validateConvolutional(network);
  const eager = openEager(tf);
  const constants: Handle[] = [];
  const constant = (values: Float32Array | Int32Array, shape: readonly number[] = [values.length]): Handle => {
    const handle = eager.upload(values, shape);
    constants.push(handle);
    return handle;
  };
  const scale = constant(Float32Array.of(network.inputScale), []);
  const layers = network.layers.map((layer) => operation(eager, layer, constant));
  return {
    forward(observations, batch) {
      return eager.scope(() => {
        const frames = eager.upload(observations, [batch, ...network.input]);
        const values = layers.reduce((x, layer) => layer(x), eager.run("Mul", [frames, scale], float));
        return Float32Array.from(eager.download(values));
      });
    },
    close: () => eager.free(constants.splice(0)),
  };
}

type Constant = (values: Float32Array | Int32Array, shape?: readonly number[]) => Handle;

function operation(eager: Eager, layer: ConvolutionalLayer, constant: Constant): Layer {
  const { run } = eager;
  if (isPooling(layer)) return pooling(eager, layer, constant);
  const linear = linearPart(eager, layer, constant);
  return layer.activation === "relu" ? (x) => run("Relu", [linear(x)], float) : linear;
}

function linearPart({ run }: Eager, layer: Exclude<ConvolutionalLayer, PoolingLayer>, constant: Constant): Layer {
  switch (layer.kind) {
    case "convolution": {
      const { convolution, weights, biases } = layer;
      const kernel = constant(weights, [...convolution.kernel, convolution.input[2], convolution.output[2]]);
      const attributes = { ...float, strides: [1, ...convolution.strides, 1], ...paddingOf(convolution) };
      const b = constant(biases);
      return (x) => run("BiasAdd", [run("Conv2D", [x, kernel], attributes), b], float);
    }
    case "dense": {
      const { inputs, outputs, weights, biases } = layer;
      const [w, b, rows] = [
        constant(weights, [inputs, outputs]),
        constant(biases),
        constant(Int32Array.of(-1, inputs)),
      ];
      return (x) => run("BiasAdd", [run("MatMul", [run("Reshape", [x, rows], reshaping), w], matrices), b], float);
    }
    case "batch-norm": {
      const { gamma, beta, mean, variance, epsilon } = layer;
      const factors = gamma.map((g, c) => g / Math.sqrt(variance[c] + epsilon));
      const [factor, shift] = [constant(factors), constant(beta.map((b, c) => b - mean[c] * factors[c]))];
      const image = constant(Int32Array.of(-1, ...layerInput(layer)));
      return (x) => run("AddV2", [run("Mul", [run("Reshape", [x, image], reshaping), factor], float), shift], float);
    }
  }
}

/** TensorFlow pools over what lies in the image, but knows only its own two paddings: any other is made by hand. */
function pooling({ run }: Eager, { kind, window }: PoolingLayer, constant: Constant): Layer {
  const { kernel, strides, output } = window;
  const { padding: known, explicit_paddings: explicit } = paddingOf(window);
  const name = kind === "max-pooling" ? "MaxPool" : "AvgPool";
  const image = constant(Int32Array.of(-1, ...window.input));
  const attributes = { ...float, ksize: [1, ...kernel, 1], strides: [1, ...strides, 1] };
  const plain = { ...attributes, padding: explicit ? "VALID" : known };
  if (!explicit) return (x) => run(name, [run("Reshape", [x, image], reshaping)], plain);
  const paddings = constant(Int32Array.from(explicit), [4, 2]);
  const filler = constant(Float32Array.of(kind === "max-pooling" ? -3e38 : 0), []);
  const padded: Layer = (x) =>
    run(name, [run("PadV2", [run("Reshape", [x, image], reshaping), paddings, filler], padding)], plain);
  if (kind === "max-pooling") return padded;
  const share = constant(shares(window), [...output.slice(0, 2), output[2]]);
  return (x) => run("Mul", [padded(x), share], float);
}

/** What a mean over a whole window has to be multiplied by, where a part of it lies outside of the image: [outputs]. */
function shares(window: Convolution): Float32Array {
  const inside = new Float32Array(sizeOf(window.output));
  forEachWindowValue(window, (_source, target) => inside[target]++);
  return inside.map((count) => (window.kernel[0] * window.kernel[1]) / count);
}
