import { UsageError } from "../../errors.ts";
import type { Convolution } from "../../network/convolution.ts";
import { argmax } from "../../network/decide.ts";
import { chooseActions } from "../../network/decoding.ts";
import type { LoadedHere } from "../../network/engine.ts";
import { columnsOf, inputsOf, type Layer, linear, outputsOf, synapticInputs } from "../../network/layer.ts";
import { actionsOf, type Network, observationSize } from "../../network/network.ts";
import { poolValues } from "../../network/pooling.ts";
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
  const values = runner.values.subarray(0, actions);
  return freeAfter(
    {
      run(observations, options) {
        const batch = validateRun(network, observations, options);
        const outputs = new Float64Array(batch * actions);
        for (const counts of runner.arrivals) counts.fill(0);
        runner.run(observations, batch, (first, count) => {
          for (let k = 0; k < count * actions; k++) outputs[first * actions + k] = runner.values[k];
        });
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
        runner.run(observation, 1);
        return argmax(values);
      },
      values,
      close: runner.close,
    },
    runner.close,
  );
}

/** A network without spikes, layer by layer, some states side by side. */
export interface Runner {
  /** Runs `observations` [batch, observationSize]; calls `onStates` for so many states at a time, the first one's index first. */
  run(observations: ArrayLike<number>, batch: number, onStates?: (first: number, count: number) => void): void;
  /** What each layer put out for the last states, [states, outputs] and more. */
  readonly outputs: readonly Float32Array[];
  /** The last layer's. */
  readonly values: Float32Array;
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
  const outputs = stages.map(({ outputs }) => outputs);
  return {
    outputs,
    values: outputs[outputs.length - 1],
    arrivals: stages.map(({ arrivals }) => arrivals),
    run(observations, batch, onStates) {
      if (closed) throw new UsageError("NETWORK_CLOSED", "The network was closed.");
      for (let first = 0; first < batch; first += side) {
        const count = Math.min(side, batch - first);
        for (let k = 0, from = first * size; k < count * size; k++)
          scaled[k] = Math.fround(observations[from++]) * inputScale;
        for (let l = 0; l < stages.length; l++) stages[l].run(l > 0 ? outputs[l - 1] : scaled, count);
        onStates?.(first, count);
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

/** A layer over `count` states: from [count, inputs] to [count, outputs]. */
interface Stage {
  run(x: Float32Array, count: number): void;
  readonly outputs: Float32Array;
  readonly arrivals: Float64Array;
  close(): void;
}

function createStage(layer: Layer, side: number, threads: number): Stage {
  const { pooling, synapses, weights, biases, activation } = layer;
  const [rows, inputs, outputs] = [rowsOf(layer), synapticInputs(layer), outputsOf(layer)];
  const pooled = pooling && new Float32Array(side * inputs);
  // Biases that differ from place to place are added here, the others in the kernel.
  const own = biases && biases.length !== columnsOf(layer) ? biases : undefined;
  const product = createProduct(
    { synapses, weights, biases: own ? null : biases, activation: own ? linear : activation },
    { maxRows: side * rows, threads },
  );
  const { rows: patched, results: y } = product;
  const floor = activation.kind === "relu" ? 0 : -Infinity;
  const arrivals = new Float64Array(inputs);
  return {
    outputs: y,
    arrivals,
    run(given, count) {
      for (let b = 0; pooled && b < count; b++)
        poolValues(pooling, part(given, inputsOf(layer), b), part(pooled, inputs, b), Math.fround);
      const x = pooled ?? given;
      for (let b = 0, k = 0; b < count; b++) for (let i = 0; i < inputs; i++) if (x[k++] !== 0) arrivals[i]++;
      if (synapses.kind === "dense") for (let k = 0; k < count * inputs; k++) patched[k] = x[k];
      else for (let b = 0; b < count; b++) patches(synapses, x, b * inputs, patched, (b * patched.length) / side);
      product.run(count * rows);
      for (let k = 0; own && k < count * outputs; k++) y[k] = Math.max(floor, Math.fround(y[k] + own[k % outputs]));
    },
    close: product.close,
  };
}

/** State b of several, `size` values each. */
const part = (of: Float32Array, size: number, b: number): Float32Array => of.subarray(b * size, (b + 1) * size);

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
