import { type Tensor, tensor, transposed } from "../../files/tensor.ts";
import { type Convolution, convolution, type ImageShape, sizeOf } from "../../network/convolution.ts";
import { encodeNetwork, networkTensors } from "../../network/file/codec.ts";
import { columnsOf, inputsOf, outputsOf, type SpikingLayer } from "../../network/layer.ts";
import { isSpiking, type Network, spikingLayers, type SpikingNetwork } from "../../network/network.ts";
import { type GroupToWrite, type Text, writeHdf5 } from "../hdf5/write.ts";
import { reordered, toTorchKernel } from "../torch-layout.ts";
import { nirUnsupported } from "./errors.ts";
import { neuronToWrite } from "./neurons-to-write.ts";

/** Of NIR itself, as which files are written. */
const VERSION = "1.0.8";
/** Seconds per step, as snnTorch and SpikingJelly have it. */
export const EXPORTED_DT = 1e-4;

/** The bytes of a file, and in which way it is another network to other readers. */
export interface WrittenNir {
  readonly bytes: Uint8Array;
  readonly warnings: readonly string[];
}

/** A node's type and numbers, or a graph within the graph. */
export type NodeToWrite =
  { readonly type: string; readonly fields: Readonly<Record<string, Tensor | string>> } | GraphToWrite;

export interface GraphToWrite {
  readonly nodes: ReadonlyMap<string, NodeToWrite>;
  readonly edges: readonly (readonly [string, string])[];
}

/**
 * A spiking network as a file of NIR 1.0. What NIR can't say stands in the metadata `dsqn`, so that our own reader gets the same network bit for bit; others
 * get the nearest that NIR can say, and `warnings` tell where that is another network. NIR_UNSUPPORTED for what has no node at all.
 */
export function writeNir(network: Network): WrittenNir {
  if (!isSpiking(network)) throw nirUnsupported("The network", "it does not spike, and NIR has no node for ReLUs");
  const warnings = new Map<string, number[]>();
  const graph = graphOf(network, (what, layer) => warnings.set(what, [...(warnings.get(what) ?? []), layer]));
  const root = graphToWrite(graph);
  const members = { ...root.members, metadata: { members: metadataOf(network) } };
  const bytes = writeHdf5({ members: { version: VERSION, node: { members } } });
  const told = [...warnings].map(
    ([what, layers]) => `layer${layers.length > 1 ? "s" : ""} ${layers.join(", ")}: ${what}`,
  );
  return { bytes, warnings: [...told, ...codingWarnings(network)] };
}

/** The names of the nodes of each layer's neurons, as NIRData has them. */
export function neuronNames(network: SpikingNetwork): string[] {
  return network.layers.map((_, l) => (recurs(network, l) ? `neurons${l}/lif` : `neurons${l}`));
}

/** Whether spikes of a layer come back to it: an output layer that is read by its potential has none. */
function recurs(network: SpikingNetwork, l: number): boolean {
  return network.layers[l].recurrent !== undefined && l < spikingLayers(network);
}

function codingWarnings({ coding, input, layers }: SpikingNetwork): string[] {
  const { encoding, signedInputs, biasInput } = coding;
  return [
    encoding !== "constant" && `inputs are encoded (${encoding}) before they enter, which NIR does not say`,
    signedInputs && "inputs are split into positive and negative parts before they enter, which NIR does not say",
    biasInput && "a constant 1 is appended to inputs, which NIR does not say",
    input.length === 3 &&
      layers[0].synapses.kind === "dense" &&
      !layers[0].pooling &&
      "its input is an image whose values come in the order rows, columns, channels, which NIR does not say",
  ].filter((line) => line !== false);
}

/** What NIR has no words for: the network without its weights, in the metadata's `dsqn`, and parameters that each neuron has its own of. */
function metadataOf(network: SpikingNetwork): Record<string, Tensor | string> {
  const { layers, ...rest } = JSON.parse(encodeNetwork(network).description) as { layers: object[] };
  const description = { ...rest, layers: layers.map((layer) => ({ ...layer, populations: undefined })) };
  const withoutBiases = network.layers.flatMap(({ biases }, l) => (biases ? [] : [l]));
  const own = Object.entries(networkTensors(network)).filter(([name]) => {
    const [, l, part] = name.split(".");
    return part === "recurrent" ? !recurs(network, Number(l)) : part !== "weight" && part !== "bias";
  });
  return {
    ...Object.fromEntries(own),
    dsqn: JSON.stringify({ format: 1, dt: EXPORTED_DT, withoutBiases, network: description }),
  };
}

/** The nodes and edges; `warn` is told where others will read another network. */
export function graphOf(network: SpikingNetwork, warn: (what: string, layer: number) => void): GraphToWrite {
  const nodes = new Map<string, NodeToWrite>();
  const edges: [string, string][] = [];
  let last = "input";
  const add = (name: string, node: NodeToWrite): void => {
    nodes.set(name, node);
    edges.push([last, name]);
    last = name;
  };
  const first = network.layers[0];
  const begin =
    first.pooling?.window.input ?? (first.synapses.kind === "convolution" ? first.synapses.input : undefined);
  let image: ImageShape | undefined = begin;
  nodes.set("input", { type: "Input", fields: { shape: whole(begin ? channelsFirst(begin) : [inputsOf(first)]) } });
  for (const [l, layer] of network.layers.entries()) {
    const { pooling, synapses } = layer;
    if (pooling) {
      add(`pool${l}`, poolToWrite(pooling, l, warn));
      image = pooling.window.output;
    }
    if (synapses.kind === "dense" && image)
      add(`flatten${l}`, {
        type: "Flatten",
        fields: { start_dim: one(0), end_dim: one(-1), input_type: whole(channelsFirst(image)) },
      });
    add(`weights${l}`, synapsesToWrite(layer, l, image));
    image = synapses.kind === "convolution" ? synapses.output : undefined;
    const shape = image ? channelsFirst(image) : [outputsOf(layer)];
    const fires = l < spikingLayers(network);
    const node = neuronToWrite(layer.activation, { shape, image, fires, dt: EXPORTED_DT }, (what) => warn(what, l));
    add(`neurons${l}`, recurs(network, l) ? recurrentToWrite(node, layer.recurrent!, outputsOf(layer)) : node);
  }
  const shape = image ? channelsFirst(image) : [outputsOf(network.layers.at(-1)!)];
  add("output", { type: "Output", fields: { shape: whole(shape) } });
  return { nodes, edges };
}

const whole = (values: readonly number[]): Tensor => tensor(BigInt64Array.from(values, BigInt));
const one = (value: number): Tensor => tensor(BigInt64Array.of(BigInt(value)), []);

function channelsFirst([height, width, channels]: ImageShape): number[] {
  return [channels, height, width];
}

function poolToWrite(
  { kind, window }: NonNullable<SpikingLayer["pooling"]>,
  l: number,
  warn: (what: string, layer: number) => void,
): NodeToWrite {
  if (kind === "max" || kind === "step-max")
    throw nirUnsupported("The network", `layer ${l} has ${kind} pooling, and NIR knows averages and sums alone`);
  const padding = symmetric(window);
  if (!padding)
    throw nirUnsupported("The network", `layer ${l} pools windows that reach over one side of the image only`);
  if (kind === "average" && padding.some((n) => n > 0))
    warn("averages of windows at the edges are over what lies inside; NIR's count zeros outside", l);
  const { kernel, strides } = window;
  const type = kind === "average" ? "AvgPool2d" : "SumPool2d";
  return { type, fields: { kernel_size: whole(kernel), stride: whole(strides), padding: whole(padding) } };
}

/** Zeros on both sides that make this geometry; undefined where the sides differ. */
function symmetric(geometry: Convolution): readonly [number, number] | undefined {
  const { input, output, kernel, strides, padding } = geometry;
  const around = [
    [padding[0], padding[0]],
    [padding[1], padding[1]],
  ] as const;
  const same = convolution(input, { filters: output[2], kernel, strides, padding: around }).output;
  return same.every((n, axis) => n === output[axis]) ? padding : undefined;
}

function synapsesToWrite(layer: SpikingLayer, l: number, image: ImageShape | undefined): NodeToWrite {
  const { synapses, weights, biases } = layer;
  if (synapses.kind === "dense") {
    const { inputs, outputs } = synapses;
    const rows = image ? reordered(weights, outputs, image, "to torch") : weights;
    const weight = tensor(transposed(rows, inputs, outputs), [outputs, inputs]);
    return biases
      ? { type: "Affine", fields: { weight, bias: tensor(biases) } }
      : { type: "Linear", fields: { weight } };
  }
  if (biases && biases.length !== columnsOf(layer))
    throw nirUnsupported("The network", `layer ${l} is a convolution whose biases differ from place to place`);
  const { input, output, kernel, strides } = synapses;
  return {
    type: "Conv2d",
    fields: {
      input_shape: whole([input[0], input[1]]),
      weight: tensor(toTorchKernel(weights, synapses), [output[2], input[2], ...kernel]),
      stride: whole(strides),
      padding: paddingToWrite(synapses, l),
      dilation: whole([1, 1]),
      groups: one(1),
      bias: tensor(biases ?? new Float32Array(output[2])),
    },
  };
}

function paddingToWrite(geometry: Convolution, l: number): Tensor | string {
  const padding = symmetric(geometry);
  if (padding) return whole(padding);
  const { input, output, kernel, strides } = geometry;
  const same = convolution(input, { filters: output[2], kernel, strides, padding: "same" });
  const equal = same.padding.join() === geometry.padding.join() && sizeOf(same.output) === sizeOf(output);
  if (equal && strides.every((n) => n === 1)) return "same";
  throw nirUnsupported("The network", `layer ${l} is a convolution with other zeros on one side than on the other`);
}

/** As snnTorch writes it: a graph of the neurons and the weights back to them. */
function recurrentToWrite(neurons: NodeToWrite, recurrent: Float32Array, n: number): NodeToWrite {
  const port = { shape: whole([n]) };
  return {
    nodes: new Map<string, NodeToWrite>([
      ["input", { type: "Input", fields: port }],
      ["lif", neurons],
      ["w_rec", { type: "Linear", fields: { weight: tensor(transposed(recurrent, n, n), [n, n]) } }],
      ["output", { type: "Output", fields: port }],
    ]),
    edges: [
      ["input", "lif"],
      ["lif", "w_rec"],
      ["w_rec", "lif"],
      ["lif", "output"],
    ],
  };
}

function graphToWrite({ nodes, edges }: GraphToWrite): GroupToWrite {
  const written = [...nodes].map(([name, node]): [string, GroupToWrite] => {
    if (!("nodes" in node)) return [name, { members: { type: node.type, ...node.fields } }];
    return [name, graphToWrite(node)];
  });
  const pairs: Text = { shape: [edges.length, 2], text: edges.flat() };
  return { members: { type: "NIRGraph", nodes: { members: Object.fromEntries(written) }, edges: pairs } };
}
