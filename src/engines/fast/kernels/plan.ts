import { UsageError } from "../../../errors.ts";
import { type Convolution, sizeOf, withFilters } from "../../../network/convolution.ts";
import {
  GEOMETRY_WORDS,
  geometryWords,
  LAYER_BYTES,
  PLAN_BATCH,
  PLAN_BYTES,
  TASK_WORDS,
  writeLayer,
  writePlan,
  type LayerFields,
} from "./layout.ts";
import { allocate, type Block } from "./memory.ts";
import { kernels } from "./module.ts";

/** What the kernels need to know of a layer. */
export interface PlannedLayer {
  readonly inputs: number;
  readonly outputs: number;
  readonly biases: boolean;
  /** Steps to compute; 0 for dense layers. */
  readonly steps: number;
  readonly spikes: boolean;
  /** Potentials before each step are wanted afterwards; true unless given, and always in training. */
  readonly kept?: boolean;
  readonly convolution?: Convolution;
  /** So many neurons side by side (in a convolution channels) have equal synapses: their current is computed once. 1 unless given, and in training. */
  readonly population?: number;
  /** Max pooling: `inputs` go into its windows. */
  readonly pooling?: Convolution;
  readonly dynamics?: {
    readonly alpha: number;
    readonly beta: number;
    readonly threshold: number;
    readonly resetBy: number;
    readonly reset: "subtraction" | "zero";
  };
}

export interface PlanOptions {
  readonly layers: readonly PlannedLayer[];
  /** Bytes of a potential, weight and current: 4 or 8. */
  readonly element: 4 | 8;
  readonly steps: number;
  readonly maxBatch: number;
  /** States whose potentials are kept side by side. */
  readonly slots: number;
  /** States per chunk. */
  readonly chunk: number;
  readonly threads: number;
  /** The control block of a pool of `threads` threads that share the work of a single state (not in training); 0 unless given: one thread does it. */
  readonly control?: number;
  readonly training: boolean;
  /** The first layer takes spikes. */
  readonly inputSpikes: boolean;
  /** Multiply instead of adding the rows of neurons that spiked (for comparison). */
  readonly dense?: boolean;
  readonly surrogate?: { readonly kind: number; readonly scale: number; readonly detached: boolean };
  /** [steps]: derivative of an output with respect to the current of each step into the output layer. */
  readonly coefficients?: Float32Array;
}

/** Buffers of a network in the kernels' memory; offsets are bytes from the block's start. */
export interface Plan {
  readonly block: Block;
  readonly address: number;
  readonly layers: readonly LayerFields[];
  /** Where each layer's weights lie: in it, or with populations in what stands for one neuron of each. */
  readonly synapses: readonly LayerFields[];
  /** Elements of each layer's weights, padding included. */
  readonly weightCounts: readonly number[];
  readonly observations: number;
  readonly inputBits: number;
  readonly inputPlane: number;
  readonly outputs: number;
  readonly outputGradients: number;
  setBatch(batch: number): void;
  chunks(batch: number): number;
}

/** A row of `n` elements padded to whole vectors (of 4: two of float64). */
export const padded = (n: number): number => Math.ceil(n / 4) * 4;
/** Bytes of the spike bits of `n` neurons: whole 64-bit words. */
export const planeBytes = (n: number): number => Math.ceil(n / 64) * 8;

/** Bytes of a row of weights above which a layer's weights are packed in panels outside training (assembly/panels.ts). */
const WIDE = 512;
/** Bytes of a panel's row. */
export const PANEL = 128;

/** Memory that partial gradients of chunks may take, in bytes: beyond it chunks get larger. */
const PARTIAL_GRADIENTS = 64 * 2 ** 20;

export function createPlan(options: PlanOptions): Plan {
  const { layers, element, steps, maxBatch, slots, threads, training } = options;
  let size = 0;
  const place = (bytes: number): number => {
    const at = size;
    // Kernels may read a panel of vectors past a row's end.
    size = Math.ceil((size + bytes + 128) / 64) * 64;
    return at;
  };
  const planAt = place(PLAN_BYTES);
  const layersAt = place(LAYER_BYTES * 2 * layers.length);
  const inputs = layers[0].inputs;
  const widest = padded(Math.max(inputs, ...layers.map((l) => l.outputs)));
  const inputPlane = options.inputSpikes ? planeBytes(inputs) : 0;

  const shared = layers.some(({ kept }) => kept === false)
    ? place(element * steps * Math.max(...layers.map((layer) => padded(layer.outputs))))
    : 0;
  const unitsOf = ({ outputs, population = 1 }: PlannedLayer): number => outputs / population;
  const sharing = layers.filter(({ population = 1 }) => population > 1);
  const unitCurrents = sharing.length
    ? place(element * Math.max(1, steps) * Math.max(...sharing.map((layer) => padded(unitsOf(layer)))))
    : 0;

  const weightCounts: number[] = [];
  const synapses: LayerFields[] = [];
  let gradientBytes = 0;
  const fields = layers.map((layer, l): LayerFields => {
    const width = padded(layer.outputs);
    const plane = planeBytes(layer.outputs);
    const d = layer.dynamics ?? { alpha: 0, beta: 1, threshold: 1, resetBy: 1, reset: "subtraction" as const };
    const gradient = gradientBytes;
    gradientBytes += 4 * width * (layer.inputs + Number(layer.biases));
    const { convolution, pooling, population = 1, kept = true } = layer;
    const inputs = pooling ? sizeOf(pooling.output) : layer.inputs;
    const units = unitsOf(layer);
    const packed = !training && !convolution && element * padded(units) > WIDE;
    const spikesIn = l > 0 || options.inputSpikes;
    const geometry = convolution && withFilters(convolution, convolution.output[2] / population);
    weightCounts.push(weightCount(inputs, padded(units), geometry, packed ? PANEL / element : 0));
    const own = {
      weights: place(element * weightCounts[l]),
      packed: Number(packed),
      convolution: convolution ? place(4 * GEOMETRY_WORDS) : 0,
    };
    const fields: LayerFields = {
      inputs,
      outputs: layer.outputs,
      width,
      steps: layer.steps,
      plane,
      spikes: Number(layer.spikes),
      zero: Number(d.reset === "zero"),
      plain: Number(d.alpha === 0 && d.beta === 1 && d.reset === "subtraction"),
      biases: layer.biases ? place(element * width) : 0,
      initial: place(element * width),
      transposed: training && l > 0 ? place(4 * layer.outputs * padded(layer.inputs)) : 0,
      values: kept ? place(element * slots * Math.max(1, layer.steps) * width) : shared,
      bits: layer.spikes ? place(slots * Math.max(0, layer.steps) * plane) : 0,
      final: place(element * slots * width),
      counts: training ? 0 : place(4 * width),
      gradient,
      currents: place(element * width),
      finalCurrents: training ? 0 : place(element * width),
      kept: Number(kept),
      ...own,
      population,
      unit: 0,
      pooling: pooling ? place(4 * GEOMETRY_WORDS) : 0,
      pooled: pooling ? place(spikesIn ? layer.steps * planeBytes(inputs) : element * inputs) : 0,
      poolPlane: planeBytes(inputs),
      poolCounts: pooling && spikesIn ? place(4 * layer.inputs) : 0,
      poolLargest: pooling && spikesIn ? place(4 * inputs) : 0,
      poolSent: pooling && spikesIn ? place(4 * inputs) : 0,
      alpha: d.alpha,
      beta: d.beta,
      threshold: d.threshold,
      resetBy: d.resetBy,
    };
    if (population === 1) {
      synapses.push(fields);
      return fields;
    }
    synapses.push({
      ...fields,
      outputs: units,
      width: padded(units),
      biases: 0,
      values: unitCurrents,
      pooling: 0,
      population: 1,
    });
    return { ...fields, weights: 0, convolution: 0, packed: 0, unit: layersAt + (layers.length + l) * LAYER_BYTES };
  });
  gradientBytes = Math.ceil(gradientBytes / 64) * 64;
  const partials = Math.max(1, Math.floor(PARTIAL_GRADIENTS / Math.max(1, gradientBytes)));
  const chunk = training ? Math.max(options.chunk, Math.ceil(maxBatch / partials)) : options.chunk;
  const top = fields.at(-1)!;
  const observations = options.inputSpikes ? 0 : place(element * maxBatch * inputs);
  const inputBits = options.inputSpikes ? place(slots * steps * inputPlane) : 0;
  const outputs = place(4 * maxBatch * top.outputs);
  const outputGradients = training ? place(4 * maxBatch * top.width) : 0;
  const gradients = training ? place(gradientBytes * Math.ceil(maxBatch / chunk)) : 0;
  const coefficients = place(4 * steps);
  const scratchBytes =
    Math.ceil(
      (widest * Math.max(element, 4) +
        (training || options.dense || layers.some((l) => l.outputs > 124 || l.convolution)
          ? 4 * widest * (steps + Math.ceil(steps / 32) + 2)
          : 0) +
        128) /
        64,
    ) * 64;
  const scratch = place(threads * scratchBytes);
  const task = options.control ? place(4 * TASK_WORDS) : 0;
  if (size > 2 ** 31)
    throw new UsageError(
      "NETWORK_TOO_LARGE",
      `The network needs ${Math.round(size / 2 ** 20)} MiB at a batch of ${maxBatch} and ${steps} steps; 2048 MiB is the limit.`,
      {
        hint: "Use a smaller batch or fewer steps.",
      },
    );

  const block = allocate(size);
  const { buffer } = kernels().memory;
  const base = block.address;
  const absolute = (at: number): number => (at === 0 ? 0 : base + at);
  const write = (f: LayerFields, at: number): void => {
    const pointers = {
      weights: f.weights,
      biases: f.biases,
      initial: f.initial,
      transposed: f.transposed,
      values: f.values,
      bits: f.bits,
      final: f.final,
      counts: f.counts,
      currents: f.currents,
      finalCurrents: f.finalCurrents,
      convolution: f.convolution,
      pooling: f.pooling,
      pooled: f.pooled,
      poolCounts: f.poolCounts,
      poolLargest: f.poolLargest,
      poolSent: f.poolSent,
      unit: f.unit,
    };
    for (const [name, at] of Object.entries(pointers)) pointers[name as keyof typeof pointers] = absolute(at);
    writeLayer(buffer, base + at, { ...f, ...pointers });
  };
  fields.forEach((f, l) => {
    write(f, layersAt + l * LAYER_BYTES);
    if (f.unit) write(synapses[l], f.unit);
    const { convolution, pooling, population = 1 } = layers[l];
    if (convolution)
      block
        .int32(synapses[l].convolution, GEOMETRY_WORDS)
        .set(geometryWords(withFilters(convolution, convolution.output[2] / population)));
    if (pooling) block.int32(f.pooling, GEOMETRY_WORDS).set(geometryWords(pooling));
  });
  if (options.coefficients) block.float32(coefficients, steps).set(options.coefficients);
  writePlan(buffer, base + planAt, {
    layers: base + layersAt,
    depth: layers.length,
    steps,
    batch: maxBatch,
    chunk,
    observations: absolute(observations),
    inputBits: absolute(inputBits),
    inputPlane,
    outputs: base + outputs,
    outputGradients: absolute(outputGradients),
    gradients: absolute(gradients),
    gradientBytes,
    scratch: base + scratch,
    scratchBytes,
    coefficients: base + coefficients,
    widest,
    coefficientSum: options.coefficients?.reduce((sum, c) => sum + c, 0) ?? 0,
    surrogate: options.surrogate?.kind ?? 0,
    detached: Number(options.surrogate?.detached ?? true),
    dense: Number(options.dense ?? false),
    control: options.control ?? 0,
    task: absolute(task),
    scale: options.surrogate?.scale ?? 0,
  });
  if (options.control) block.int32(task, 1)[0] = threads;
  const words = block.int32(planAt, PLAN_BYTES / 4);
  return {
    block,
    address: base + planAt,
    layers: fields,
    synapses,
    weightCounts,
    observations,
    inputBits,
    inputPlane,
    outputs,
    outputGradients,
    setBatch: (batch) => void (words[PLAN_BATCH] = batch),
    chunks: (batch) => Math.ceil(batch / chunk),
  };
}

/** Elements that the weights take: rows padded to whole vectors, or panels of `panel` elements; a convolution's once for each image of inputs. */
function weightCount(inputs: number, width: number, convolution: Convolution | undefined, panel: number): number {
  if (!convolution) return inputs * (panel ? Math.ceil(width / panel) * panel : width);
  const { kernel, input, output } = convolution;
  return (inputs / sizeOf(input)) * kernel[0] * kernel[1] * input[2] * padded(output[2]);
}
