import { withFilters } from "./convolution.ts";
import { columnsOf, type Layer, type Synapses } from "./layer.ts";
import type { Network } from "./network.ts";

/** What neurons of a population have in common. */
export type Shared = Pick<Layer, "synapses" | "weights">;

/** Larger populations aren't looked for. */
export const LARGEST_POPULATION = 64;

/**
 * How many neurons side by side (in a convolution: channels) have equal synapses, all over the layer; 1: none have. Such are the populations of
 * a converted network (conversion/population.ts): they differ in bias and initial potential only, so their sums of weights are equal in every step.
 */
export function populationOf({ weights, synapses }: Shared): number {
  const columns = columnsOf({ synapses });
  for (let size = Math.min(columns, LARGEST_POPULATION); size > 1; size--)
    if (columns % size === 0 && repeats(weights, size, 1)) return size;
  return 1;
}

/** Per layer: the sizes of the populations before it, if what leaves their neurons is equal too, and of its own. */
export function populationsOf({ layers }: Network): { before: number; own: number }[] {
  const sizes = layers.map(populationOf);
  return layers.map(({ weights, synapses, pooling }, l) => {
    const before = l > 0 ? sizes[l - 1] : 1;
    const columns = columnsOf({ synapses });
    const channels = synapses.kind === "convolution" ? synapses.input[2] : synapses.inputs;
    const whole = channels % before === 0 && (pooling?.window.output[2] ?? before) % before === 0;
    return { before: whole && repeats(weights, before, columns) ? before : 1, own: sizes[l] };
  });
}

/** `values` [rows, columns] with each value standing `before` times below and `own` times beside itself. */
export function repeated<A extends Float32Array | Float64Array>(
  values: A,
  columns: number,
  before: number,
  own: number,
): A {
  if (before === 1 && own === 1) return values;
  const width = columns * own;
  const all = new (values.constructor as new (length: number) => A)(values.length * before * own);
  for (let row = 0, to = 0; row * columns < values.length; row++) {
    const first = to;
    for (let k = row * columns; k < (row + 1) * columns; k++) all.fill(values[k], to, (to += own));
    for (let copy = 1; copy < before; copy++, to += width) all.copyWithin(to, first, first + width);
  }
  return all;
}

/** The reverse: one value of each that stands repeated. */
export function unrepeated(values: Float32Array, columns: number, before: number, own: number): Float32Array {
  if (before === 1 && own === 1) return values;
  const few = columns / own;
  return Float32Array.from(
    { length: values.length / before / own },
    (_, k) => values[Math.floor(k / few) * before * columns + (k % few) * own],
  );
}

/** Whether `values` are runs of `size` equal rows of `row` values each. */
function repeats(values: Float32Array, size: number, row: number): boolean {
  for (let first = 0; first < values.length; first += size * row)
    for (let k = first + row; k < first + size * row; k++) if (values[k] !== values[k - row]) return false;
  return true;
}

/** The synapses of the first neuron of each population of `size`. */
export function synapsesOfOne({ weights, synapses }: Shared, size: number): Shared {
  if (size === 1) return { weights, synapses };
  const columns = columnsOf({ synapses });
  const few: Synapses =
    synapses.kind === "dense"
      ? { ...synapses, outputs: columns / size }
      : { kind: "convolution", ...withFilters(synapses, columns / size) };
  return { weights: unrepeated(weights, columns, 1, size), synapses: few };
}
