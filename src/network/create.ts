import type { Random } from "../numeric/random.ts";
import { convolution, type ConvolutionOptions, sizeOf } from "./convolution.ts";
import { type Activation, type Layer, linear, relu, type SpikingLayer, type Synapses } from "./layer.ts";
import { codingDefaults, type Coding, type Network, type Shape, type SpikingNetwork } from "./network.ts";
import { type Neuron, neuron } from "./neurons/index.ts";

/** Layers as one writes them down: sizes follow from the input, and all but the last have ReLUs. */
export type LayerSpec =
  ({ readonly kind: "convolution" } & ConvolutionOptions) | { readonly kind: "dense"; readonly outputs: number };

/** A network with weights and biases uniform in +-1/sqrt(fan in), as PyTorch initialises `Conv2d` and `Linear`; each layer's weights are drawn before its biases. */
export function createNetwork(input: Shape, specs: readonly LayerSpec[], random: Random, inputScale = 1): Network {
  const layers: Layer[] = [];
  let shape = input;
  for (const [l, spec] of specs.entries()) {
    const synapses = synapsesOf(shape, spec);
    const fanIn =
      synapses.kind === "dense" ? synapses.inputs : synapses.kernel[0] * synapses.kernel[1] * synapses.input[2];
    const columns = synapses.kind === "dense" ? synapses.outputs : synapses.output[2];
    const draw = (n: number): Float32Array =>
      Float32Array.from({ length: n }, () => (2 * random.uniform() - 1) / Math.sqrt(fanIn));
    const weights = draw(fanIn * columns);
    const activation = l < specs.length - 1 ? relu : linear;
    layers.push({ synapses, weights, biases: draw(columns), activation });
    shape = synapses.kind === "dense" ? [synapses.outputs] : synapses.output;
  }
  return { input, inputScale, layers };
}

function synapsesOf(input: Shape, spec: LayerSpec): Synapses {
  const image = input.length === 3 ? input : undefined;
  if (spec.kind === "dense") return { kind: "dense", inputs: image ? sizeOf(image) : input[0], outputs: spec.outputs };
  if (!image) throw new RangeError("A convolution needs an image before it, not a list of values.");
  return { kind: "convolution", ...convolution(image, spec) };
}

/** A dense ReLU network; `shape`: [inputs, hidden..., outputs]. */
export function createDenseNetwork([inputs, ...outputs]: readonly number[], random: Random): Network {
  return createNetwork(
    [inputs],
    outputs.map((n) => dense(n)),
    random,
  );
}

/** A neuron for all layers alike, and how the network is read and written; what is left out is as in `codingDefaults`, and lagged-lif. */
export interface SpikingOptions extends Partial<Coding> {
  readonly neuron?: Neuron;
}

/** Weights with their synapses: what a layer is besides its neurons. */
export type Weighted = Pick<Layer, "synapses" | "weights" | "pooling"> & { readonly biases?: Float32Array | null };

/** A spiking network around given weights, every layer alike. `input`: of an observation; the first layer's inputs (less the constant 1) unless given. */
export function spikingNetwork(
  weights: readonly Weighted[],
  options: SpikingOptions = {},
  input?: Shape,
): SpikingNetwork {
  const { neuron: activation = neuron("lagged-lif"), ...given } = options;
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const coding: Coding = { ...codingDefaults, ...known };
  const layers = weights.map((layer): SpikingLayer => ({ biases: null, ...layer, activation }));
  return { input: input ?? inputOf(layers[0], coding), inputScale: 1, layers, coding };
}

function inputOf({ synapses, pooling }: Layer<Activation>, { biasInput }: Coding): Shape {
  if (pooling) return pooling.window.input;
  return synapses.kind === "convolution" ? synapses.input : [synapses.inputs - (biasInput ? 1 : 0)];
}

/**
 * A spiking network without biases whose weights are normal with standard deviation weightScale / sqrt(inputs), as the original's
 * SQN; the output layer's are `outputScale` times that. `shape` counts observations; with `biasInput` the first layer has one input more.
 */
export function createSpikingNetwork(
  shape: readonly number[],
  random: Random,
  options: SpikingOptions & { weightScale?: number; outputScale?: number } = {},
): SpikingNetwork {
  const { weightScale = 1, outputScale = 1, ...rest } = options;
  const sizes = [shape[0] + (rest.biasInput ? 1 : 0), ...shape.slice(1)];
  const layers = sizes.slice(1).map((outputs, l): Weighted => {
    const inputs = sizes[l];
    const scale = weightScale * (l === sizes.length - 2 ? outputScale : 1);
    const weights = Float32Array.from(
      { length: inputs * outputs },
      () => (random.normal() * scale) / Math.sqrt(inputs),
    );
    return { synapses: { kind: "dense", inputs, outputs }, weights };
  });
  return spikingNetwork(layers, rest, [shape[0]]);
}

const dense = (outputs: number): LayerSpec => ({ kind: "dense", outputs });
const conv = (filters: number, size: number, stride: number): LayerSpec => ({
  kind: "convolution",
  filters,
  kernel: [size, size],
  strides: [stride, stride],
});

/** Well-known networks over 84 x 84 x 4 (Patel's over 80 x 80 x 1), by name, for `actions` actions. */
export const architectures: Readonly<Record<string, (actions: number) => readonly LayerSpec[]>> = {
  /** Mnih et al. 2015, Nature 518, 529-533: 1.7 million weights. */
  "nature": (actions) => [conv(32, 8, 4), conv(64, 4, 2), conv(64, 3, 1), dense(512), dense(actions)],
  /** Mnih et al. 2013, arXiv:1312.5602: 0.7 million weights, a third of the operations; sized for CPUs. */
  "small": (actions) => [conv(16, 8, 4), conv(32, 4, 2), dense(256), dense(actions)],
  /** Patel et al. 2019 and the thesis: one hidden layer of 1000. */
  "patel-small": (actions) => [dense(1000), dense(actions)],
  /** Patel et al. 2019: two hidden layers. */
  "patel-large": (actions) => [dense(1000), dense(1000), dense(actions)],
};
