import type { Tensor } from "../../files/tensor.ts";
import {
  convolution,
  type Convolution,
  type ConvolutionOptions,
  type ImageShape,
  sizeOf,
} from "../../network/convolution.ts";
import { assemble, batchNorm, type Piece } from "../../network/fold.ts";
import type { Synapses } from "../../network/layer.ts";
import type { Network, Shape } from "../../network/network.ts";
import { type KerasLayer, kerasLayers, refused } from "./file.ts";

/** What has been taken of a model so far. */
interface Taken {
  readonly source: string;
  readonly pieces: Piece[];
  input?: Shape;
  inputScale: number;
  /** What comes out of the last layer: a Dense layer straight after an image would work on each position. */
  shape?: Shape;
  /** Zeros around the image that the next convolution is to see. */
  padding?: readonly [rows: readonly [number, number], columns: readonly [number, number]];
}

/**
 * A LayersModel of TensorFlow.js (or of Keras, by its converter) as a network that computes the same. A layer that has no counterpart is refused by
 * name (LAYER_UNSUPPORTED).
 */
export async function readLayersModel(
  bytes: Uint8Array,
  source: string,
): Promise<{ form: string; network: Network; tensors: { name: string; shape: readonly number[] }[] }> {
  const layers = await kerasLayers(bytes, source);
  const taken: Taken = { source, pieces: [], inputScale: 1 };
  for (const layer of layers) take(layer, taken);
  const tensors = layers.flatMap(({ name, weights }) =>
    [...weights].map(([weight, { shape }]) => ({ name: `${name}/${weight}`, shape })),
  );
  return { form: "layers-model", network: ended(taken, layers.at(-1)), tensors };
}

function ended({ input, inputScale, pieces, padding, source }: Taken, last: KerasLayer | undefined): Network {
  const end = pieces.at(-1)?.kind;
  if (!input || !end || !last || padding)
    throw refused(source, last ?? { kind: "Model", name: "?" }, "the network ends before a Dense layer");
  const weighted = pieces.flatMap((piece) => (piece.kind === "synapses" ? [piece.synapses.kind] : []));
  if ((end !== "synapses" && end !== "affine") || weighted.at(-1) !== "dense")
    throw refused(source, last, "the last layer must be Dense and linear: one value per action");
  return assemble(input, inputScale, pieces);
}

type Take = (layer: KerasLayer, taken: Taken, shape: Shape) => void;

/** Layers that are taken over. */
const takers: Readonly<Record<string, Take>> = {
  Rescaling: rescale,
  Flatten(layer, taken, shape) {
    channelsLast(layer, taken);
    taken.shape = [valuesOf(shape)];
  },
  Reshape: reshape,
  ZeroPadding2D(layer, taken) {
    channelsLast(layer, taken);
    taken.padding = layer.config.padding as [[number, number], [number, number]];
  },
  Conv2D: convolutional,
  Dense: dense,
  BatchNormalization: normalisation,
  AveragePooling2D: pooling,
  MaxPooling2D: pooling,
  GlobalAveragePooling2D: pooling,
  GlobalMaxPooling2D: pooling,
  Activation: (layer, taken) => activate(layer.config.activation, layer, taken),
  ReLU(layer, taken) {
    const { max_value: most = null, negative_slope: slope = 0, threshold = 0 } = layer.config;
    if (most !== null || Number(slope) !== 0 || Number(threshold) !== 0)
      throw refused(
        taken.source,
        layer,
        "only the plain ReLU has a spiking counterpart (no max_value, slope or threshold)",
      );
    activate("relu", layer, taken);
  },
};

/** Layers that do nothing, or nothing but while training. */
const IDLE = [
  ...["InputLayer", "Dropout", "SpatialDropout2D", "GaussianDropout", "GaussianNoise", "AlphaDropout"],
  "ActivityRegularization",
];

function take(layer: KerasLayer, taken: Taken): void {
  const { kind } = layer;
  const idle = IDLE.includes(kind);
  if (!idle && !Object.hasOwn(takers, kind))
    throw refused(taken.source, layer, `networks here have no counterpart of ${kind}`);
  declareInput(layer, taken);
  if (idle) return;
  if (!taken.shape) throw refused(taken.source, layer, "the shape of its input is not known: no layer names one");
  if (taken.padding && kind !== "Conv2D")
    throw refused(taken.source, layer, "it follows a ZeroPadding2D, which only a convolution can take up");
  takers[kind](layer, taken, taken.shape);
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
  taken.input = taken.shape = sizes as unknown as Shape;
}

const valuesOf = (shape: Shape): number => (shape.length === 3 ? sizeOf(shape) : shape[0]);

/** The image that a layer sees, its channels last. */
function imageBefore(layer: KerasLayer, taken: Taken, shape: Shape): ImageShape {
  channelsLast(layer, taken);
  if (shape.length === 3) return shape;
  throw refused(taken.source, layer, `it needs an image before it, not ${shape[0]} values`);
}

function channelsLast(layer: KerasLayer, { source }: Taken): void {
  const { data_format: format } = layer.config;
  if (format !== undefined && format !== null && format !== "channelsLast" && format !== "channels_last")
    throw refused(source, layer, "its images have their channels first; convert the model to channels last");
}

function rescale(layer: KerasLayer, taken: Taken, shape: Shape): void {
  const { scale, offset = 0 } = layer.config as { scale: unknown; offset?: unknown };
  if (typeof scale !== "number" || typeof offset !== "number")
    throw refused(taken.source, layer, "its scale and offset must be numbers");
  const first = taken.pieces.length === 0;
  if (first) taken.inputScale *= scale;
  if (first && offset === 0) return;
  const all = (value: number): Float64Array => new Float64Array(shape.at(-1)!).fill(value);
  taken.pieces.push({ kind: "affine", scale: all(first ? 1 : scale), shift: all(offset) });
}

function reshape(layer: KerasLayer, taken: Taken, shape: Shape): void {
  const target = (layer.config.target_shape as (number | null)[]).map((n) => (n === null || n < 0 ? undefined : n));
  const [size] = target;
  if (target.length === 1 && (size === undefined || size === valuesOf(shape))) taken.shape = [valuesOf(shape)];
  else if (target.length === 3 && taken.pieces.length === 0 && target.every((n) => n !== undefined))
    taken.input = taken.shape = target as unknown as ImageShape;
  else if (target.length !== 3 || target.some((n, axis) => n !== shape[axis]))
    throw refused(
      taken.source,
      layer,
      `an image of ${shape.join(" x ")} can't become [${target.join(", ")}] in between`,
    );
}

function pair(value: unknown): readonly [number, number] {
  return typeof value === "number" ? [value, value] : (value as [number, number]);
}

function convolutional(layer: KerasLayer, taken: Taken, shape: Shape): void {
  const image = imageBefore(layer, taken, shape);
  const { config } = layer;
  const [filters, kernel, strides] = [Number(config.filters), pair(config.kernel_size), pair(config.strides ?? 1)];
  if (pair(config.dilation_rate ?? 1).some((n) => n !== 1)) throw refused(taken.source, layer, "it is dilated");
  if (Number(config.groups ?? 1) !== 1) throw refused(taken.source, layer, "its channels are in groups");
  const padding = config.padding as "valid" | "same";
  const own = padded(layer, image, { filters, kernel, strides, padding }, taken);
  connect(layer, { kind: "convolution", ...own }, [...kernel, image[2], filters], taken);
  taken.shape = own.output;
}

function dense(layer: KerasLayer, taken: Taken, shape: Shape): void {
  if (shape.length === 3 && shape[0] * shape[1] !== 1)
    throw refused(taken.source, layer, "it works on each position of an image; put a Flatten before it");
  const [inputs, outputs] = [valuesOf(shape), Number(layer.config.units)];
  connect(layer, { kind: "dense", inputs, outputs }, [inputs, outputs], taken);
  taken.shape = [outputs];
}

function connect(layer: KerasLayer, synapses: Synapses, shape: readonly number[], taken: Taken): void {
  const [columns] = shape.slice(-1);
  const weights = weight(layer, "kernel", shape, taken);
  const biases = layer.config.use_bias === false ? new Float32Array(columns) : weight(layer, "bias", [columns], taken);
  taken.pieces.push({ kind: "synapses", synapses, weights, biases });
  activate(layer.config.activation, layer, taken);
}

/** The geometry, with the zeros of a ZeroPadding2D before it. */
function padded(layer: KerasLayer, image: ImageShape, options: ConvolutionOptions, taken: Taken): Convolution {
  const { padding: around } = taken;
  if (options.padding !== "valid" && options.padding !== "same")
    throw refused(taken.source, layer, `its padding is "${String(options.padding)}"`);
  if (around && options.padding === "same")
    throw refused(taken.source, layer, 'it pads by "same" what a ZeroPadding2D padded already');
  taken.padding = undefined;
  return convolution(image, around ? { ...options, padding: around } : options);
}

function normalisation(layer: KerasLayer, taken: Taken, shape: Shape): void {
  const { config } = layer;
  const axis = Array.isArray(config.axis) ? (config.axis as number[])[0] : Number(config.axis ?? -1);
  // Axis 0 is the batch's.
  if (axis !== -1 && axis !== shape.length) throw refused(taken.source, layer, `it normalises along axis ${axis}`);
  const channels = shape.at(-1)!;
  const values = (name: string): Float32Array => weight(layer, name, [channels], taken);
  const gamma = config.scale === false ? new Float32Array(channels).fill(1) : values("gamma");
  const beta = config.center === false ? new Float32Array(channels) : values("beta");
  const statistics = { mean: values("moving_mean"), variance: values("moving_variance") };
  taken.pieces.push(batchNorm({ gamma, beta, ...statistics }, Number(config.epsilon ?? 1e-3)));
}

function pooling(layer: KerasLayer, taken: Taken, shape: Shape): void {
  const image = imageBefore(layer, taken, shape);
  const { config } = layer;
  const global = layer.kind.startsWith("Global");
  const kernel = global ? ([image[0], image[1]] as const) : pair(config.pool_size);
  const strides = global ? kernel : pair(config.strides ?? config.pool_size);
  const padding = global ? "valid" : (config.padding as "valid" | "same");
  const window = padded(layer, image, { filters: image[2], kernel, strides, padding }, taken);
  taken.pieces.push({ kind: layer.kind.includes("Average") ? "average" : "max", window });
  taken.shape = global ? [image[2]] : window.output;
}

function activate(activation: unknown, layer: KerasLayer, taken: Taken): void {
  if (activation === undefined || activation === null || activation === "linear") return;
  if (activation === "relu") return void taken.pieces.push({ kind: "relu" });
  const hint = activation === "softmax" ? "; leave it out: the best action stays the same" : "";
  throw refused(taken.source, layer, `the activation "${String(activation)}" has no spiking counterpart${hint}`);
}

function weight({ weights, ...layer }: KerasLayer, name: string, shape: readonly number[], taken: Taken): Float32Array {
  const found: Tensor | undefined = weights.get(name);
  if (!found) throw refused(taken.source, layer, `its weight "${name}" is missing`);
  if (found.shape.join() !== shape.join())
    throw refused(
      taken.source,
      layer,
      `its weight "${name}" has shape [${found.shape.join(", ")}] instead of [${shape.join(", ")}]`,
    );
  return (found.data as Float32Array).slice();
}
