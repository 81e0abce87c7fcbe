import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeNpz } from "../../src/formats/npz.ts";
import { convolution, type ImageShape, sizeOf } from "../../src/network/convolution.ts";
import { assemble, batchNorm, type Piece } from "../../src/network/fold.ts";
import { outputsOf, type SpikingLayer } from "../../src/network/layer.ts";
import { codingDefaults, type Shape, type SpikingNetwork } from "../../src/network/network.ts";
import { type Lif, neuron, type Values } from "../../src/network/neurons/index.ts";

/** Networks of other frameworks with the spikes that those frameworks made: NAME.json and NAME.npz. */
export const NETWORKS = process.env.DSQN_NETWORKS ?? join("..", "shared", "networks");

/** A neuron as those files describe it. */
interface Described {
  readonly beta: number | number[];
  readonly threshold: number | number[];
  readonly alpha?: number;
  /** What the input is multiplied by. */
  readonly gain?: number;
  /** The potential that v decays to. */
  readonly leak?: number;
  readonly v0?: number;
  readonly vReset?: number;
  readonly vMin?: number;
  readonly fire?: ">" | ">=" | "floor";
  readonly reset: string;
}

interface DescribedLayer {
  readonly kind: "linear" | "conv2d";
  readonly weight: string;
  readonly bias: string;
  readonly stride?: number;
  readonly padding?: number;
  readonly pooling?: "avg" | "max" | "sum";
  readonly size?: number;
  readonly batchNorm?: string;
  readonly recurrent?: string;
  readonly neuron: Described;
}

export interface Foreign {
  readonly network: SpikingNetwork;
  /** [states, observation] */
  readonly x: Float32Array;
  readonly states: number;
  /** Per layer [steps, states, neurons]. */
  readonly spikes: readonly ArrayLike<number>[];
}

export const foreignNames: readonly string[] = existsSync(NETWORKS)
  ? readdirSync(NETWORKS)
      .filter((file) => file.endsWith(".json"))
      .map((file) => file.slice(0, -5))
  : [];

/** The network as lif expresses it, or what it has that lif has not. */
export function foreign(name: string): Foreign | string {
  const {
    steps,
    neuron: own,
    layers,
  } = JSON.parse(readFileSync(join(NETWORKS, `${name}.json`), "utf8")) as {
    steps: number;
    neuron: Described | Described[] | string;
    layers?: DescribedLayer[];
  };
  const npz = decodeNpz(readFileSync(join(NETWORKS, `${name}.npz`)));
  const floats = (of: string): Float32Array => npz[of]?.data as Float32Array;
  const described =
    layers ??
    Array.from({ length: Object.keys(npz).filter((of) => /^W\d$/.test(of)).length }, (_, l): DescribedLayer => ({
      kind: "linear",
      weight: `W${l}`,
      bias: `b${l}`,
      neuron: Array.isArray(own) ? own[l] : (own as Described),
    }));
  const strange = described.map(({ pooling, recurrent, neuron }) => lacking(neuron, pooling, recurrent)).find(Boolean);
  if (strange) return strange;
  const { x } = npz;
  const states = x.shape[0];
  const input: Shape = x.shape.length === 4 ? [x.shape[2], x.shape[3], x.shape[1]] : [x.shape[1]];
  const pieces = described.flatMap((layer) => piecesOf(layer, floats, npz[layer.weight].shape));
  const built = assemble(input, 1, follow(input, pieces));
  const network = {
    ...built,
    layers: built.layers.map((layer, l) => withNeuron(layer as SpikingLayer, described[l].neuron)),
    coding: { ...codingDefaults, decoding: "spikes", steps } as const,
  };
  const observations =
    input.length === 3 ? channelsLast(x.data as Float32Array, states, input) : (x.data as Float32Array);
  const spikes = described.map((_, l) => npz[`spikes${l}`].data as ArrayLike<number>);
  return { network, x: observations, states, spikes };
}

function lacking({ alpha, fire, vMin, reset }: Described, pooling?: string, recurrent?: string): string | undefined {
  if (alpha !== undefined) return "a synaptic current";
  if (fire === "floor") return "several spikes a step";
  if (vMin !== undefined) return "a lower bound";
  if (recurrent) return "recurrent weights";
  if (pooling === "sum" || pooling === "max") return `pooling by ${pooling === "max" ? "OR" : "sum"}`;
  return ["sub", "zero", "delayed-sub", "delayed-zero"].includes(reset) ? undefined : `the reset ${reset}`;
}

type Sized = (input: Shape) => Piece;

/** Pieces whose sizes follow from what comes before them. */
function piecesOf(layer: DescribedLayer, floats: (of: string) => Float32Array, shape: readonly number[]): Sized[] {
  const { kind, pooling, size = 0, stride = 1, padding = 0 } = layer;
  const pieces: Sized[] = [];
  if (pooling)
    pieces.push((input) => {
      const image = input as ImageShape;
      return {
        kind: "average",
        window: convolution(image, { filters: image[2], kernel: [size, size], strides: [size, size] }),
      };
    });
  pieces.push((input) => {
    const biases = floats(layer.bias) ?? null;
    if (kind === "linear") {
      const [outputs, inputs] = shape;
      const weights = transposed(floats(layer.weight), outputs, inputs, input.length === 3 ? input : undefined);
      return { kind: "synapses", synapses: { kind: "dense", inputs, outputs }, weights, biases };
    }
    const [filters, channels, height, width] = shape;
    const [rows, columns] = input;
    const geometry = {
      input: input as ImageShape,
      output: [(rows + 2 * padding - height) / stride + 1, (columns! + 2 * padding - width) / stride + 1, filters],
      kernel: [height, width],
      strides: [stride, stride],
      padding: [padding, padding],
    } as const;
    const weights = new Float32Array(height * width * channels * filters);
    floats(layer.weight).forEach((w, k) => {
      const [j, rest] = [k % width, Math.floor(k / width)];
      const [i, c, f] = [rest % height, Math.floor(rest / height) % channels, Math.floor(rest / height / channels)];
      weights[((i * width + j) * channels + c) * filters + f] = w;
    });
    return { kind: "synapses", synapses: { kind: "convolution", ...geometry }, weights, biases };
  });
  if (layer.batchNorm) {
    const [gamma, beta, mean, variance] = layer.batchNorm.split(/[ ,]+/).map(floats);
    pieces.push(() => batchNorm({ gamma, beta, mean, variance }, 1e-5));
  }
  return pieces;
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
  const order =
    image &&
    channelsLast(
      Float32Array.from({ length: inputs }, (_, i) => i),
      1,
      image,
    );
  for (let j = 0; j < outputs; j++)
    for (let i = 0; i < inputs; i++) into[i * outputs + j] = weights[j * inputs + (order ? order[i] : i)];
  return into;
}

function channelsLast(values: Float32Array, states: number, image: Shape): Float32Array {
  const [height, width, channels] = image as ImageShape;
  const size = sizeOf(image as ImageShape);
  return values.map((_, k) => {
    const [b, c, position] = [Math.floor(k / size), k % channels, Math.floor((k % size) / channels)];
    return values[b * size + c * height * width + position];
  });
}

/**
 * gain and leak go into weights and biases; a threshold taken off after the next leak is threshold / beta taken off at
 * once.
 */
function withNeuron(layer: SpikingLayer, described: Described): SpikingLayer {
  const { gain = 1, leak = 0, fire = ">", reset, v0, vReset = 0 } = described;
  const [beta, threshold] = [described.beta, described.threshold].map((of) =>
    Array.isArray(of) ? Float32Array.from(of) : of,
  );
  const biases = layer.biases?.map((b) => gain * b + (leak && (1 - (beta as number)) * leak)) ?? null;
  const soft = reset.endsWith("sub");
  const activation: Lif = neuron("lif", {
    beta,
    threshold,
    fires: fire === ">" ? "above" : "at",
    reset: soft ? "subtraction" : "value",
    resetBy: reset === "delayed-sub" ? ratio(threshold, beta) : threshold,
    resetTo: vReset,
    initial: v0 === undefined ? null : new Float32Array(outputsOf(layer)).fill(v0),
  });
  return {
    ...layer,
    weights: layer.weights.map((w) => gain * w),
    biases,
    activation,
  };
}

function ratio(a: Values, b: Values): Values {
  if (typeof a === "number" && typeof b === "number") return a / b;
  const { length } = typeof a === "number" ? (b as Float32Array) : a;
  const at = (of: Values, j: number): number => (typeof of === "number" ? of : of[j]);
  return Float32Array.from({ length }, (_, j) => at(a, j) / at(b, j));
}
