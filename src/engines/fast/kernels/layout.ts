import type { Convolution } from "../../../network/convolution.ts";

// Descriptors in the kernels' memory: the same fields in the same order as in assembly/layout.ts. Numbers and addresses take 4 bytes, float64 8.

/** What is kept for each neuron of a layer, by the names of the neurons' records (network/neurons). */
export const neuronFields = [
  "alpha",
  "beta",
  "threshold",
  "resetBy",
  "resetTo",
  "gain",
  "offset",
  "leakTo",
  "lowest",
  "maxSpikes",
] as const;

export const layerLayout = {
  numbers: [
    "inputs", "outputs", "width", "steps", "plane", "spikes", "lagged", "replaces", "plain", "each", "full", "current", "late", "after", "linear", "kept", "packed", "population",
    "windows", "poolPlane", "gradient", "learned", "sentRow",
  ],
  addresses: [
    "weights", "biases", "initial", ...neuronFields, "recurrent", "before", "sent", "transposed", "values", "bits", "final", "counts", "currents", "finalCurrents",
    "unit", "convolution", "pooling", "pooled", "poolCounts", "poolLargest", "poolSent",
  ],
  doubles: ["price"],
} as const; // prettier-ignore

export const planLayout = {
  numbers: [
    "depth", "steps", "batch", "chunk", "inputPlane", "gradientBytes", "scratchBytes", "widest", "room", "surrogate", "detached", "dense", "control",
  ],
  addresses: [
    "layers", "observations", "inputBits", "outputs", "outputGradients", "gradients", "scratch", "coefficients", "task",
  ],
  doubles: ["scale", "coefficientSum", "priceRate"],
} as const; // prettier-ignore

interface Layout {
  readonly numbers: readonly string[];
  readonly addresses: readonly string[];
  readonly doubles: readonly string[];
}
type Fields<L extends Layout> = Record<(L["numbers"] | L["addresses"] | L["doubles"])[number], number>;

/** Of addresses: offsets in bytes from the start of the block that all lie in; 0: none. */
export type LayerFields = Fields<typeof layerLayout>;

/** Doubles lie at a multiple of 8 bytes. */
const doublesAt = ({ numbers, addresses, doubles }: Layout): number => {
  const words = numbers.length + addresses.length;
  return 4 * (doubles.length ? words + (words % 2) : words);
};
const bytesOf = (layout: Layout): number => doublesAt(layout) + 8 * layout.doubles.length;

export const LAYER_BYTES = bytesOf(layerLayout);
export const PLAN_BYTES = bytesOf(planLayout);

/** The word of a plan that is rewritten from call to call. */
export const PLAN_BATCH = planLayout.numbers.indexOf("batch");
/** Where the sum of the coefficients lies, in bytes; it changes where the output's leak is learned. */
export const PLAN_COEFFICIENT_SUM = doublesAt(planLayout) + 8 * planLayout.doubles.indexOf("coefficientSum");

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

/** Writes a descriptor `at` bytes after `base`, where the block of all its addresses starts. */
export function writeFields<L extends Layout>(
  buffer: ArrayBufferLike,
  base: number,
  at: number,
  layout: L,
  fields: Fields<L>,
): void {
  const view = new DataView(buffer, base + at, bytesOf(layout));
  const value = (name: string): number => fields[name as keyof typeof fields];
  const { numbers, addresses, doubles } = layout;
  numbers.forEach((name, k) => view.setUint32(4 * k, value(name), true));
  addresses.forEach((name, k) => {
    const offset = value(name);
    view.setUint32(4 * (numbers.length + k), offset && base + offset, true);
  });
  doubles.forEach((name, k) => view.setFloat64(doublesAt(layout) + 8 * k, value(name), true));
}
