import { UsageError } from "../../errors.ts";
import { type Convolution, sizeOf } from "../../network/convolution.ts";
import { argmax } from "../../network/decide.ts";
import { chooseActions } from "../../network/decoding.ts";
import type { LoadedHere } from "../../network/engine.ts";
import { columnsOf, inputsOf, type Layer, linear, outputsOf, synapticInputs } from "../../network/layer.ts";
import { actionsOf, type Network, observationSize } from "../../network/network.ts";
import { forEachWindowValue } from "../../network/pooling.ts";
import { fanOut } from "../../network/synapses.ts";
import { validateRun } from "../../network/validate.ts";
import { countWork } from "../../network/work.ts";
import { freeAfter } from "./kernels/memory.ts";
import { createProduct } from "./kernels/product.ts";
import { mismatch } from "./spiking.ts";

/** A network without spikes on the kernels, in float32. The network must be valid. */
export function loadArtificial(network: Network): LoadedHere {
  const runner = createRunner(network);
  const [actions, size] = [actionsOf(network), observationSize(network)];
  const fans = network.layers.map(fanOut);
  let values: ArrayLike<number> = new Float32Array(actions);
  return freeAfter(
    {
      run(observations, options) {
        const batch = validateRun(network, observations, options);
        const outputs = new Float64Array(batch * actions);
        for (const counts of runner.arrivals) counts.fill(0);
        runner.run(observations, batch, (first, layers) => outputs.set(layers[layers.length - 1], first * actions));
        return {
          outputs,
          potentials: outputs,
          actions: chooseActions(network, outputs, outputs, batch),
          spikeCounts: [],
          work: countWork(network, batch, runner.arrivals, [], fans),
        };
      },
      decide(observation) {
        if (observation.length !== size) throw mismatch(observation.length, size);
        runner.run(observation, 1, (_first, layers) => (values = layers[layers.length - 1]));
        return argmax(values);
      },
      get values() {
        return values;
      },
      close: runner.close,
    },
    runner.close,
  );
}

/** A network without spikes, layer by layer, some states side by side. */
export interface Runner {
  /**
   * Runs `observations` [batch, observationSize]; calls `onStates` for a number of states at a time with the first one's index and what each layer
   * puts out, [states, outputs], valid until the next call.
   */
  run(
    observations: ArrayLike<number>,
    batch: number,
    onStates: (first: number, outputs: readonly Float32Array[]) => void,
  ): void;
  /** Per layer, [values that its synapses start from]: how often each was not 0, since it was last filled with 0. */
  readonly arrivals: readonly Float64Array[];
  close(): void;
}

/** Memory that the patches of one layer may take, in bytes: it bounds how many states run side by side. */
const PATCHES = 16 * 2 ** 20;
const MOST_STATES = 32;

/**
 * Convolutions as products of patches [positions, kernel] and weights (float32, products summed in ascending order of the kernel's
 * values, then the bias). `threads` share the rows; the results have the same bits with any number of them.
 */
export function createRunner(network: Network, { threads = 1 }: { threads?: number } = {}): Runner {
  const { layers, inputScale } = network;
  const largest = Math.max(...layers.map((layer) => 4 * rowsOf(layer) * (layer.weights.length / columnsOf(layer))));
  const side = Math.max(1, Math.min(MOST_STATES, Math.floor(PATCHES / largest)));
  const stages = layers.map((layer) => createStage(layer, side, threads));
  const size = observationSize(network);
  const scaled = new Float32Array(side * size);
  let closed = false;
  return {
    arrivals: stages.map(({ arrivals }) => arrivals),
    run(observations, batch, onStates) {
      if (closed) throw new UsageError("NETWORK_CLOSED", "The network was closed.");
      for (let first = 0; first < batch; first += side) {
        const count = Math.min(side, batch - first);
        for (let k = 0, from = first * size; k < count * size; k++)
          scaled[k] = Math.fround(observations[from++]) * inputScale;
        let x: Float32Array = scaled;
        onStates(
          first,
          stages.map(({ run }) => (x = run(x, count))),
        );
      }
    },
    close() {
      if (closed) return;
      closed = true;
      stages.forEach((stage) => stage.close());
    },
  };
}

/** Positions at which a layer's weights are used. */
const rowsOf = ({ synapses }: Layer): number =>
  synapses.kind === "dense" ? 1 : synapses.output[0] * synapses.output[1];

/** A layer over `count` states: from [count, inputs] to [count, outputs], valid until the next call. */
interface Stage {
  run(x: Float32Array, count: number): Float32Array;
  readonly arrivals: Float64Array;
  close(): void;
}

function createStage(layer: Layer, side: number, threads: number): Stage {
  const { synapses, weights, biases, activation } = layer;
  const [rows, columns, inputs, outputs] = [rowsOf(layer), columnsOf(layer), synapticInputs(layer), outputsOf(layer)];
  const pool = layer.pooling && createPooling(layer.pooling, inputsOf(layer), side);
  // Biases that differ from place to place are added here, the others in the kernel.
  const own = biases && biases.length !== columns ? biases : undefined;
  const product = createProduct(
    { synapses, weights, biases: own ? null : biases, activation: own ? linear : activation },
    { maxRows: side * rows, threads },
  );
  const floor = activation.kind === "relu" ? 0 : -Infinity;
  const arrivals = new Float64Array(inputs);
  const y = new Float32Array(side * outputs);
  return {
    arrivals,
    run(given, count) {
      const x = pool ? pool(given, count) : given;
      for (let b = 0, k = 0; b < count; b++) for (let i = 0; i < inputs; i++) if (x[k++] !== 0) arrivals[i]++;
      if (synapses.kind === "dense") product.rows.set(x.subarray(0, count * inputs));
      else
        for (let b = 0; b < count; b++)
          patches(synapses, x, b * inputs, product.rows, (b * product.rows.length) / side);
      y.set(product.run(count * rows));
      for (let k = 0; own && k < count * outputs; k++) y[k] = Math.max(floor, Math.fround(y[k] + own[k % outputs]));
      return y.subarray(0, count * outputs);
    },
    close: product.close,
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

/** The values of the windows of `count` states, [count, windows]. */
function createPooling(
  { kind, window }: NonNullable<Layer["pooling"]>,
  inputs: number,
  side: number,
): (x: Float32Array, count: number) => Float32Array {
  const windows = sizeOf(window.output);
  const sources: number[] = [];
  const starts = new Int32Array(windows + 1);
  forEachWindowValue(window, (source, target) => {
    sources.push(source);
    starts[target + 1] = sources.length;
  });
  const list = Int32Array.from(sources);
  const average = kind === "average";
  const y = new Float32Array(side * windows);
  return (x, count) => {
    for (let b = 0; b < count; b++)
      for (let k = 0; k < windows; k++) {
        let value = average ? 0 : -Infinity;
        for (let s = starts[k]; s < starts[k + 1]; s++) {
          const next = x[b * inputs + list[s]];
          value = average ? value + next : Math.max(value, next);
        }
        y[b * windows + k] = average ? value / (starts[k + 1] - starts[k]) : value;
      }
    return y.subarray(0, count * windows);
  };
}
