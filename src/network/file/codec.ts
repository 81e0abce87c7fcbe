import { type SafetensorsFile } from "../../files/safetensors.ts";
import { type Tensor, tensor } from "../../files/tensor.ts";
import type { Convolution } from "../convolution.ts";
import { isNeuron, type Layer, outputsOf, type Synapses, weightShape } from "../layer.ts";
import type { Network } from "../network.ts";
import { type Neuron, type NeuronKind, type NeuronModel, neuronModels, statedFields } from "../neurons/index.ts";
import { populationsOf, repeated, unrepeated } from "../populations.ts";
import { type LayerDescription, networkSchema, parseMetadata } from "./schema.ts";
import { type Taker, taker } from "./tensor-reader.ts";

/** A network's tensors, `layers.{i}.weight` in the order of memory, `.bias`, `.initial_potential`, and parameters that each neuron has its own of. */
export function networkTensors({ layers }: Network): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = {};
  for (const [l, layer] of layers.entries()) {
    const { weights, biases, recurrent, activation } = layer;
    tensors[`layers.${l}.weight`] = tensor(weights, weightShape(layer));
    if (biases) tensors[`layers.${l}.bias`] = tensor(biases);
    if (recurrent) tensors[`layers.${l}.recurrent`] = tensor(recurrent, [outputsOf(layer), outputsOf(layer)]);
    if (!isNeuron(activation)) continue;
    if (activation.initial) tensors[`layers.${l}.initial_potential`] = tensor(activation.initial);
    for (const name of Object.keys(neuronModels[activation.kind].parameters)) {
      const value = valuesOf(activation)[name];
      if (value instanceof Float32Array) tensors[`layers.${l}.${name}`] = tensor(value);
    }
  }
  return tensors;
}

/** What a model file holds of a network: its tensors, weights that neurons of a population share once, and the metadata `network`. */
export function encodeNetwork(network: Network): { tensors: Record<string, Tensor>; description: string } {
  const tensors = networkTensors(network);
  const { input, inputScale, coding, layers } = network;
  const populations = populationsOf(network);
  for (const [l, { before, own }] of populations.entries()) {
    const { data, shape } = tensors[`layers.${l}.weight`];
    const [rows, columns] = shape.slice(-2);
    const once = unrepeated(data as Float32Array, columns, before, own);
    tensors[`layers.${l}.weight`] = tensor(once, [...shape.slice(0, -2), rows / before, columns / own]);
  }
  const description = {
    input,
    inputScale,
    coding,
    layers: layers.map((layer, l) => {
      const { before, own } = populations[l];
      return { ...described(layer), populations: before * own > 1 ? [before, own] : undefined };
    }),
  };
  return { tensors, description: JSON.stringify(description) };
}

function described({ synapses, pooling, activation }: Layer): object {
  const { kind } = activation;
  const scalars = isNeuron(activation)
    ? Object.entries(statedFields(activation)).flatMap(([name, value]) => {
        if (value instanceof Float32Array) return [];
        return [[name, typeof value === "number" && !Number.isFinite(value) ? String(value) : value] as const];
      })
    : [];
  return {
    synapses: synapses.kind === "dense" ? synapses : { kind: synapses.kind, ...geometry(synapses) },
    pooling: pooling && { kind: pooling.kind, window: geometry(pooling.window) },
    activation: { kind, ...Object.fromEntries(scalars) },
  };
}

/** The geometry alone, its fields in one order. */
function geometry({ input, output, kernel, strides, padding }: Convolution): Convolution {
  return { input, output, kernel, strides, padding };
}

const valuesOf = (neuron: Neuron): Record<string, unknown> => neuron as unknown as Record<string, unknown>;

/** The network in a model file; what no schema can say is left to `validateNetwork`. */
export function decodeNetwork({ tensors, metadata }: SafetensorsFile, source: string): Network {
  const take = taker(tensors, source);
  const { layers, ...rest } = parseMetadata(metadata.network, networkSchema, "the network", source);
  const decoded = layers.map(({ synapses, pooling, activation, populations }, l): Layer => ({
    ...(pooling && { pooling }),
    synapses,
    weights: takeWeights(take, l, synapses, populations),
    biases: take.optional(`layers.${l}.bias`),
    ...recurrence(take, l, synapses),
    activation: activationOf(activation, `layers.${l}`, take),
  }));
  take.finish();
  return { ...rest, layers: decoded };
}

function recurrence(take: Taker, l: number, synapses: Synapses): Pick<Layer, "recurrent"> {
  const name = `layers.${l}.recurrent`;
  if (!take.shapeOf(name) || synapses.kind !== "dense") return {};
  return { recurrent: take(name, [synapses.outputs, synapses.outputs]) };
}

/** The weights of layer l, each as often as its populations have it. */
export function takeWeights(
  take: Taker,
  l: number,
  synapses: Synapses,
  [before, own]: readonly [number, number] = [1, 1],
): Float32Array {
  const shape = weightShape({ synapses });
  const [rows, columns] = shape.slice(-2);
  if (before * own > 1)
    take.repeat(
      `layers.${l}.weight`,
      shape.reduce((a, b) => a * b),
    );
  const stored = take(`layers.${l}.weight`, [...shape.slice(0, -2), rows / before, columns / own]);
  return repeated(stored, columns / own, before, own);
}

function activationOf(description: LayerDescription["activation"], name: string, take: Taker): Layer["activation"] {
  const { kind } = description;
  if (kind === "linear" || kind === "relu") return { kind };
  const { parameters, choices }: NeuronModel = neuronModels[kind as NeuronKind];
  const given: Readonly<Record<string, unknown>> = description;
  const numbers = Object.entries(parameters).map(([parameter, { later, default: value }]) => {
    if (given[parameter] !== undefined) return [parameter, given[parameter]];
    const tensor = `${name}.${parameter}`;
    return [parameter, (later ? take.optional(tensor) : take(tensor, 1)) ?? value];
  });
  const words = Object.entries(choices).map(([choice, { values }]) => [choice, given[choice] ?? values[0]]);
  const fields = Object.fromEntries([...numbers, ...words]) as object;
  return { kind, ...fields, initial: take.optional(`${name}.initial_potential`) } as Neuron;
}
