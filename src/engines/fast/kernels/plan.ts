import { UsageError } from "../../../errors.ts";
import {
  LAYER_BYTES,
  type LayerFields,
  layerLayout,
  PLAN_BATCH,
  PLAN_BYTES,
  PLAN_COEFFICIENT_SUM,
  planLayout,
  TASK_WORDS,
  writeFields,
} from "./layout.ts";
import {
  fillLayer,
  type LaidOut,
  layOut,
  planeBytes,
  type PlannedLayer,
  type Place,
  sharedRoom,
  widthsOf,
} from "./layer-plan.ts";
import { allocate, type Block } from "./memory.ts";
import { kernels } from "./module.ts";

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
  /** The first layer takes spikes. */
  readonly inputSpikes?: boolean;
  /** Multiply instead of adding the rows of neurons that spiked (for comparison). */
  readonly dense?: boolean;
  /** Gradients are wanted. */
  readonly training?: TrainingOptions;
}

/** Of a network that spikes: how. */
export interface TrainingOptions {
  readonly surrogate?: { readonly kind: number; readonly scale: number; readonly detached: boolean };
  /** [steps]: derivative of an output with respect to the current of each step into the output layer. */
  readonly coefficients?: Float32Array;
  /** The strengths of a price on each layer's spikes, of neurons without lag, and the rate that costs nothing. */
  readonly price?: { readonly strengths: readonly number[]; readonly rate: number };
  /** Gradients of leaks and thresholds are wanted too, of neurons without lag. */
  readonly learned?: boolean;
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
  /** Of all chunks together, once they are gathered. */
  readonly gradients: number;
  setBatch(batch: number): void;
  setCoefficients(coefficients: Float32Array): void;
  chunks(batch: number): number;
}

/** Memory that partial gradients of chunks may take, in bytes: beyond it chunks get larger. */
const PARTIAL_GRADIENTS = 64 * 2 ** 20;
const MOST_BYTES = 2 ** 31;

/** Lays a network out in the kernels' memory, its neurons at rest; weights and biases are still 0. */
export function createPlan(options: PlanOptions): Plan {
  const { layers, control = 0 } = options;
  let size = 0;
  const place: Place = (bytes) => {
    const at = size;
    // Kernels may read a panel of vectors past a row's end.
    size = Math.ceil((size + bytes + 128) / 64) * 64;
    return at;
  };
  const planAt = place(PLAN_BYTES); // the first of all, so that 0 is no other's address
  const layersAt = place(LAYER_BYTES * 2 * layers.length);
  const unitAt = (l: number): number => layersAt + (layers.length + l) * LAYER_BYTES;
  const room = sharedRoom(options, place);
  const laid = layers.map((layer, l) =>
    layOut(layer, { ...options, ...room, first: l === 0, unitAt: unitAt(l) }, place),
  );
  const training = layTraining(options, laid, place);
  const buffers = layBuffers(options, laid, place);
  checkSize(size, options);

  const block = allocate(size);
  const { buffer } = kernels().memory;
  laid.forEach(({ fields, synapses }, l) => {
    writeFields(buffer, block.address, layersAt + l * LAYER_BYTES, layerLayout, fields);
    if (fields.unit) writeFields(buffer, block.address, fields.unit, layerLayout, synapses);
    fillLayer(block, layers[l], laid[l], options.element);
  });
  if (buffers.task) block.int32(buffers.task, 1)[0] = options.threads;
  writeFields(buffer, block.address, planAt, planLayout, {
    ...training,
    ...buffers,
    layers: layersAt,
    depth: layers.length,
    steps: options.steps,
    batch: options.maxBatch,
    dense: Number(options.dense ?? false),
    control,
  });
  const words = block.int32(planAt, PLAN_BYTES / 4);
  const coefficientSum = block.float64(planAt + PLAN_COEFFICIENT_SUM, 1);
  const setCoefficients = (coefficients: Float32Array): void => {
    block.float32(training.coefficients, options.steps).set(coefficients);
    coefficientSum[0] = Math.fround(coefficients.reduce((sum, c) => sum + c, 0));
  };
  if (options.training?.coefficients) setCoefficients(options.training.coefficients);
  return {
    block,
    address: block.address + planAt,
    layers: laid.map(({ fields }) => fields),
    synapses: laid.map(({ synapses }) => synapses),
    weightCounts: laid.map(({ weightCount }) => weightCount),
    observations: buffers.observations,
    inputBits: buffers.inputBits,
    inputPlane: buffers.inputPlane,
    outputs: buffers.outputs,
    outputGradients: training.outputGradients,
    gradients: training.gradients,
    setBatch: (batch) => void (words[PLAN_BATCH] = batch),
    setCoefficients,
    chunks: (batch) => Math.ceil(batch / training.chunk),
  };
}

/** What goes in, what comes out, and each thread's scratch. */
function layBuffers(options: PlanOptions, laid: readonly LaidOut[], place: Place) {
  const {
    layers,
    element,
    steps,
    maxBatch,
    slots,
    threads,
    training,
    dense,
    control = 0,
    inputSpikes = false,
  } = options;
  const { inputs } = widthsOf(layers[0]);
  const inputPlane = inputSpikes ? planeBytes(inputs) : 0;
  const widest = Math.max(...layers.map((layer) => widthsOf(layer).widest));
  const lists =
    training ||
    dense ||
    layers.some(({ synapses }, l) => synapses.kind === "convolution" || laid[l].fields.outputs > 124);
  const room =
    64 *
    Math.ceil(
      (widest * Math.max(element, 4) + (lists ? 4 * widest * (steps + Math.ceil(steps / 32) + 2) : 0) + 128) / 64,
    );
  const recurrence = layers.some(({ recurrent }) => recurrent) ? 64 * Math.ceil((4 * widest * element) / 64) : 0;
  const scratchBytes = room + recurrence;
  return {
    inputPlane,
    widest,
    room,
    scratchBytes,
    observations: inputSpikes ? 0 : place(element * maxBatch * inputs),
    inputBits: inputSpikes ? place(slots * steps * inputPlane) : 0,
    outputs: place(4 * maxBatch * laid.at(-1)!.fields.outputs),
    scratch: place(threads * scratchBytes),
    task: control ? place(4 * TASK_WORDS) : 0,
  };
}

/** Gradients: of each chunk its own, after one another of each layer. Without training only the size of a chunk. */
function layTraining({ training, maxBatch, chunk, steps }: PlanOptions, laid: readonly LaidOut[], place: Place) {
  const { surrogate, price, learned = false } = training ?? {};
  const common = {
    surrogate: surrogate?.kind ?? 0,
    detached: Number(surrogate?.detached ?? true),
    scale: surrogate?.scale ?? 0,
    coefficientSum: 0,
    priceRate: price?.rate ?? 0,
  };
  if (!training) return { ...common, chunk, gradientBytes: 0, outputGradients: 0, gradients: 0, coefficients: 0 };
  let bytes = 0;
  laid.forEach(({ fields }, l) => {
    fields.gradient = bytes;
    bytes += 4 * fields.width * (fields.inputs + Number(fields.biases > 0));
    fields.price = price?.strengths[l] ?? 0;
    if (!learned) return;
    fields.plain = 0; // its leak may become one
    fields.learned = bytes;
    bytes += 4 * fields.width * 2;
  });
  const gradientBytes = Math.ceil(bytes / 64) * 64;
  const partials = Math.max(1, Math.floor(PARTIAL_GRADIENTS / gradientBytes));
  const states = Math.max(chunk, Math.ceil(maxBatch / partials));
  return {
    ...common,
    chunk: states,
    gradientBytes,
    outputGradients: place(4 * maxBatch * laid.at(-1)!.fields.width),
    gradients: place(gradientBytes * Math.ceil(maxBatch / states)),
    coefficients: place(4 * steps),
  };
}

function checkSize(size: number, { maxBatch, steps }: PlanOptions): void {
  if (size <= MOST_BYTES) return;
  throw new UsageError(
    "NETWORK_TOO_LARGE",
    `The network needs ${Math.round(size / 2 ** 20)} MiB at a batch of ${maxBatch} and ${steps} steps; 2048 MiB is the limit.`,
    { hint: "Use a smaller batch or fewer steps." },
  );
}
