import { type Convolution, convolution, type ImageShape, sizeOf } from "../../network/convolution.ts";
import type { ConvolutionalLayer, ConvolutionalNetwork } from "../../network/old/convolutional-network.ts";
import { layerOutput } from "../../network/old/convolutional-network.ts";
import type { DenseNetwork } from "../../network/old/dense-network.ts";
import type { Tensor } from "../../files/tensor.ts";
import { type KerasLayer, readLayersModel, refused } from "./file.ts";

/** What has been taken of a model so far. */
interface Taken {
  readonly source: string;
  readonly layers: ConvolutionalLayer[];
  input: ImageShape | undefined;
  inputScale: number;
  /** Zeros around the image that the next convolution is to see. */
  padding: { rows: readonly [number, number]; columns: readonly [number, number] } | undefined;
  /** Whether a Flatten came after the last image: a Dense layer straight after an image works on each position. */
  flat: boolean;
}

/**
 * A LayersModel of TensorFlow.js (or of Keras, by its converter) as a network that computes the same. A network of dense layers over a
 * vector becomes a dense one. A layer that has no counterpart is refused by name (LAYER_UNSUPPORTED).
 */
export async function importLayersModel(
  path: string,
): Promise<{ network: ConvolutionalNetwork | DenseNetwork; tensors: { name: string; shape: readonly number[] }[] }> {
  const layers = await readLayersModel(path);
  const taken: Taken = {
    source: path,
    layers: [],
    input: undefined,
    inputScale: 1,
    padding: undefined,
    flat: false,
  };
  for (const layer of layers) take(layer, taken);
  const tensors = layers.flatMap(({ name, weights }) =>
    [...weights].map(([weight, { shape }]) => ({ name: `${name}/${weight}`, shape })),
  );
  return { network: network(taken, layers.at(-1)), tensors };
}

function network(taken: Taken, last: KerasLayer | undefined): ConvolutionalNetwork | DenseNetwork {
  const { input, inputScale, layers, padding, source } = taken;
  const end = layers.at(-1);
  if (!input || !end || !last || padding)
    throw refused(source, last ?? { kind: "Model", name: "?" }, "the network ends before a Dense layer");
  if (end.kind !== "dense" || end.activation !== "linear")
    throw refused(source, last, "the last layer must be Dense and linear: one value per action");
  const dense = layers.flatMap((layer) => (layer.kind === "dense" ? [layer] : []));
  const plain = dense.length === layers.length && dense.slice(0, -1).every(({ activation }) => activation === "relu");
  if (!plain || inputScale !== 1 || input[0] * input[1] !== 1)
    return { kind: "convolutional", input, inputScale, layers };
  return {
    kind: "dense",
    layers: dense.map(({ inputs, outputs, weights, biases }) => ({ inputs, outputs, weights, biases })),
  };
}

/** Layers that do nothing but while training. */
const IDLE = [
  "Dropout",
  "SpatialDropout2D",
  "GaussianDropout",
  "GaussianNoise",
  "AlphaDropout",
  "ActivityRegularization",
];

/** Layers that are taken over. */
const TAKEN = [
  ...["InputLayer", "Rescaling", "Flatten", "Reshape", "ZeroPadding2D", "Conv2D", "Dense", "BatchNormalization"],
  ...["AveragePooling2D", "MaxPooling2D", "GlobalAveragePooling2D", "GlobalMaxPooling2D", "Activation", "ReLU"],
];

function take(layer: KerasLayer, taken: Taken): void {
  const { config, kind } = layer;
  if (!TAKEN.includes(kind) && !IDLE.includes(kind))
    throw refused(taken.source, layer, `networks here have no counterpart of ${kind}`);
  declareInput(layer, taken);
  const shape = taken.layers.length > 0 ? layerOutput(taken.layers.at(-1)!) : taken.input;
  if (kind === "InputLayer" || IDLE.includes(kind)) return;
  if (!shape) throw refused(taken.source, layer, "the shape of its input is not known: no layer names one");
  if (taken.padding && kind !== "Conv2D")
    throw refused(taken.source, layer, "it follows a ZeroPadding2D, which only a convolution can take up");
  switch (kind) {
    case "Rescaling":
      return rescale(layer, shape, taken);
    case "Flatten":
      channelsLast(layer, taken);
      taken.flat = true;
      return;
    case "Reshape":
      return reshape(layer, shape, taken);
    case "ZeroPadding2D": {
      channelsLast(layer, taken);
      const [rows, columns] = config.padding as [[number, number], [number, number]];
      taken.padding = { rows, columns };
      return;
    }
    case "Conv2D":
      taken.layers.push(convolutional(layer, shape, taken));
      return activate(config.activation, layer, taken);
    case "Dense":
      taken.layers.push(dense(layer, shape, taken));
      return activate(config.activation, layer, taken);
    case "BatchNormalization":
      return void taken.layers.push(batchNorm(layer, shape, taken));
    case "AveragePooling2D":
    case "MaxPooling2D":
    case "GlobalAveragePooling2D":
    case "GlobalMaxPooling2D":
      return void taken.layers.push(pooling(layer, shape, taken));
    case "Activation":
      return activate(config.activation, layer, taken);
    case "ReLU": {
      const limited = config.max_value !== null && config.max_value !== undefined;
      if (limited || Number(config.negative_slope ?? 0) !== 0 || Number(config.threshold ?? 0) !== 0)
        throw refused(
          taken.source,
          layer,
          "only the plain ReLU has a spiking counterpart (no max_value, slope or threshold)",
        );
      return activate("relu", layer, taken);
    }
  }
}

function declareInput(layer: KerasLayer, taken: Taken): void {
  const declared = (layer.config.batch_input_shape ?? layer.config.batch_shape) as (number | null)[] | undefined;
  if (!declared || taken.input) return;
  const sizes = declared.slice(1);
  if (sizes.some((n) => typeof n !== "number"))
    throw refused(taken.source, layer, `its input shape [${sizes.join(", ")}] is open`);
  if (sizes.length !== 1 && sizes.length !== 3)
    throw refused(
      taken.source,
      layer,
      `its input [${sizes.join(", ")}] is neither a vector nor an image with channels`,
    );
  taken.input = sizes.length === 1 ? [1, 1, sizes[0]!] : (sizes as [number, number, number]);
  taken.flat = sizes.length === 1;
}

function channelsLast(layer: KerasLayer, { source }: Taken): void {
  const { data_format: format } = layer.config;
  if (format !== undefined && format !== null && format !== "channelsLast" && format !== "channels_last")
    throw refused(source, layer, "its images have their channels first; convert the model to channels last");
}

function rescale(layer: KerasLayer, shape: ImageShape, taken: Taken): void {
  const { scale, offset = 0 } = layer.config as { scale: unknown; offset?: unknown };
  if (typeof scale !== "number" || typeof offset !== "number")
    throw refused(taken.source, layer, "its scale and offset must be numbers");
  if (taken.layers.length === 0) {
    taken.inputScale *= scale;
    if (offset === 0) return;
  }
  taken.layers.push(affine(shape, taken.layers.length === 0 ? 1 : scale, offset));
}

/** y = scale x + offset, as a batch normalisation. */
function affine(shape: ImageShape, scale: number, offset: number): ConvolutionalLayer & { kind: "batch-norm" } {
  const all = (value: number): Float32Array => new Float32Array(shape[2]).fill(value);
  return {
    kind: "batch-norm",
    shape,
    gamma: all(scale),
    beta: all(offset),
    mean: all(0),
    variance: all(1),
    epsilon: 0,
    activation: "linear",
  };
}

function reshape(layer: KerasLayer, shape: ImageShape, taken: Taken): void {
  const target = (layer.config.target_shape as (number | null)[]).map((n) => (n === null || n < 0 ? undefined : n));
  const flat = target.length === 1 && (target[0] === undefined || target[0] === sizeOf(shape));
  if (flat) taken.flat = true;
  else if (target.length === 3 && taken.layers.length === 0 && target.every((n) => n !== undefined)) {
    taken.input = target as [number, number, number];
    taken.flat = false;
  } else if (target.length !== 3 || target.some((n, axis) => n !== shape[axis]))
    throw refused(
      taken.source,
      layer,
      `an image of ${shape.join(" x ")} can't become [${target.join(", ")}] in between`,
    );
}

function pair(value: unknown): readonly [number, number] {
  return typeof value === "number" ? [value, value] : (value as [number, number]);
}

function convolutional(layer: KerasLayer, shape: ImageShape, taken: Taken): ConvolutionalLayer {
  channelsLast(layer, taken);
  const { config } = layer;
  const [filters, kernel, strides] = [Number(config.filters), pair(config.kernel_size), pair(config.strides ?? 1)];
  if (pair(config.dilation_rate ?? 1).some((n) => n !== 1)) throw refused(taken.source, layer, "it is dilated");
  if (Number(config.groups ?? 1) !== 1) throw refused(taken.source, layer, "its channels are in groups");
  const geometry = padded(
    layer,
    shape,
    { filters, kernel, strides, padding: config.padding as "valid" | "same" },
    taken,
  );
  const weights = weight(layer, "kernel", [...kernel, shape[2], filters], taken);
  return {
    kind: "convolution",
    convolution: geometry,
    weights,
    biases: bias(layer, filters, taken),
    activation: "linear",
  };
}

/** The geometry, with the zeros of a ZeroPadding2D before it. */
function padded(
  layer: KerasLayer,
  shape: ImageShape,
  options: Parameters<typeof convolution>[1],
  taken: Taken,
): Convolution {
  const { padding: around } = taken;
  if (options.padding !== "valid" && options.padding !== "same")
    throw refused(taken.source, layer, `its padding is "${String(options.padding)}"`);
  if (!around) return convolution(shape, options);
  if (options.padding === "same")
    throw refused(taken.source, layer, 'it pads by "same" what a ZeroPadding2D padded already');
  taken.padding = undefined;
  const [top, bottom] = around.rows;
  const [left, right] = around.columns;
  const wide: ImageShape = [shape[0] + top + bottom, shape[1] + left + right, shape[2]];
  return { ...convolution(wide, options), input: shape, padding: [top, left] };
}

function dense(layer: KerasLayer, shape: ImageShape, taken: Taken): ConvolutionalLayer {
  if (!taken.flat && shape[0] * shape[1] !== 1)
    throw refused(taken.source, layer, "it works on each position of an image; put a Flatten before it");
  const [inputs, outputs] = [sizeOf(shape), Number(layer.config.units)];
  const weights = weight(layer, "kernel", [inputs, outputs], taken);
  return { kind: "dense", inputs, outputs, weights, biases: bias(layer, outputs, taken), activation: "linear" };
}

function batchNorm(layer: KerasLayer, shape: ImageShape, taken: Taken): ConvolutionalLayer {
  const { config } = layer;
  const axis = Array.isArray(config.axis) ? (config.axis as number[])[0] : Number(config.axis ?? -1);
  // An image's channels are axis 3 behind the batch's axis, a vector's values axis 1.
  if (axis !== -1 && axis !== (taken.flat ? 1 : 3))
    throw refused(taken.source, layer, `it normalises along axis ${axis}`);
  const normalised: ImageShape = taken.flat ? [1, 1, sizeOf(shape)] : shape;
  const channels = normalised[2];
  const values = (name: string): Float32Array => weight(layer, name, [channels], taken);
  return {
    kind: "batch-norm",
    shape: normalised,
    gamma: config.scale === false ? new Float32Array(channels).fill(1) : values("gamma"),
    beta: config.center === false ? new Float32Array(channels) : values("beta"),
    mean: values("moving_mean"),
    variance: values("moving_variance"),
    epsilon: Number(config.epsilon ?? 1e-3),
    activation: "linear",
  };
}

function pooling(layer: KerasLayer, shape: ImageShape, taken: Taken): ConvolutionalLayer {
  channelsLast(layer, taken);
  const { config } = layer;
  const global = layer.kind.startsWith("Global");
  const kernel = global ? ([shape[0], shape[1]] as const) : pair(config.pool_size);
  const strides = global ? kernel : pair(config.strides ?? config.pool_size);
  const padding = global ? "valid" : (config.padding as "valid" | "same");
  if (global) taken.flat = true;
  return {
    kind: layer.kind.includes("Average") ? "average-pooling" : "max-pooling",
    window: padded(layer, shape, { filters: shape[2], kernel, strides, padding }, taken),
  };
}

/** A ReLU becomes part of the layer before it; what can't be one is refused. */
function activate(activation: unknown, layer: KerasLayer, taken: Taken): void {
  if (activation === undefined || activation === null || activation === "linear") return;
  if (activation !== "relu") {
    const hint = activation === "softmax" ? "; leave it out: the best action stays the same" : "";
    throw refused(taken.source, layer, `the activation "${String(activation)}" has no spiking counterpart${hint}`);
  }
  const before = taken.layers.at(-1);
  if (before && "activation" in before) taken.layers[taken.layers.length - 1] = { ...before, activation: "relu" };
  else {
    const shape = before ? layerOutput(before) : taken.input!;
    taken.layers.push({ ...affine(shape, 1, 0), activation: "relu" });
  }
}

function weight({ weights, ...layer }: KerasLayer, name: string, shape: readonly number[], taken: Taken): Float32Array {
  const found: Tensor | undefined = weights.get(name);
  if (!found) throw refused(taken.source, layer, `its weight "${name}" is missing`);
  if (found.shape.length !== shape.length || found.shape.some((n, axis) => n !== shape[axis]))
    throw refused(
      taken.source,
      layer,
      `its weight "${name}" has shape [${found.shape.join(", ")}] instead of [${shape.join(", ")}]`,
    );
  return (found.data as Float32Array).slice();
}

function bias(layer: KerasLayer, size: number, taken: Taken): Float32Array {
  return layer.config.use_bias === false ? new Float32Array(size) : weight(layer, "bias", [size], taken);
}
