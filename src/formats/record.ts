import { extname } from "node:path";
import { UsageError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { type Tensor, tensor } from "../files/tensor.ts";
import type { ImageShape } from "../network/convolution.ts";
import type { Observations, RunResult, SpikeEvents } from "../network/engine.ts";
import { outputsOf, type SpikingLayer } from "../network/layer.ts";
import { observationSize, spikingLayers, type SpikingNetwork } from "../network/network.ts";
import { gridOf, type Observable, writeNirData } from "./nir/data.ts";
import { encodeNpz } from "./npz.ts";
import { reordered } from "./torch-layout.ts";

/** A run that kept spikes and potentials, to be written down. */
export interface Run {
  readonly network: SpikingNetwork;
  /** [states, observation], or where they change [steps, states, observation]. */
  readonly inputs: Observations;
  readonly changing: boolean;
  readonly steps: number;
  readonly result: RunResult;
}

/**
 * Writes every layer's spikes and potentials after each step: to an .npz x, spikes0... and potentials0... [steps, states, neurons], which
 * `certify --against` reads; or to NIRData (.nir) with a node for each layer. `dt`: of a step, for NIRData.
 */
export async function writeRun(path: string, run: Run, dt = 1): Promise<void> {
  const extension = extname(path).toLowerCase();
  if (extension === ".npz") return writeFileAtomic(path, encodeNpz(arraysOf(run)));
  if (extension === ".nir") return writeFileAtomic(path, writeNirData(nodesOf(run, dt)));
  throw new UsageError("FORMAT_UNKNOWN", `${path}: spikes and potentials are written as .npz or .nir (NIRData).`);
}

function arraysOf({ network, inputs, changing, steps, result }: Run): Record<string, Tensor> {
  const states = result.actions.length;
  const size = observationSize(network);
  const arrays: Record<string, Tensor> = {
    x: tensor(Float32Array.from(inputs), [...(changing ? [steps] : []), states, size]),
  };
  for (const [l, layer] of network.layers.entries()) {
    const n = outputsOf(layer);
    if (l < spikingLayers(network)) {
      const counts = countsOf(result.spikes![l], steps, states, n);
      const most = counts.reduce((largest, count) => Math.max(largest, count), 0);
      const data = most < 256 ? Uint8Array.from(counts) : counts;
      arrays[`spikes${l}`] = { dtype: most < 256 ? "uint8" : "uint32", shape: [steps, states, n], data };
    }
    const potentials = new Float64Array(steps * states * n);
    for (let b = 0; b < states; b++)
      for (let t = 0; t < steps; t++)
        potentials.set(
          result.membranes![l].subarray((b * steps + t) * n, (b * steps + t + 1) * n),
          (t * states + b) * n,
        );
    arrays[`potentials${l}`] = tensor(potentials, [steps, states, n]);
  }
  return arrays;
}

function countsOf({ state, step, neuron }: SpikeEvents, steps: number, states: number, n: number): Uint32Array {
  const counts = new Uint32Array(steps * states * n);
  state.forEach((b, k) => counts[(step[k] * states + b) * n + neuron[k]]++);
  return counts;
}

/** NIRData is [samples, steps, neurons], images channel by channel. */
function nodesOf(
  { network, inputs, changing, steps, result }: Run,
  dt: number,
): Record<string, Record<string, Observable>> {
  const states = result.actions.length;
  const size = observationSize(network);
  const image = network.input.length === 3 ? network.input : undefined;
  const grid = (n: number, picture: ImageShape | undefined, of: (b: number, t: number) => Float32Array) => {
    const data = new Float32Array(states * steps * n);
    for (let b = 0; b < states; b++)
      for (let t = 0; t < steps; t++) {
        const own = of(b, t);
        data.set(picture ? reordered(own, 1, picture, "to torch") : own, (b * steps + t) * n);
      }
    return { samples: states, steps, neurons: n, data };
  };
  const given = (b: number, t: number): Float32Array => {
    const first = (changing ? t * states + b : b) * size;
    return Float32Array.from(inputs.subarray(first, first + size));
  };
  const nodes: Record<string, Record<string, Observable>> = {
    input: { value: gridOf(grid(size, image, given), dt, false) },
  };
  for (const [l, layer] of network.layers.entries()) {
    const n = outputsOf(layer);
    const kept = result.membranes![l];
    const v = gridOf(grid(n, imageOf(layer), (b, t) => Float32Array.from(kept.subarray((b * steps + t) * n, (b * steps + t + 1) * n))), dt, false); // prettier-ignore
    const counts = l < spikingLayers(network) && countsOf(result.spikes![l], steps, states, n);
    const spikes = counts && gridOf(grid(n, imageOf(layer), (b, t) => Float32Array.from(counts.subarray((t * states + b) * n, (t * states + b + 1) * n))), dt, true); // prettier-ignore
    nodes[`layer${l}`] = { ...(spikes && { spikes }), v };
  }
  return nodes;
}

function imageOf({ synapses }: SpikingLayer): ImageShape | undefined {
  return synapses.kind === "convolution" ? synapses.output : undefined;
}
