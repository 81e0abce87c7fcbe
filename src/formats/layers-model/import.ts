import type { z } from "zod";
import type { Tensor } from "../../files/tensor.ts";
import {
  convolution,
  type Convolution,
  type ConvolutionOptions,
  convolutionProblem,
  type ImageShape,
  sizeOf,
} from "../../network/convolution.ts";
import { assemble, batchNorm, type Piece } from "../../network/fold.ts";
import type { Synapses } from "../../network/layer.ts";
import type { Network, Shape } from "../../network/network.ts";
import { configSchema, type KerasLayer, kerasLayers, refused } from "./file.ts";

/** More values than an observation has: a model can name any shape in a few bytes. */
const LARGEST_INPUT = 2 ** 24;

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
  /** Values that a Rescaling has a number of its own for. */
  rescaled: number;
  /** Weights that layers have taken. */
  readonly used: Set<Tensor>;
}

/** A layer with its config checked. */
type Layer = Omit<KerasLayer, "config"> & { readonly config: z.infer<typeof configSchema> };

/**
 * A LayersModel of TensorFlow.js (or of Keras, by its converter) as a network that computes the same. A layer that has no counterpart is refused by
 * name (LAYER_UNSUPPORTED).
 */
export async function readLayersModel(
  bytes: Uint8Array,
  source: string,
): Promise<{ form: string; network: Network; tensors: { name: string; shape: readonly number[] }[] }> {
  return { form: "layers-model", ...fromLayers(await kerasLayers(bytes, source), source) };
}

/** The network that Keras's layers, one after the other, are. */
export function fromLayers(
  layers: readonly KerasLayer[],
  source: string,
): { network: Network; tensors: { name: string; shape: readonly number[] }[] } {
  const taken: Taken = { source, pieces: [], inputScale: 1, rescaled: 0, used: new Set() };
  for (const layer of layers) take(layer, taken);
  const tensors = layers.flatMap(({ name, weights }) =>
    [...weights].map(([weight, { shape }]) => ({ name: `${name}/${weight}`, shape })),
  );
  return { network: ended(taken, layers.at(-1)), tensors };
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

type Take = (layer: Layer, taken: Taken, shape: Shape) => void;

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
    const { padding } = layer.config;
    if (!Array.isArray(padding)) throw refused(taken.source, layer, "its padding must be rows and columns");
    taken.padding = padding;
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
    const { max_value: most = null, negative_slope: slope, threshold } = layer.config;
    if (most !== null || (slope ?? 0) !== 0 || (threshold ?? 0) !== 0)
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

function take({ config, ...layer }: KerasLayer, taken: Taken): void {
  const { kind } = layer;
  const idle = IDLE.includes(kind);
  if (!idle && !Object.hasOwn(takers, kind))
    throw refused(taken.source, layer, `networks here have no counterpart of ${kind}`);
  const checked = configSchema.safeParse(config);
  if (!checked.success)
    throw refused(taken.source, layer, `its ${String(checked.error.issues[0].path[0])} is nothing that Keras writes`);
  const whole = { ...layer, config: checked.data };
  declareInput(whole, taken);
  if (idle) return;
  if (!taken.shape) throw refused(taken.source, layer, "the shape of its input is not known: no layer names one");
  if (taken.padding && kind !== "Conv2D")
    throw refused(taken.source, layer, "it follows a ZeroPadding2D, which only a convolution can take up");
  takers[kind](whole, taken, taken.shape);
}

function declareInput(layer: Layer, taken: Taken): void {
  const declared = layer.config.batch_input_shape ?? layer.config.batch_shape;
  if (!declared || taken.input) return;
  const sizes = declared.slice(1);
  if (!sizes.every((n) => n !== null))
    throw refused(taken.source, layer, `its input shape [${sizes.join(", ")}] is open`);
  if (sizes.length !== 1 && sizes.length !== 3)
    throw refused(
      taken.source,
      layer,
      `its input [${sizes.join(", ")}] is neither a vector nor an image with channels`,
    );
  if (sizes.some((n) => n < 1) || sizes.reduce((a, b) => a * b) > LARGEST_INPUT)
    throw refused(taken.source, layer, `its input [${sizes.join(", ")}] is no size of observations`);
  taken.input = taken.shape = sizes as unknown as Shape;
}

const valuesOf = (shape: Shape): number => (shape.length === 3 ? sizeOf(shape) : shape[0]);

/** The image that a layer sees, its channels last. */
function imageBefore(layer: Layer, taken: Taken, shape: Shape): ImageShape {
  channelsLast(layer, taken);
  if (shape.length === 3) return shape;
  throw refused(taken.source, layer, `it needs an image before it, not ${shape[0]} values`);
}

function channelsLast(layer: Layer, { source }: Taken): void {
  const { data_format: format } = layer.config;
  if (format !== undefined && format !== null && format !== "channelsLast" && format !== "channels_last")
    throw refused(source, layer, "its images have their channels first; convert the model to channels last");
}

function rescale(layer: Layer, taken: Taken, shape: Shape): void {
  const { scale, offset = 0 } = layer.config;
  if (typeof scale !== "number" || typeof offset !== "number")
    throw refused(taken.source, layer, "its scale and offset must be numbers");
  const first = taken.pieces.length === 0;
  if (first) taken.inputScale *= scale;
  if (first && offset === 0) return;
  if ((taken.rescaled += shape.at(-1)!) > LARGEST_INPUT)
    throw refused(taken.source, layer, "the model rescales more values than observations have");
  const all = (value: number): Float64Array => new Float64Array(shape.at(-1)!).fill(value);
  taken.pieces.push({ kind: "affine", scale: all(first ? 1 : scale), shift: all(offset) });
}

function reshape(layer: Layer, taken: Taken, shape: Shape): void {
  const target = (layer.config.target_shape ?? []).map((n) => (n === null || n < 0 ? undefined : n));
  const [size] = target;
  const same = target.every((n) => n !== undefined) && target.reduce((a, b) => a * b, 1) === valuesOf(shape);
  if (target.length === 1 && (size === undefined || same)) taken.shape = [valuesOf(shape)];
  else if (target.length === 3 && taken.pieces.length === 0 && same)
    taken.input = taken.shape = target as unknown as ImageShape;
  else if (target.length !== 3 || target.some((n, axis) => n !== shape[axis]))
    throw refused(taken.source, layer, `${shape.join(" x ")} values can't become [${target.join(", ")}] in between`);
}

function needed<T>(value: T | null | undefined, what: string, layer: Layer, { source }: Taken): T {
  if (value === null || value === undefined) throw refused(source, layer, `its ${what} is missing`);
  return value;
}

function convolutional(layer: Layer, taken: Taken, shape: Shape): void {
  const image = imageBefore(layer, taken, shape);
  const { config } = layer;
  const filters = needed(config.filters, "filters", layer, taken);
  const kernel = needed(config.kernel_size, "kernel_size", layer, taken);
  if (config.dilation_rate?.some((n) => n !== 1)) throw refused(taken.source, layer, "it is dilated");
  if ((config.groups ?? 1) !== 1) throw refused(taken.source, layer, "its channels are in groups");
  const own = padded(layer, image, { filters, kernel, strides: config.strides ?? [1, 1] }, taken);
  connect(layer, { kind: "convolution", ...own }, [...kernel, image[2], filters], taken);
  taken.shape = own.output;
}

function dense(layer: Layer, taken: Taken, shape: Shape): void {
  if (shape.length === 3 && shape[0] * shape[1] !== 1)
    throw refused(taken.source, layer, "it works on each position of an image; put a Flatten before it");
  const [inputs, outputs] = [valuesOf(shape), needed(layer.config.units, "units", layer, taken)];
  connect(layer, { kind: "dense", inputs, outputs }, [inputs, outputs], taken);
  taken.shape = [outputs];
}

function connect(layer: Layer, synapses: Synapses, shape: readonly number[], taken: Taken): void {
  const [columns] = shape.slice(-1);
  const weights = weight(layer, "kernel", shape, taken);
  const biases = layer.config.use_bias === false ? new Float32Array(columns) : weight(layer, "bias", [columns], taken);
  taken.pieces.push({ kind: "synapses", synapses, weights, biases });
  activate(layer.config.activation, layer, taken);
}

/** The geometry, with the zeros of a ZeroPadding2D before it. */
function padded(
  layer: Layer,
  image: ImageShape,
  options: Omit<ConvolutionOptions, "padding">,
  taken: Taken,
): Convolution {
  const { padding: around } = taken;
  const padding = layer.kind.startsWith("Global") ? "valid" : layer.config.padding;
  if (padding !== "valid" && padding !== "same")
    throw refused(taken.source, layer, `its padding is ${typeof padding === "string" ? `"${padding}"` : "missing"}`);
  if (around && padding === "same")
    throw refused(taken.source, layer, 'it pads by "same" what a ZeroPadding2D padded already');
  taken.padding = undefined;
  const own = convolution(image, { ...options, padding: around ?? padding });
  const problem = convolutionProblem(own);
  if (problem !== undefined) throw refused(taken.source, layer, problem);
  return own;
}

function normalisation(layer: Layer, taken: Taken, shape: Shape): void {
  const { config } = layer;
  const axis = config.axis ?? -1;
  // Axis 0 is the batch's.
  if (axis !== -1 && axis !== shape.length) throw refused(taken.source, layer, `it normalises along axis ${axis}`);
  const channels = shape.at(-1)!;
  const values = (name: string): Float32Array => weight(layer, name, [channels], taken);
  const gamma = config.scale === false ? new Float32Array(channels).fill(1) : values("gamma");
  const beta = config.center === false ? new Float32Array(channels) : values("beta");
  const statistics = { mean: values("moving_mean"), variance: values("moving_variance") };
  taken.pieces.push(batchNorm({ gamma, beta, ...statistics }, config.epsilon ?? 1e-3));
}

function pooling(layer: Layer, taken: Taken, shape: Shape): void {
  const image = imageBefore(layer, taken, shape);
  const global = layer.kind.startsWith("Global");
  const kernel = global ? ([image[0], image[1]] as const) : needed(layer.config.pool_size, "pool_size", layer, taken);
  const strides = global ? kernel : (layer.config.strides ?? kernel);
  const window = padded(layer, image, { filters: image[2], kernel, strides }, taken);
  taken.pieces.push({ kind: layer.kind.includes("Average") ? "average" : "max", window });
  taken.shape = global ? [image[2]] : window.output;
}

function activate(activation: string | null | undefined, layer: Layer, taken: Taken): void {
  if (activation === undefined || activation === null || activation === "linear") return;
  if (activation === "relu") return void taken.pieces.push({ kind: "relu" });
  const hint = activation === "softmax" ? "; leave it out: the best action stays the same" : "";
  throw refused(taken.source, layer, `the activation "${activation}" has no spiking counterpart${hint}`);
}

function weight({ weights, ...layer }: Layer, name: string, shape: readonly number[], taken: Taken): Float32Array {
  const found: Tensor | undefined = weights.get(name);
  if (!found) throw refused(taken.source, layer, `its weight "${name}" is missing`);
  if (taken.used.has(found)) throw refused(taken.source, layer, `its weight "${name}" is another layer's too`);
  taken.used.add(found);
  if (found.shape.join() !== shape.join())
    throw refused(
      taken.source,
      layer,
      `its weight "${name}" has shape [${found.shape.join(", ")}] instead of [${shape.join(", ")}]`,
    );
  return found.data as Float32Array;
}
