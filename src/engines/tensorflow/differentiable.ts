import { DsqnError } from "../../errors.ts";
import type { Convolution } from "../../network/convolution.ts";
import type { Handle } from "./eager.ts";
import type { Graph } from "./graph.ts";
import type { ConvolutionalLayer, ConvolutionalNetwork } from "../../network/old/convolutional-network.ts";

/** A layer as TensorFlow's operations. `parameters`: its weights and biases, none for pooling. */
interface Operation {
  readonly parameters: readonly Parameter[];
  /** `x`: [batch, ...input] in. */
  forward(x: Handle, parameters: readonly Handle[]): Handle;
  /** From the gradient at its output: that of its parameters, and that of its input unless nobody asks. */
  backward(
    pass: { x: Handle; y: Handle; gradient: Handle; parameters: readonly Handle[] },
    inputToo: boolean,
  ): { input?: Handle; parameters: readonly Handle[] };
}

interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

const float = { T: { type: "float" } } as const;

/** A network's forward and backward pass over batches. */
export interface Differentiable {
  readonly parameters: readonly Parameter[];
  readonly actions: number;
  /** Values of each action, [batch, actions], for `frames`: bytes, [batch, height, width, channels]. */
  values(frames: Handle, parameters: readonly Handle[]): Handle;
  /** The same, each layer's output (the last one's are the values), and how the gradient at the values goes back to all parameters. */
  record(
    frames: Handle,
    parameters: readonly Handle[],
  ): {
    values: Handle;
    activations: readonly Handle[];
    gradients: (atValues: Handle) => readonly Handle[];
  };
}

/**
 * `network` as operations of `graph`. inputScale is multiplied into the first layer's weights instead of every pixel.
 *
 * @throws DsqnError LAYER_UNTRAINABLE for a layer that cannot be learned.
 */
export function differentiable(graph: Graph, network: ConvolutionalNetwork): Differentiable {
  const { run } = graph;
  const operations = network.layers.map((layer, l) => operation(graph, layer, l));
  const first = operations[0];
  if (first.parameters.length === 0) untrainable(network.layers[0], 0, "comes before any layer with weights");
  const scale = graph.upload(Float32Array.of(network.inputScale), []);
  const own = (parameters: readonly Handle[], l: number): readonly Handle[] => {
    const start = operations.slice(0, l).reduce((n, { parameters: p }) => n + p.length, 0);
    const mine = parameters.slice(start, start + operations[l].parameters.length);
    return l === 0 ? [run("Mul", [mine[0], scale], float), mine[1]] : mine;
  };
  const cast = { SrcT: { type: "uint8" }, DstT: { type: "float" } } as const;
  return {
    parameters: operations.flatMap(({ parameters }) => parameters),
    actions: (network.layers.at(-1) as { outputs: number }).outputs,
    values: (frames, parameters) =>
      operations.reduce((x, { forward }, l) => forward(x, own(parameters, l)), run("Cast", [frames], cast)),
    record(frames, parameters) {
      const passes: { x: Handle; y: Handle; parameters: readonly Handle[] }[] = [];
      let x = run("Cast", [frames], cast);
      for (const [l, { forward }] of operations.entries()) {
        const mine = own(parameters, l);
        const y = forward(x, mine);
        passes.push({ x, y, parameters: mine });
        x = y;
      }
      return {
        values: x,
        activations: passes.map(({ y }) => y),
        gradients(gradient) {
          const all: Handle[] = [];
          for (let l = operations.length - 1; l >= 0; l--) {
            const back = operations[l].backward({ ...passes[l], gradient }, l > 0);
            all.unshift(...back.parameters);
            gradient = back.input!;
          }
          all[0] = run("Mul", [all[0], scale], float);
          return all;
        },
      };
    },
  };
}

function operation(graph: Graph, layer: ConvolutionalLayer, l: number): Operation {
  if (layer.kind === "convolution") return convolutional(graph, layer, l);
  if (layer.kind === "dense") return flat(graph, layer, l);
  if (layer.kind === "batch-norm") return untrainable(layer, l, "has frozen statistics; fold it into the layer before");
  return pooling(graph, layer, l);
}

function convolutional(
  { run, upload }: Graph,
  layer: ConvolutionalLayer & { kind: "convolution" },
  l: number,
): Operation {
  const { convolution, activation } = layer;
  const kernel = [...convolution.kernel, convolution.input[2], convolution.output[2]];
  const attributes = { ...float, strides: [1, ...convolution.strides, 1], ...paddingOf(convolution) };
  const kernelShape = upload(Int32Array.from(kernel), [4]);
  const activate = activation === "relu";
  return {
    parameters: [
      { name: `layers.${l}.weight`, shape: kernel, values: layer.weights },
      { name: `layers.${l}.bias`, shape: [convolution.output[2]], values: layer.biases },
    ],
    forward(x, [weights, biases]) {
      const z = run("BiasAdd", [run("Conv2D", [x, weights], attributes), biases], float);
      return activate ? run("Relu", [z], float) : z;
    },
    backward({ x, y, gradient, parameters: [weights] }, inputToo) {
      const g = activate ? run("ReluGrad", [gradient, y], float) : gradient;
      const parameters = [run("Conv2DBackpropFilter", [x, kernelShape, g], attributes), run("BiasAddGrad", [g], float)];
      if (!inputToo) return { parameters };
      const inputShape = run("Shape", [x], shapeAttributes);
      return { parameters, input: run("Conv2DBackpropInput", [inputShape, weights, g], attributes) };
    },
  };
}

const shapeAttributes = { T: { type: "float" }, out_type: { type: "int32" } } as const;
const plain = { ...float, transpose_a: false, transpose_b: false };
const transposeA = { ...float, transpose_a: true, transpose_b: false };
const transposeB = { ...float, transpose_a: false, transpose_b: true };
const reshape = { T: { type: "float" }, Tshape: { type: "int32" } } as const;

function flat({ run, upload }: Graph, layer: ConvolutionalLayer & { kind: "dense" }, l: number): Operation {
  const { inputs, outputs, activation } = layer;
  const flattened = upload(Int32Array.of(-1, inputs), [2]);
  const activate = activation === "relu";
  return {
    parameters: [
      { name: `layers.${l}.weight`, shape: [inputs, outputs], values: layer.weights },
      { name: `layers.${l}.bias`, shape: [outputs], values: layer.biases },
    ],
    forward(x, [weights, biases]) {
      const z = run(
        "BiasAdd",
        [run("MatMul", [run("Reshape", [x, flattened], reshape), weights], plain), biases],
        float,
      );
      return activate ? run("Relu", [z], float) : z;
    },
    backward({ x, y, gradient, parameters: [weights] }, inputToo) {
      const g = activate ? run("ReluGrad", [gradient, y], float) : gradient;
      const rows = run("Reshape", [x, flattened], reshape);
      const parameters = [run("MatMul", [rows, g], transposeA), run("BiasAddGrad", [g], float)];
      if (!inputToo) return { parameters };
      const input = run("MatMul", [g, weights], transposeB);
      return { parameters, input: run("Reshape", [input, run("Shape", [x], shapeAttributes)], reshape) };
    },
  };
}

function pooling(
  { run }: Graph,
  layer: ConvolutionalLayer & { kind: "average-pooling" | "max-pooling" },
  l: number,
): Operation {
  const { window } = layer;
  const padding = paddingOf(window).padding;
  if (padding === "EXPLICIT") untrainable(layer, l, 'is padded neither as "valid" nor as "same"');
  const attributes = { ...float, ksize: [1, ...window.kernel, 1], strides: [1, ...window.strides, 1], padding };
  const average = layer.kind === "average-pooling";
  return {
    parameters: [],
    forward: (x) => run(average ? "AvgPool" : "MaxPool", [x], attributes),
    backward: ({ x, y, gradient }) => ({
      parameters: [],
      input: average
        ? run("AvgPoolGrad", [run("Shape", [x], shapeAttributes), gradient], attributes)
        : run("MaxPoolGrad", [x, y, gradient], attributes),
    }),
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

function untrainable(layer: ConvolutionalLayer, l: number, why: string): never {
  throw new DsqnError("LAYER_UNTRAINABLE", `Layer ${l} (${layer.kind}) cannot be learned: it ${why}.`, {
    hint: "Learn a network of convolutions, pooling and dense layers; the first layer must have weights.",
    facts: { layer: l, kind: layer.kind },
  });
}
