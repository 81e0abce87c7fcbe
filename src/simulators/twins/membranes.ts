import { columnsOf, outputsOf } from "../../network/layer.ts";
import { forEachRun } from "../../network/synapses.ts";
import { multiply } from "./accum.ts";
import type { RingBuffers, Weighted } from "./ring-buffers.ts";
import { powerOfTwo } from "../../numeric/elementary.ts";

/** One population of IFCurDelta neurons on the machine, and what arrives at it. */
export interface Membranes {
  readonly layer: Weighted;
  readonly buffers: RingBuffers;
  /** [neurons], the membrane potentials in s16.15. */
  readonly v: Int32Array;
  /** [neurons], sums of the words that arrive in this step: ring buffers, before they saturate. */
  readonly excitatory: Float64Array;
  readonly inhibitory: Float64Array;
  /** The neurons that spiked in the last step come first. */
  readonly fired: Int32Array;
  count: number;
}

/** A population at rest. */
export function membranes(layer: Weighted, buffers: RingBuffers): Membranes {
  const neurons = outputsOf(layer);
  return {
    layer,
    buffers,
    v: new Int32Array(neurons),
    excitatory: new Float64Array(neurons),
    inhibitory: new Float64Array(neurons),
    fired: new Int32Array(neurons),
    count: 0,
  };
}

/** Adds to the ring buffers what one spike of neuron `source` brings. */
export function arrive({ layer, buffers, excitatory, inhibitory }: Membranes, source: number): void {
  const { synapses } = layer;
  const { words } = buffers;
  const columns = columnsOf(layer);
  const add = (target: number, from: number, count: number): void => {
    for (let j = 0; j < count; j++) {
      const word = words[from + j];
      if (word > 0) excitatory[target + j] += word;
      else inhibitory[target + j] -= word;
    }
  };
  if (synapses.kind === "convolution") forEachRun(synapses, source, (target, weight) => add(target, weight, columns));
  else add(0, source * columns, columns);
}

/** A population's parameters in s16.15, [neurons]. */
export interface CellParameters {
  readonly resistance: Int32Array;
  readonly decay: Int32Array;
  readonly rest: Int32Array;
  readonly threshold: Int32Array;
  readonly resetTo: Int32Array;
  /** A spike takes off the threshold; otherwise it sets V to `resetTo`. */
  readonly subtracts: boolean;
}

/** A ring buffer holds 16 bits. Words are never negative, so that saturating once is saturating at each addition. */
const FULL = 65535;

/**
 * One step of 1 ms of sPyNNaker's leaky integrate-and-fire neuron in closed form:
 *
 *   I = excitatory - inhibitory + i_offset,   each ring buffer shifted left by its shift
 *   alpha = I R + v_rest,   V = alpha - exp(-1/tau_m) (alpha - V)      each product cut to 2^-15
 *   spike where V >= threshold,   then V = v_reset, or V - threshold
 *
 * `offset` [neurons] is i_offset in s16.15. The ring buffers are empty afterwards. Source: IF_curr_delta.aplx of
 * sPyNNaker 7.4, executed (docs/simulators/twins.md); public versions of `neuron_model_lif_impl.h` round to nearest.
 */
export function update(population: Membranes, offset: ArrayLike<number>, cell: CellParameters): void {
  const { v, excitatory, inhibitory, fired, buffers } = population;
  const { resistance, decay, rest, threshold, resetTo, subtracts } = cell;
  const [positive, negative] = [powerOfTwo(buffers.shifts[0]), powerOfTwo(buffers.shifts[1])];
  let count = 0;
  for (let j = 0; j < v.length; j++) {
    const input = (Math.min(excitatory[j], FULL) * positive - Math.min(inhibitory[j], FULL) * negative + offset[j]) | 0;
    const alpha = (multiply(input, resistance[j]) + rest[j]) | 0;
    const potential = (alpha - multiply(decay[j], (alpha - v[j]) | 0)) | 0;
    if (potential < threshold[j]) v[j] = potential;
    else {
      v[j] = subtracts ? (potential - threshold[j]) | 0 : resetTo[j];
      fired[count++] = j;
    }
  }
  excitatory.fill(0);
  inhibitory.fill(0);
  population.count = count;
}
