import { DsqnError } from "../../errors.ts";
import { convolutionProblem, type ImageShape, kernelSize, sizeOf } from "../convolution.ts";
import { type ConvolutionalLayer, type ConvolutionalNetwork, layerInput, layerOutput } from "./convolutional-network.ts";

/**
 * Refuses a convolutional network that can't be run, by an error (NETWORK_INVALID) that names the layer or tensor: shapes that don't
 * fit or chain, geometries without sense, values that are not finite, and a last layer other than dense and linear.
 */
export function validateConvolutional(network: ConvolutionalNetwork): void {
  const { input, inputScale, layers } = network;
  if (input.length !== 3 || !input.every(isCount))
    fail(`The network's input is [${input.join(", ")}] instead of height, width and channels`);
  if (!Number.isFinite(inputScale) || inputScale === 0) fail(`The network's inputScale is ${inputScale}`);
  if (layers.length === 0) fail("The network has no layers");
  let shape: ImageShape = input;
  for (const [l, layer] of layers.entries()) {
    checkGeometry(layer, l);
    checkChain(layer, shape, l);
    checkTensors(layer, l);
    if ("activation" in layer && layer.activation !== "relu" && layer.activation !== "linear")
      fail(`Layer ${l} has the activation "${String(layer.activation)}", which is neither relu nor linear`, l);
    shape = layerOutput(layer);
  }
  const last = layers.at(-1)!;
  if (last.kind !== "dense" || last.activation !== "linear")
    fail(`Layer ${layers.length - 1}, the last, must be dense and linear: one value per action`, layers.length - 1);
}

/** Layer l by number and kind, as errors name it. */
function named({ kind }: ConvolutionalLayer, l: number): string {
  return `Layer ${l} (${kind})`;
}

function checkGeometry(layer: ConvolutionalLayer, l: number): void {
  switch (layer.kind) {
    case "convolution":
    case "average-pooling":
    case "max-pooling": {
      const geometry = layer.kind === "convolution" ? layer.convolution : layer.window;
      const problem = convolutionProblem(geometry);
      if (problem !== undefined) fail(`${named(layer, l)}: ${problem}`, l);
      if (layer.kind !== "convolution" && geometry.input[2] !== geometry.output[2])
        fail(`${named(layer, l)} makes ${geometry.output[2]} channels of ${geometry.input[2]}`, l);
      return;
    }
    case "batch-norm":
      if (layer.shape.length !== 3 || !layer.shape.every(isCount))
        fail(`${named(layer, l)} has the shape [${layer.shape.join(", ")}]`, l);
      return;
    case "dense":
      if (!isCount(layer.inputs) || !isCount(layer.outputs))
        fail(`${named(layer, l)} has ${layer.inputs} inputs and ${layer.outputs} outputs`, l);
      return;
    default:
      fail(`Layer ${l} has the unknown kind "${String((layer as { kind: unknown }).kind)}"`, l);
  }
}

function checkChain(layer: ConvolutionalLayer, before: ImageShape, l: number): void {
  const from = l > 0 ? `layer ${l - 1} puts out` : "the network's input is";
  const own = layerInput(layer);
  // Dense layers, and batch normalisations of single values, see an image as the list of its values.
  const flat = layer.kind === "dense" || (layer.kind === "batch-norm" && own[0] * own[1] === 1);
  if (flat ? sizeOf(own) === sizeOf(before) : own.every((n, axis) => n === before[axis])) return;
  const wanted = layer.kind === "dense" ? `${layer.inputs} values` : own.join(" x ");
  fail(`${named(layer, l)} takes ${wanted}, but ${from} ${before.join(" x ")} = ${sizeOf(before)}`, l);
}

function checkTensors(layer: ConvolutionalLayer, l: number): void {
  if (layer.kind === "convolution") {
    const { kernel, input, output } = layer.convolution;
    const shape = [...kernel, input[2], output[2]];
    checkTensor(`layers.${l}.weight`, layer.weights, kernelSize(layer.convolution), shape, l);
    checkTensor(`layers.${l}.bias`, layer.biases, output[2], [output[2]], l);
  } else if (layer.kind === "dense") {
    const { inputs, outputs } = layer;
    checkTensor(`layers.${l}.weight`, layer.weights, inputs * outputs, [inputs, outputs], l);
    checkTensor(`layers.${l}.bias`, layer.biases, outputs, [outputs], l);
  } else if (layer.kind === "batch-norm") {
    const channels = layer.shape[2];
    for (const name of ["gamma", "beta", "mean", "variance"] as const)
      checkTensor(`layers.${l}.${name}`, layer[name], channels, [channels], l);
    if (!layer.variance.every((value) => value >= 0 && value + layer.epsilon > 0))
      fail(`${named(layer, l)} has a variance below 0, or 0 with an epsilon of ${layer.epsilon}`, l);
  }
}

function checkTensor(name: string, data: Float32Array, size: number, shape: readonly number[], layer: number): void {
  if (data.length !== size)
    fail(`${name} has ${data.length} values instead of ${size} for shape [${shape.join(", ")}]`, layer, name);
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) fail(`${name} holds ${data[bad]} at index ${bad}`, layer, name);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

function fail(problem: string, layer?: number, tensor?: string): never {
  throw new DsqnError("NETWORK_INVALID", `${problem}.`, { facts: { layer, tensor } });
}
