import { createProduct, type Product } from "./kernels/product.ts";
import { type Convolution, sizeOf } from "../../network/convolution.ts";
import { forEachWindowValue } from "../reference/convolutional.ts";
import { type BatchNormLayer, type ConvolutionalLayer, type ConvolutionalNetwork, layerOutput } from "../../network/old/convolutional-network.ts";
import type { PoolingLayer } from "../../network/old/convolutional-network.ts";
import { validateConvolutional } from "../../network/old/convolutional-validate.ts";

/** A convolutional network ready to run, on the WASM kernels: no TensorFlow is needed. */
export interface ConvolutionalRunner {
  /**
   * Values of each action, [batch, actions], for `observations` [batch, height, width, channels], and the effective
   * multiply-accumulates that they took: one per nonzero input and outgoing connection, summed over the batch.
   */
  forward(observations: Float32Array, batch: number): { outputs: Float32Array; multiplyAccumulates: number };
  /** What each layer puts out, [batch, ...its output's shape]. */
  activations(observations: Float32Array, batch: number): Float32Array[];
  /** Releases the kernels' memory. */
  close(): void;
}

/** Memory that the patches of one layer may take, in bytes: it bounds how many states run side by side. */
const PATCHES = 16 * 2 ** 20;
const MOST_STATES = 32;

/** A layer over `count` states: [count, ...input] in, [count, ...output] out. */
interface Stage {
  run(x: Float32Array, y: Float32Array, count: number): void;
  /** Nonzero inputs times outgoing connections since it was made. */
  operations(): number;
  close(): void;
}

/**
 * Convolutions as products of patches [positions, kernel] and weights (float32, products summed in ascending order of the kernel's
 * values, then the bias). `threads` share the rows; the results have the same bits with any number of them.
 */
export function convolutionalRunner(
  network: ConvolutionalNetwork,
  { threads = 1 }: { threads?: number } = {},
): ConvolutionalRunner {
  validateConvolutional(network);
  const { layers, inputScale } = network;
  const patchBytes = layers.map((layer) =>
    layer.kind === "convolution"
      ? 4 * (layer.weights.length / layer.convolution.output[2]) * positions(layer.convolution)
      : 4 * (layer.kind === "dense" ? layer.inputs : 0),
  );
  const side = Math.max(1, Math.min(MOST_STATES, Math.floor(PATCHES / Math.max(1, ...patchBytes))));
  const stages = layers.map((layer) => stage(layer, side, threads));
  const sizes = layers.map((layer) => sizeOf(layerOutput(layer)));
  const inputs = sizeOf(network.input);
  const buffers = sizes.map((size) => new Float32Array(side * size));
  const scaled = new Float32Array(side * inputs);

  const run = (observations: Float32Array, batch: number, onChunk: (first: number, count: number) => void): void => {
    for (let first = 0; first < batch; first += side) {
      const count = Math.min(side, batch - first);
      const from = observations.subarray(first * inputs, (first + count) * inputs);
      for (let k = 0; k < from.length; k++) scaled[k] = from[k] * inputScale;
      let x = scaled;
      for (const [l, { run }] of stages.entries()) {
        run(x, buffers[l], count);
        x = buffers[l];
      }
      onChunk(first, count);
    }
  };
  return {
    forward(observations, batch) {
      const actions = sizes.at(-1)!;
      const outputs = new Float32Array(batch * actions);
      const total = (): number => stages.reduce((sum, { operations }) => sum + operations(), 0);
      const before = total();
      run(observations, batch, (first, count) =>
        outputs.set(buffers.at(-1)!.subarray(0, count * actions), first * actions),
      );
      return { outputs, multiplyAccumulates: total() - before };
    },
    activations(observations, batch) {
      const all = sizes.map((size) => new Float32Array(batch * size));
      run(observations, batch, (first, count) =>
        all.forEach((into, l) => into.set(buffers[l].subarray(0, count * sizes[l]), first * sizes[l])),
      );
      return all;
    },
    close: () => stages.forEach((stage) => stage.close()),
  };
}

const positions = ({ output }: Convolution): number => output[0] * output[1];

function stage(layer: ConvolutionalLayer, side: number, threads: number): Stage {
  switch (layer.kind) {
    case "convolution":
    case "dense":
      return weighted(layer, side, threads);
    case "batch-norm":
      return normalising(layer);
    default:
      return pooling(layer);
  }
}

function weighted(layer: ConvolutionalLayer & { kind: "convolution" | "dense" }, side: number, threads: number): Stage {
  const [rowsPerState, outputs] =
    layer.kind === "dense" ? [1, layer.outputs] : [positions(layer.convolution), layer.convolution.output[2]];
  const inputs = layer.weights.length / outputs;
  const { weights, biases, activation } = layer;
  const product: Product = createProduct(
    { inputs, outputs, weights, biases },
    { maxRows: side * rowsPerState, threads },
  );
  const floor = activation === "relu" ? 0 : -Infinity;
  let operations = 0;
  return {
    run(x, y, count) {
      const rows = count * rowsPerState;
      const used = rows * inputs;
      const { rows: into } = product;
      if (layer.kind === "dense") into.set(x.subarray(0, used));
      else {
        const size = sizeOf(layer.convolution.input);
        for (let b = 0; b < count; b++) patches(layer.convolution, x, b * size, into, b * rowsPerState * inputs);
      }
      let nonzero = 0;
      for (let k = 0; k < used; k++) if (into[k] !== 0) nonzero++;
      operations += nonzero * outputs;
      const values = product.run(rows);
      for (let k = 0; k < values.length; k++) y[k] = values[k] > floor ? values[k] : floor;
    },
    operations: () => operations,
    close: () => product.close(),
  };
}

/** One state's patches, [positions, kernel rows, kernel columns, channels], zeros outside of the image. */
function patches(
  { input, output, kernel, strides, padding }: Convolution,
  x: Float32Array,
  from: number,
  into: Float32Array,
  at: number,
): void {
  const [height, width, channels] = input;
  const run = kernel[1] * channels;
  for (let y = 0; y < output[0]; y++)
    for (let column = 0; column < output[1]; column++) {
      const left = column * strides[1] - padding[1];
      const skip = Math.max(0, -left) * channels;
      const end = Math.min(kernel[1], width - left) * channels;
      for (let i = 0; i < kernel[0]; i++, at += run) {
        const row = y * strides[0] + i - padding[0];
        const inside = row >= 0 && row < height;
        if (!inside || skip > 0 || end < run) into.fill(0, at, at + run);
        if (!inside) continue;
        const source = from + (row * width + left) * channels;
        for (let k = skip; k < end; k++) into[at + k] = x[source + k];
      }
    }
}

function pooling({ kind, window }: PoolingLayer): Stage {
  const [inputs, outputs] = [sizeOf(window.input), sizeOf(window.output)];
  const sources: number[] = [];
  const starts = new Int32Array(outputs + 1);
  forEachWindowValue(window, (source, target) => {
    sources.push(source);
    starts[target + 1] = sources.length;
  });
  const list = Int32Array.from(sources);
  const average = kind === "average-pooling";
  return {
    run(x, y, count) {
      for (let b = 0; b < count; b++)
        for (let k = 0; k < outputs; k++) {
          let value = average ? 0 : -Infinity;
          for (let s = starts[k]; s < starts[k + 1]; s++) {
            const next = x[b * inputs + list[s]];
            value = average ? value + next : Math.max(value, next);
          }
          y[b * outputs + k] = average ? value / (starts[k + 1] - starts[k]) : value;
        }
    },
    operations: () => 0,
    close() {},
  };
}

function normalising({ gamma, beta, mean, variance, epsilon, activation, shape }: BatchNormLayer): Stage {
  const factor = Float64Array.from(gamma, (g, c) => g / Math.sqrt(variance[c] + epsilon));
  const shift = Float64Array.from(beta, (b, c) => b - mean[c] * factor[c]);
  const [size, channels] = [sizeOf(shape), shape[2]];
  const floor = activation === "relu" ? 0 : -Infinity;
  return {
    run(x, y, count) {
      for (let k = 0; k < count * size; k++) y[k] = Math.max(floor, x[k] * factor[k % channels] + shift[k % channels]);
    },
    operations: () => 0,
    close() {},
  };
}
