import { type Tensor, toFloat32 } from "../../files/tensor.ts";
import { type ImageShape, sizeOf } from "../../network/convolution.ts";
import { outputsOf } from "../../network/layer.ts";
import { observationSize, type Shape, spikingLayers, type SpikingNetwork } from "../../network/network.ts";
import { validateNetwork } from "../../network/validate.ts";
import { reordered } from "../torch-layout.ts";
import { countsOf, numbersOf } from "./counts.ts";
import { type DescribedLayer, type Description, type DescribedNeuron, invalid, parseDescription } from "./described.ts";
import { networkOf, type ReadingOptions } from "./layers.ts";

/** What somebody's spiking network did: its inputs, and for each layer of neurons what it sent. */
export interface Recording {
  readonly states: number;
  readonly steps: number;
  /** [states, observation], or where they change [steps, states, observation]; null where the file has none. */
  readonly inputs: Float32Array | null;
  readonly changing: boolean;
  /** Per layer of neurons [steps, states, neurons]: how many spikes. */
  readonly spikes: readonly ArrayLike<number>[];
  /** Likewise the potential after each step; null where it was not kept. */
  readonly potentials: readonly (ArrayLike<number> | null)[];
}

/** A framework's network with what it did. */
export interface RecordedNetwork {
  readonly name: string;
  readonly framework: string;
  /** Of the packages that made it. */
  readonly versions: Readonly<Record<string, string>>;
  readonly network: SpikingNetwork;
  readonly recording: Recording;
  readonly assumed: readonly string[];
}

/** The network that `text` describes, with the arrays beside it (docs/frameworks.md). */
export function readRecorded(
  text: string,
  arrays: Readonly<Record<string, Tensor>>,
  source: string,
  options: Partial<ReadingOptions> = {},
): RecordedNetwork {
  const description = parseDescription(text, source);
  const layers = layersOf(description, arrays, source);
  const { input, changing, inputs } = inputOf(description, layers[0], arrays, source);
  const reading = { ...options, steps: options.steps ?? description.steps };
  const network = networkOf(layers, arrays, input, reading, source);
  refuseUnused(layers, arrays, source);
  validateNetwork(network);
  const { framework, versions = {}, name = source, steps } = description;
  const states = inputs ? inputs.length / observationSize(network) / (changing ? steps : 1) : 0;
  const spiking = layers.filter((layer) => layer.neuron).length;
  const recording = {
    states: states || (arrays.spikes0?.shape[1] ?? 0),
    steps,
    inputs,
    changing,
    ...recordedOf(network, spiking, arrays, { steps, states }, source),
  };
  return { name, framework, versions, network, recording, assumed: assumedOf(network, layers, options) };
}

function layersOf(
  description: Description,
  arrays: Readonly<Record<string, Tensor>>,
  source: string,
): DescribedLayer[] {
  const { layers, neuron } = description;
  if (layers) {
    const open = layers.slice(0, -1).findIndex((layer) => layer.neuron === null);
    if (open >= 0) throw invalid(source, `layers.${open} has no neuron, and another layer follows it`);
    return layers;
  }
  const count = Object.keys(arrays).filter((name) => /^W\d+$/.test(name)).length;
  if (count === 0) throw invalid(source, "it has neither layers nor arrays W0, W1...");
  if (typeof neuron === "string" || neuron === undefined) throw invalid(source, "it has neither layers nor a neuron");
  if (Array.isArray(neuron) && neuron.length !== count)
    throw invalid(source, `it has ${neuron.length} neurons for ${count} layers`);
  return Array.from({ length: count }, (_, l): DescribedLayer => {
    const own: DescribedNeuron = Array.isArray(neuron) ? neuron[l] : neuron;
    const bias = arrays[`b${l}`] ? `b${l}` : undefined;
    return { kind: "linear", weight: `W${l}`, bias, recurrent: arrays[`R${l}`] && `R${l}`, neuron: own };
  });
}

/** Weights that no layer names would be left out without a word. */
function refuseUnused(
  layers: readonly DescribedLayer[],
  arrays: Readonly<Record<string, Tensor>>,
  source: string,
): void {
  const used = new Set(
    layers.flatMap(({ weight, bias, recurrent, batchNorm = "" }) => [
      ...[weight, bias, recurrent],
      ...batchNorm.split(/[ ,(]+/),
    ]),
  );
  const unused = Object.keys(arrays).find((name) => /^[WbR]\d+$|_(weight|bias)$/.test(name) && !used.has(name));
  if (unused) throw invalid(source, `no layer uses the array "${unused}"`, { facts: { array: unused } });
}

interface Input {
  readonly input: Shape;
  readonly changing: boolean;
  readonly inputs: Float32Array | null;
}

/** x, channels last. Torch has [channels, height, width], or of a sequence [channels, length]. */
function inputOf(
  description: Description,
  first: DescribedLayer,
  arrays: Readonly<Record<string, Tensor>>,
  source: string,
): Input {
  const { x } = arrays;
  const features =
    first.kind === "linear" && !first.pooling && Object.hasOwn(arrays, first.weight)
      ? arrays[first.weight].shape[1]
      : undefined;
  if (!x) {
    if (features !== undefined) return { input: [features], changing: false, inputs: null };
    throw invalid(source, "there is no array x, which tells how large an image is");
  }
  const own = first.kind === "conv2d" ? 3 : first.kind === "conv1d" ? 2 : undefined;
  const changing = description.input ? description.input === "changing" : ranksOf(x, own, features) === "changing";
  const shape = x.shape.slice(changing ? 2 : 1);
  if (shape.length < 1 || shape.length > 3 || x.shape.includes(0))
    throw invalid(source, `x is [${x.shape.join(", ")}]: no ${changing ? "[steps, states, ...]" : "[states, ...]"}`);
  if (changing && x.shape[0] !== description.steps)
    throw invalid(source, `x has ${x.shape[0]} steps, and the description ${description.steps}`);
  const values = toFloat32(x);
  if (shape.length === 1) return { input: [shape[0]], changing, inputs: values.slice() };
  const image: ImageShape = shape.length === 3 ? [shape[1], shape[2], shape[0]] : [1, shape[1], shape[0]];
  const inputs = new Float32Array(values.length);
  for (let from = 0; from < values.length; from += sizeOf(image))
    inputs.set(reordered(values.subarray(from, from + sizeOf(image)), 1, image, "from torch"), from);
  return { input: image, changing, inputs };
}

/** One dimension more than a state has, or two. */
function ranksOf({ shape }: Tensor, own: number | undefined, features: number | undefined): "constant" | "changing" {
  if (own !== undefined) return shape.length === own + 2 ? "changing" : "constant";
  const after = (axes: number): number => shape.slice(axes).reduce((a, b) => a * b, 1);
  return after(1) !== features && shape.length > 2 && after(2) === features ? "changing" : "constant";
}

function recordedOf(
  network: SpikingNetwork,
  spiking: number,
  arrays: Readonly<Record<string, Tensor>>,
  { steps, states }: { steps: number; states: number },
  source: string,
): Pick<Recording, "spikes" | "potentials"> {
  const kept = (name: string, l: number): ArrayLike<number> | null => {
    const found = arrays[`${name}${l}`];
    if (!found) return null;
    const wanted = [steps, states || found.shape[1], outputsOf(network.layers[l])];
    if (found.shape.join() === wanted.join())
      return name === "spikes" ? countsOf(found, `${name}${l}`, source) : numbersOf(found.data);
    throw invalid(
      source,
      `"${name}${l}" is [${found.shape.join(", ")}] instead of [${wanted.join(", ")}], steps, states and neurons`,
      {
        hint: "Were the spikes recorded of another network, or over another number of steps?",
        facts: { layer: l, found: found.shape, wanted },
      },
    );
  };
  const layers = Array.from({ length: spiking }, (_, l) => l);
  const spikes = layers.map((l) => kept("spikes", l));
  const missing = spikes.findIndex((found) => !found);
  if (missing >= 0 && spikes.some(Boolean))
    throw invalid(source, `it has spikes of other layers, and no "spikes${missing}"`);
  return {
    spikes: spikes.filter((found) => found !== null),
    potentials: missing >= 0 ? [] : layers.map((l) => kept("potentials", l)),
  };
}

function assumedOf(
  network: SpikingNetwork,
  layers: readonly DescribedLayer[],
  { decoding }: Partial<ReadingOptions>,
): string[] {
  const last = layers.length - 1;
  const assumed: string[] = [];
  if (layers[last].neuron === null)
    assumed.push(
      `layer ${last} has no neurons: its sums of all steps are added up (decoding ${network.coding.decoding})`,
    );
  else if (decoding === undefined) assumed.push("the output is the number of spikes (decoding spikes)");
  else if (spikingLayers(network) === last)
    assumed.push(
      `layer ${last} is read by its potential (decoding ${decoding}): its neurons neither spike nor are reset`,
    );
  return assumed;
}
