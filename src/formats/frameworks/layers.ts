import { type Tensor, toFloat32, transposed } from "../../files/tensor.ts";
import { convolution, sizeOf } from "../../network/convolution.ts";
import { assemble, batchNorm, type Piece } from "../../network/fold.ts";
import { type Layer, outputsOf, type Pooling, type SpikingLayer } from "../../network/layer.ts";
import { type Coding, codingDefaults, type Decoding, type Shape, type SpikingNetwork } from "../../network/network.ts";
import { fromTorchKernel, reordered } from "../torch-layout.ts";
import { type DescribedLayer, invalid } from "./described.ts";
import { lifOf, summing } from "./neuron.ts";

type Arrays = Readonly<Record<string, Tensor>>;

/** How the network runs and is read, where its file or the caller says. */
export interface ReadingOptions {
  readonly steps: number;
  /** Of the output layer; "spikes" unless given, and "potential", the sum of all steps, where it has no neurons. */
  readonly decoding?: Decoding;
}

/** The network of described layers, whose weights are `arrays` in torch's layouts. `input`: of an observation, channels last. */
export function networkOf(
  layers: readonly DescribedLayer[],
  arrays: Arrays,
  input: Shape,
  { steps, decoding }: ReadingOptions,
  source: string,
): SpikingNetwork {
  const pieces: Piece[] = [];
  let shape = input;
  for (const layer of layers)
    for (const piece of piecesOf(layer, arrays, shape, source)) {
      pieces.push(piece);
      if ("window" in piece) shape = piece.window.output;
      else if (piece.kind === "synapses")
        shape = piece.synapses.kind === "dense" ? [piece.synapses.outputs] : piece.synapses.output;
    }
  const built = assemble(input, 1, pieces).layers;
  const last = layers.at(-1)!;
  const reading = decoding ?? (last.neuron ? "spikes" : "potential");
  const coding: Coding = { ...codingDefaults, steps, decoding: reading };
  return { input, inputScale: 1, coding, layers: built.map((layer, l) => spiking(layer, layers[l], arrays, source)) };
}

function spiking(layer: Layer, described: DescribedLayer, arrays: Arrays, source: string): SpikingLayer {
  const outputs = outputsOf(layer);
  const recurrent = described.recurrent && arrayOf(described.recurrent, arrays, source);
  if (recurrent && recurrent.shape.join() !== [outputs, outputs].join())
    throw invalid(
      source,
      `the recurrent weights "${described.recurrent}" are [${recurrent.shape.join(", ")}] for ${outputs} neurons`,
    );
  return {
    ...layer,
    activation: described.neuron ? lifOf(described.neuron, outputs) : summing,
    ...(recurrent && { recurrent: transposed(toFloat32(recurrent), outputs, outputs) }),
  };
}

function piecesOf(layer: DescribedLayer, arrays: Arrays, shape: Shape, source: string): Piece[] {
  const pooling = layer.pooling && poolingOf(layer, shape, source);
  const before = pooling ? pooling.window.output : shape;
  const { kind, batchNorm: norm } = layer;
  const weight = arrayOf(layer.weight, arrays, source);
  const synapses =
    kind === "linear" ? dense(layer, weight, arrays, before, source) : windows(layer, weight, arrays, before, source);
  return [...(pooling ? [pooling] : []), synapses, ...(norm === undefined ? [] : [normOf(norm, arrays, source)])];
}

type SynapsesPiece = Piece & { kind: "synapses" };

/** What sees an image as a list has its values channel by channel in torch. */
function dense(layer: DescribedLayer, weight: Tensor, arrays: Arrays, shape: Shape, source: string): SynapsesPiece {
  const [outputs, inputs] = weight.shape;
  if (weight.shape.length !== 2) throw wrongShape(layer, weight, "[outputs, inputs]", source);
  const rows = transposed(toFloat32(weight), outputs, inputs);
  const fits = shape.length === 3 && sizeOf(shape) === inputs;
  const weights = fits ? reordered(rows, outputs, shape, "from torch") : rows;
  return {
    kind: "synapses",
    synapses: { kind: "dense", inputs, outputs },
    weights,
    biases: biasOf(layer, arrays, outputs, source),
  };
}

function windows(layer: DescribedLayer, weight: Tensor, arrays: Arrays, shape: Shape, source: string): SynapsesPiece {
  const axes = layer.kind === "conv1d" ? 1 : 2;
  if (weight.shape.length !== 2 + axes)
    throw wrongShape(
      layer,
      weight,
      axes === 1 ? "[outputs, inputs, length]" : "[outputs, inputs, height, width]",
      source,
    );
  const [filters, channels, ...own] = weight.shape;
  if (shape.length !== 3 || shape[2] !== channels)
    throw invalid(source, `"${layer.weight}" takes ${channels} channels, but its input is ${shape.join(" x ")}`);
  const kernel = axes === 1 ? ([1, own[0]] as const) : ([own[0], own[1]] as const);
  const geometry = geometryOf(layer.stride ?? 1, layer.padding ?? 0, axes === 1);
  const image = convolution(shape, { filters, kernel, ...geometry });
  const weights = fromTorchKernel(toFloat32(weight), image);
  return {
    kind: "synapses",
    synapses: { kind: "convolution", ...image },
    weights,
    biases: biasOf(layer, arrays, filters, source),
  };
}

/** A sequence is an image of height 1: whatever has one number along it has 1, or no padding, across. */
function geometryOf(stride: number | number[], padding: number | number[], flat: boolean) {
  const [strides, zeros] = [pair(stride, flat ? 1 : undefined), pair(padding, flat ? 0 : undefined)];
  return { strides, padding: [[zeros[0], zeros[0]], [zeros[1], zeros[1]]] as [[number, number], [number, number]] }; // prettier-ignore
}

function pair(value: number | readonly number[], across?: number): [number, number] {
  const list = typeof value === "number" ? [value] : value;
  if (across !== undefined) return [across, list.at(-1)!];
  return [list[0], list[list.length - 1]];
}

function poolingOf(
  { pooling, size, poolStride, poolPadding = 0, weight }: DescribedLayer,
  shape: Shape,
  source: string,
): Pooling {
  if (shape.length !== 3) throw invalid(source, `the pooling before "${weight}" follows a list of ${shape[0]} values`);
  if (size === undefined) throw invalid(source, `the pooling before "${weight}" has no size`);
  const flat = shape[0] === 1;
  const geometry = geometryOf(poolStride ?? size, poolPadding, flat);
  const window = convolution(shape, { filters: shape[2], kernel: pair(size, flat ? 1 : undefined), ...geometry });
  return { kind: pooling === "max" ? "step-max" : pooling === "sum" ? "sum" : "average", window };
}

/** "n_weight, n_bias, n_running_mean, n_running_var (eval, eps 1e-5)" */
function normOf(text: string, arrays: Arrays, source: string): Piece {
  const found = /^([^(]+)\(eval, eps ([^)]+)\)$/.exec(text.trim());
  const names = found?.[1].split(",").map((name) => name.trim()) ?? [];
  const epsilon = Number(found?.[2]);
  if (names.length !== 4 || !(epsilon >= 0))
    throw invalid(
      source,
      `batchNorm "${text}" is not of the form "weight, bias, running mean, running variance (eval, eps 1e-5)"`,
    );
  const [gamma, beta, mean, variance] = names.map((name) => toFloat32(arrayOf(name, arrays, source)));
  const lengths = [gamma, beta, mean, variance].map(({ length }) => length);
  if (lengths.some((length) => length !== lengths[0]))
    throw invalid(source, `the arrays of batchNorm "${text}" have ${lengths.join(", ")} values`);
  return batchNorm({ gamma, beta, mean, variance }, epsilon);
}

function biasOf({ bias }: DescribedLayer, arrays: Arrays, outputs: number, source: string): Float32Array | null {
  if (bias === undefined || bias === null) return null;
  const found = arrayOf(bias, arrays, source);
  if (found.shape.join() === String(outputs)) return toFloat32(found).slice();
  throw invalid(source, `"${bias}" is [${found.shape.join(", ")}] for ${outputs} outputs`);
}

function arrayOf(name: string, arrays: Arrays, source: string): Tensor {
  // A name of the file's own: "toString" is none, though every object has one.
  const found = Object.hasOwn(arrays, name) ? arrays[name] : undefined;
  if (!found) throw invalid(source, `there is no array "${name}"`, { facts: { array: name } });
  if (!found.dtype.startsWith("float")) throw invalid(source, `"${name}" is ${found.dtype} instead of float32`);
  if (found.shape.includes(0)) throw invalid(source, `"${name}" is empty`);
  return found;
}

function wrongShape(layer: DescribedLayer, { shape }: Tensor, wanted: string, source: string): Error {
  return invalid(source, `"${layer.weight}" is [${shape.join(", ")}]: a ${layer.kind} has ${wanted}`);
}
