import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeNpz } from "../../src/formats/npz.ts";
import { toFloat32, transposed } from "../../src/files/tensor.ts";
import { spikingNetwork } from "../../src/network/create.ts";
import { type DenseSynapses, type Layer, linear, outputsOf, relu, synapticInputs } from "../../src/network/layer.ts";
import type { Network, SpikingNetwork } from "../../src/network/network.ts";
import { neuron } from "../../src/network/neurons/index.ts";
import type { SurrogateOptions } from "../../src/network/surrogate.ts";

/** What the original computed, recorded. Not part of this repository: tests skip, and say so, where the folder is missing. */
export const ORIGINAL = process.env.DSQN_ORIGINAL ?? join("..", "shared", "original");

export interface Snn {
  readonly alpha: number;
  readonly beta: number;
  readonly threshold: number;
  readonly encoding: string;
  readonly decoding: string;
  readonly reset: string;
  readonly two_inputs: boolean;
  readonly bias_input: boolean;
  readonly steps: number;
  readonly surrogate?: SurrogateOptions;
}

/** Numbers nested as the original's arrays are. */
export type Nested = number | readonly Nested[];

export interface Case {
  readonly id: string;
  readonly kind: string;
  readonly network: string;
  readonly snn?: Snn;
  readonly inputs: number[][];
  readonly outputs: number[][];
}

export interface GradientCase extends Case {
  readonly loss?: string;
  readonly loss_value: number;
  readonly gradients: Nested[];
  readonly actions: number[];
  readonly targets: number[];
  readonly labels: number[];
}

export interface UpdateCase extends Case {
  readonly policy: string;
  readonly target: string;
  readonly gamma: number;
  readonly double: boolean;
  readonly clip?: string | null;
  readonly optimizer: Readonly<Record<string, number | string | boolean>> & { name: string; lr: number };
  readonly batch: readonly { state: number[]; action: number; next_state: number[] | null; reward: number }[];
  readonly parameters_after_each_update: Nested[][];
}

export interface ConversionCase extends Case {
  readonly replay?: string;
  readonly method: "robust" | "data" | "model";
  readonly percentile?: number;
  readonly weights: Nested[];
  readonly biases: Nested[];
}

export function goldenCases(): Case[] {
  const file = join(ORIGINAL, "golden.json");
  if (!existsSync(file)) return [];
  const { format, cases } = JSON.parse(readFileSync(file, "utf8")) as { format: number; cases: Case[] };
  if (format !== 1) throw new Error(`${file} has format ${format}; this suite knows format 1`);
  return cases;
}

/** Every folder below networks/ with a file of that name. */
export function foldersWith(file: string): string[] {
  const root = join(ORIGINAL, "networks");
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.name === file)
    .map((entry) => (entry.parentPath ?? entry.path).slice(root.length + 1))
    .sort();
}

/** The arrays W0, b0, W1, ... of a network as they lie in its model.npz. */
function stored(name: string) {
  const path = join(ORIGINAL, "networks", name, "model.npz");
  const arrays = decodeNpz(readFileSync(path), path);
  const count = Object.keys(arrays).filter((key) => key.startsWith("W")).length;
  return Array.from({ length: count }, (_, l) => {
    const bias = arrays[`b${l}`] as (typeof arrays)[string] | undefined;
    return { shape: arrays[`W${l}`].shape, weights: toFloat32(arrays[`W${l}`]), biases: bias ? toFloat32(bias) : null };
  });
}

const dense = (inputs: number, outputs: number): DenseSynapses => ({ kind: "dense", inputs, outputs });

export function denseFrom(name: string): Network {
  const layers = stored(name).map(({ shape: [outputs, inputs], weights, biases }, l, all): Layer => ({
    synapses: dense(inputs, outputs),
    weights: transposed(weights, outputs, inputs),
    biases,
    activation: l < all.length - 1 ? relu : linear,
  }));
  return { input: [synapticInputs(layers[0])], inputScale: 1, layers };
}

const ENCODINGS = { constant: "constant", poisson: "poisson", equidistant: "equidistant-original" } as const;
const DECODINGS = { potential: "potential", spikes: "spikes", first_spike: "first-spike" } as const;

export function spikingFrom(name: string, snn: Snn): SpikingNetwork {
  const layers = stored(name).map(({ shape: [inputs, outputs], weights, biases }) => ({
    synapses: dense(inputs, outputs),
    weights,
    biases,
  }));
  return spikingNetwork(layers, {
    neuron: neuron("lagged-lif", {
      alpha: snn.alpha,
      beta: snn.beta,
      threshold: snn.threshold,
      reset: choice({ subtraction: "subtraction", zero: "zero" } as const, snn.reset),
      resetBy: 1, // whatever the threshold
    }),
    encoding: choice(ENCODINGS, snn.encoding),
    decoding: choice(DECODINGS, snn.decoding),
    signedInputs: snn.two_inputs,
    biasInput: snn.bias_input,
    steps: snn.steps,
  });
}

function choice<T>(choices: Readonly<Record<string, T>>, name: string): T {
  if (!Object.hasOwn(choices, name))
    throw new Error(`golden.json uses "${name}", which this suite doesn't know (${Object.keys(choices).join(", ")})`);
  return choices[name];
}

export function flat(values: Nested): number[] {
  return typeof values === "number" ? [values] : values.flatMap(flat);
}

/** The largest difference of `actual` from `expected`, in units of the largest magnitude in `expected` (at least `floor`). */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>, floor = 1e-12): number {
  if (actual.length !== expected.length) return Infinity;
  let difference = 0;
  let magnitude = floor;
  for (let i = 0; i < expected.length; i++) {
    if (!Number.isFinite(actual[i])) return Infinity;
    difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
    magnitude = Math.max(magnitude, Math.abs(expected[i]));
  }
  return difference / magnitude;
}

/** What a layer's tensors are, or their gradients. */
export interface Weights extends Pick<Layer, "synapses"> {
  readonly weights: ArrayLike<number>;
  readonly biases: ArrayLike<number> | null;
}

/** A network's tensors in the layout and order of the original's lists: W0, b0, W1, ...; dense weights [outputs, inputs]. */
export function listed(kind: "dense" | "spiking", layers: readonly Weights[]): number[][] {
  return layers.flatMap(({ weights, biases, ...layer }) => {
    const [inputs, outputs] = [synapticInputs(layer), outputsOf(layer)];
    const order = Array.from({ length: inputs * outputs }, (_, k) =>
      kind === "spiking" ? k : (k % inputs) * outputs + Math.floor(k / inputs),
    );
    return [order.map((k) => weights[k]), ...(biases ? [Array.from(biases)] : [])];
  });
}
