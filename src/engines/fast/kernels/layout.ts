import type { Convolution } from "../../../network/convolution.ts";

// Descriptors in the kernels' memory: the same fields in the same order as in assembly/layout.ts, 4 bytes each, then float64 ones.

const layerIntegers = [
  "inputs", "outputs", "width", "steps", "plane", "spikes", "zero", "plain", "weights", "biases", "initial", "transposed",
  "values", "bits", "final", "counts", "gradient", "currents", "finalCurrents", "kept", "packed", "population", "unit", "convolution", "pooling", "pooled", "poolPlane",
  "poolCounts", "poolLargest", "poolSent",
] as const; // prettier-ignore
const layerDoubles = ["alpha", "beta", "threshold", "resetBy"] as const;
const planIntegers = [
  "layers", "depth", "steps", "batch", "chunk", "observations", "inputBits", "inputPlane", "outputs", "outputGradients", "gradients",
  "gradientBytes", "scratch", "scratchBytes", "coefficients", "widest", "coefficientSum", "surrogate", "detached", "dense", "control", "task",
] as const; // prettier-ignore
const planDoubles = ["scale"] as const;

export type LayerFields = Record<(typeof layerIntegers)[number] | (typeof layerDoubles)[number], number>;
export type PlanFields = Record<(typeof planIntegers)[number] | (typeof planDoubles)[number], number>;

export const LAYER_BYTES = 4 * layerIntegers.length + 8 * layerDoubles.length;
export const PLAN_BYTES = 4 * planIntegers.length + 8 * planDoubles.length;

/** A convolution's or pooling's geometry as assembly/layout.ts has it. */
export const geometryWords = ({ input, output, kernel, strides, padding }: Convolution): number[] => [
  ...input,
  ...output,
  ...kernel,
  ...strides,
  ...padding,
];

export const GEOMETRY_WORDS = 12;

/** A task's words; the first, the number of threads, is written from outside. */
export const TASK_WORDS = 12;

/** The word of a plan that is rewritten from call to call. */
export const PLAN_BATCH = planIntegers.indexOf("batch");

export function writeLayer(buffer: ArrayBufferLike, address: number, fields: Partial<LayerFields>): void {
  write(buffer, address, layerIntegers, layerDoubles, fields);
}

export function writePlan(buffer: ArrayBufferLike, address: number, fields: Partial<PlanFields>): void {
  write(buffer, address, planIntegers, planDoubles, fields);
}

function write<I extends string, D extends string>(
  buffer: ArrayBufferLike,
  address: number,
  integers: readonly I[],
  doubles: readonly D[],
  fields: Partial<Record<I | D, number>>,
): void {
  const view = new DataView(buffer, address, 4 * integers.length + 8 * doubles.length);
  integers.forEach((name, k) => {
    const value = fields[name] ?? 0;
    if (name === "coefficientSum") view.setFloat32(4 * k, value, true);
    else view.setUint32(4 * k, value, true);
  });
  doubles.forEach((name, k) => view.setFloat64(4 * integers.length + 8 * k, fields[name] ?? 0, true));
}
