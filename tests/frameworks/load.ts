import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeNpz } from "../../src/formats/npz.ts";
import { convolution, type ImageShape, sizeOf } from "../../src/network/convolution.ts";
import { assemble, batchNorm, type Piece } from "../../src/network/fold.ts";
import { type Layer, outputsOf, type SpikingLayer } from "../../src/network/layer.ts";
import { codingDefaults, type Shape, type SpikingNetwork } from "../../src/network/network.ts";
import { type Lif, neuron, type Values, valueOf } from "../../src/network/neurons/index.ts";

/** Networks of other frameworks with the spikes that those frameworks made: NAME.json and NAME.npz. */
export const NETWORKS = process.env.DSQN_NETWORKS ?? join("..", "shared", "networks");

export const foreignNames: readonly string[] = existsSync(NETWORKS)
  ? readdirSync(NETWORKS)
      .filter((file) => file.endsWith(".json") && existsSync(join(NETWORKS, file.replace(/json$/, "npz"))))
      .map((file) => file.slice(0, -5))
      .sort()
  : [];

/** A network of another framework, and what it did there. */
export interface Foreign {
  readonly network: SpikingNetwork;
  /** [states, observation] */
  readonly x: Float32Array;
  readonly states: number;
  /** Per layer [steps, states, neurons], counts. */
  readonly spikes: readonly ArrayLike<number>[];
}

type Numbers = number | number[];

/** A neuron as those files describe it: README.md there. */
interface Described {
  readonly beta?: Numbers;
  readonly threshold?: Numbers;
  readonly alpha?: Numbers;
  readonly alphaFirst?: boolean;
  readonly gain?: Numbers;
  readonly leak?: Numbers;
  readonly leakIn?: Numbers;
  readonly v0?: Numbers;
  readonly vReset?: Numbers;
  readonly vMin?: Numbers;
  readonly fire?: string;
  readonly reset?: string;
}

interface DescribedLayer {
  readonly kind: string;
  readonly weight: string;
  readonly bias?: string;
  readonly stride?: Numbers;
  readonly padding?: Numbers;
  readonly pooling?: string;
  readonly size?: Numbers;
  readonly batchNorm?: string;
  readonly recurrent?: string;
  readonly neuron: Described;
}

interface DescribedNetwork {
  readonly steps: number;
  readonly neuron: Described | Described[] | string;
  readonly layers?: DescribedLayer[];
}

const known = {
  network: ["name", "framework", "versions", "steps", "layout", "neuron", "note", "layers"],
  layer: ["kind", "weight", "bias", "stride", "padding", "pooling", "size", "batchNorm", "recurrent", "neuron"],
  neuron: [
    ...["beta", "threshold", "alpha", "alphaFirst", "gain", "leak", "leakIn", "v0", "vReset", "vMin", "fire", "reset"],
  ],
};

/** Nothing is passed over that might mean something. */
function checkFields(what: keyof typeof known, of: object): void {
  const strange = Object.keys(of).filter((name) => !known[what].includes(name));
  if (strange.length) throw new Error(`A ${what} with the unknown field ${strange.join(", ")}`);
}

type Arrays = ReturnType<typeof decodeNpz>;

/** The network of NAME.json and NAME.npz. */
export function foreign(name: string): Foreign {
  const described = JSON.parse(readFileSync(join(NETWORKS, `${name}.json`), "utf8")) as DescribedNetwork;
  const npz = decodeNpz(readFileSync(join(NETWORKS, `${name}.npz`)));
  checkFields("network", described);
  const layers = layersOf(described, npz);
  for (const layer of layers) {
    checkFields("layer", layer);
    checkFields("neuron", layer.neuron);
  }
  const { shape, data } = npz.x;
  const [states] = shape;
  const input: Shape = shape.length === 4 ? [shape[2], shape[3], shape[1]] : [shape[1]];
  const pieces = layers.flatMap((layer) => piecesOf(layer, npz));
  const built = assemble(input, 1, follow(input, pieces));
  const network = {
    ...built,
    layers: built.layers.map((layer, l) => spikingLayer(layer, layers[l], npz)),
    coding: { ...codingDefaults, decoding: "spikes", steps: described.steps } as const,
  };
  const x = input.length === 3 ? channelsLast(data as Float32Array, states, input) : (data as Float32Array);
  return { network, x, states, spikes: layers.map((_, l) => npz[`spikes${l}`].data as ArrayLike<number>) };
}

/** Those of the file, or W0, b0, W1, ... with one neuron for all or a list. */
function layersOf({ layers, neuron: own }: DescribedNetwork, npz: Arrays): readonly DescribedLayer[] {
  if (layers) return layers;
  if (typeof own === "string") throw new Error(`A neuron "${own}" and no layers`);
  const { length } = Object.keys(npz).filter((of) => /^W\d+$/.test(of));
  return Array.from({ length }, (_, l) => ({
    kind: "linear",
    weight: `W${l}`,
    bias: npz[`b${l}`] && `b${l}`,
    neuron: Array.isArray(own) ? own[l] : own,
  }));
}

const floatsOf = (npz: Arrays, name: string): Float32Array => {
  if (!npz[name]) throw new Error(`There is no array ${name}`);
  return npz[name].data as Float32Array;
};

type Sized = (input: Shape) => Piece;
const pair = (of: Numbers): [number, number] => (typeof of === "number" ? [of, of] : [of[0], of[1]]);
const poolings = { avg: "average", sum: "sum", max: "step-max" } as const;

/** Pieces whose sizes follow from what comes before them. */
function piecesOf(layer: DescribedLayer, npz: Arrays): Sized[] {
  const pieces: Sized[] = [];
  if (layer.pooling !== undefined) {
    if (!Object.hasOwn(poolings, layer.pooling)) throw new Error(`Pooling "${layer.pooling}"`);
    const kind = poolings[layer.pooling as keyof typeof poolings];
    const size = pair(layer.size!);
    pieces.push((input) => {
      const image = input as ImageShape;
      return { kind, window: convolution(image, { filters: image[2], kernel: size, strides: size }) };
    });
  }
  pieces.push((input) => synapsesOf(layer, npz, input));
  if (layer.batchNorm) {
    const [names, epsilon] = [layer.batchNorm.split(/[ ,]+/), /eps (\S+?)\)/.exec(layer.batchNorm)];
    const [gamma, beta, mean, variance] = names.slice(0, 4).map((name) => floatsOf(npz, name));
    pieces.push(() => batchNorm({ gamma, beta, mean, variance }, Number(epsilon![1])));
  }
  return pieces;
}

function synapsesOf({ kind, weight, bias, ...rest }: DescribedLayer, npz: Arrays, input: Shape): Piece {
  const [values, { shape }] = [floatsOf(npz, weight), npz[weight]];
  const biases = bias === undefined ? null : floatsOf(npz, bias);
  if (kind === "linear") {
    const [outputs, inputs] = shape;
    const weights = transposed(values, outputs, inputs, input.length === 3 ? input : undefined);
    return { kind: "synapses", synapses: { kind: "dense", inputs, outputs }, weights, biases };
  }
  if (kind !== "conv2d") throw new Error(`A layer of the kind "${kind}"`);
  const [filters, channels, height, width] = shape;
  const [rows, columns] = input as ImageShape;
  const [strides, padding] = [pair(rest.stride ?? 1), pair(rest.padding ?? 0)];
  const size = (n: number, kernel: number, axis: number): number =>
    Math.floor((n + 2 * padding[axis] - kernel) / strides[axis]) + 1;
  const geometry = {
    input: input as ImageShape,
    output: [size(rows, height, 0), size(columns, width, 1), filters],
    kernel: [height, width],
    strides,
    padding,
  } as const;
  const weights = new Float32Array(values.length);
  values.forEach((w, k) => {
    const [j, above] = [k % width, Math.floor(k / width)];
    const [i, c, f] = [above % height, Math.floor(above / height) % channels, Math.floor(above / height / channels)];
    weights[((i * width + j) * channels + c) * filters + f] = w;
  });
  return { kind: "synapses", synapses: { kind: "convolution", ...geometry }, weights, biases };
}

function follow(input: Shape, sized: readonly Sized[]): Piece[] {
  let shape = input;
  return sized.map((of) => {
    const piece = of(shape);
    if (piece.kind === "synapses")
      shape = piece.synapses.kind === "dense" ? [piece.synapses.outputs] : piece.synapses.output;
    else if ("window" in piece) shape = piece.window.output;
    return piece;
  });
}

/** torch's [outputs, inputs] as [inputs, outputs]; inputs that were an image, channels first, come channels last. */
function transposed(weights: Float32Array, outputs: number, inputs: number, image?: Shape): Float32Array {
  const into = new Float32Array(weights.length);
  const indices = Float32Array.from({ length: inputs }, (_, i) => i);
  const order = image ? channelsLast(indices, 1, image) : indices;
  for (let j = 0; j < outputs; j++)
    for (let i = 0; i < inputs; i++) into[i * outputs + j] = weights[j * inputs + order[i]];
  return into;
}

function channelsLast(values: Float32Array, states: number, image: Shape): Float32Array {
  const [height, width, channels] = image as ImageShape;
  const size = sizeOf(image as ImageShape);
  if (values.length !== states * size) throw new Error(`${values.length} values are not ${states} images`);
  return values.map((_, k) => {
    const [b, c, position] = [Math.floor(k / size), k % channels, Math.floor((k % size) / channels)];
    return values[b * size + c * height * width + position];
  });
}

const resets: Readonly<Record<string, Lif["reset"]>> = {
  "sub": "subtraction",
  "zero": "value",
  "delayed-sub": "delayed-subtraction",
  "delayed-zero": "value", // the same spikes: set to 0 before the next leak, or at once
  "delayed-zero-lost": "delayed-lost",
  "snntorch-nodelay-sub": "subtraction-late",
};
const firing = { ">": {}, ">=": { fires: "at" }, "floor": { maxSpikes: Infinity } } as const;

function spikingLayer(layer: Layer, { neuron: given, recurrent }: DescribedLayer, npz: Arrays): SpikingLayer {
  const outputs = outputsOf(layer);
  const values = (of: Numbers | undefined): Values | undefined => (Array.isArray(of) ? spread(of, outputs) : of);
  const { fire = ">", reset = "", alphaFirst = false } = given;
  if (!Object.hasOwn(resets, reset)) throw new Error(`The reset "${reset}"`);
  if (!Object.hasOwn(firing, fire)) throw new Error(`A neuron that fires ${fire}`);
  const threshold = values(given.threshold) ?? 1;
  const activation = neuron("lif", {
    beta: values(given.beta),
    alpha: values(given.alpha),
    gain: values(given.gain),
    offset: values(given.leakIn),
    leakTo: values(given.leak),
    threshold,
    ...firing[fire as keyof typeof firing],
    current: given.alpha === undefined ? "none" : alphaFirst ? "input-first" : "decay-first",
    reset: resets[reset],
    resetBy: threshold,
    resetTo: values(given.vReset),
    lowest: values(given.vMin),
    initial: initialOf(values(given.v0), reset, threshold, outputs),
  });
  const own = recurrent === undefined ? {} : { recurrent: transposed(floatsOf(npz, recurrent), outputs, outputs) };
  return { ...layer, ...own, activation };
}

/** One value per neuron, where a convolution has one per channel. */
function spread(values: readonly number[], outputs: number): Float32Array {
  if (outputs % values.length) throw new Error(`${values.length} values for ${outputs} neurons`);
  return Float32Array.from({ length: outputs }, (_, j) => values[j % values.length]);
}

/** A potential that starts above the threshold is set to 0 in the first step where the reset is delayed. */
function initialOf(v0: Values | undefined, reset: string, threshold: Values, outputs: number): Float32Array | null {
  if (v0 === undefined) return null;
  return Float32Array.from({ length: outputs }, (_, j) => {
    const v = valueOf(v0, j);
    return reset === "delayed-zero" && v > valueOf(threshold, j) ? 0 : v;
  });
}
