import type { SpikeEvents } from "../../network/engine.ts";
import { type LaggedLif, type Neuron, type Values, valueOf } from "../../network/neurons/index.ts";
import type { Random } from "../../numeric/random.ts";

/** What comparison, random networks, twins and scripts have to know of a neuron model. */
export interface SimulatedNeuron<N extends Neuron> {
  /** What `compared` is, in words. */
  readonly words: string;
  /**
   * The potentials that were compared with the threshold, [states, steps, neurons], from `after`, those after each step;
   * NaN where a reset has left nothing of them. `spikes`: of the layer.
   */
  compared(neuron: N, steps: number, neurons: number, after: Float64Array, spikes: SpikeEvents): Float64Array;
  /** Makes the neurons of one layer of a random network after the other. */
  random(drawing: Drawing): (outputs: number) => N;
  /** The same neurons, reset in the other way. */
  otherwiseReset(neuron: N): N;
  /** How IFCurDelta on SpiNNaker expresses them, or why it can't. */
  onBoard(neuron: N, options?: CellOptions): Cell | Reason;
  /** Why the scripts of `dsqn export` can't express them; null where they can. */
  scripted(neuron: N, spikes: boolean): string | null;
}

/** What random neurons are drawn from. */
export interface Drawing {
  /** Drawn once for all layers alike, from the network's own random numbers. */
  readonly common: Pick<LaggedLif, "alpha" | "beta" | "threshold" | "reset" | "resetBy">;
  /** Of the neurons alone. */
  readonly random: Random;
  readonly leaky: boolean;
  /** Values that potentials meet exactly. */
  readonly dyadic: boolean;
  /** Whether the reset was asked for. */
  readonly fixedReset: boolean;
  /** Whether all that NEST 3 expresses is drawn. */
  readonly everyOption: boolean;
}

/** How neurons are to be expressed on SpiNNaker. */
export interface CellOptions {
  /** sPyNNaker's own IFCurDelta for all: what is reset by subtraction is reset to zero. */
  readonly hardReset?: boolean;
}

/** One value for a layer, or one for each of its neurons. */
export type Each = number | Float64Array;

/**
 * What IFCurDelta on SpiNNaker takes of our neurons:
 *
 *   V <- beta V + (1 - beta) rest + gain (input + offset),   spike where V >= threshold,   then V = reset.to or V - reset.by
 */
export interface Cell {
  readonly beta: Values;
  readonly rest: Values;
  readonly gain: Values;
  readonly offset: Values;
  readonly threshold: Values;
  /** Which s16.15 v_thresh is: the first above the threshold, the first at it or above, or the nearest. */
  readonly fires: "above" | "at" | "nearest";
  readonly reset: { readonly kind: "hard"; readonly to: Values } | { readonly kind: "soft"; readonly by: Each };
}

/** Why a layer can't be expressed, and what to do. */
export type Reason = readonly [reason: string, hint: string];

/** `f` of each neuron; one value where all of `values` are. */
export function each(values: readonly Values[], f: (...own: number[]) => number): Each {
  const size = values.find((own) => typeof own !== "number")?.length;
  const of = (j: number): number => f(...values.map((own) => valueOf(own, j)));
  return size === undefined ? of(0) : Float64Array.from({ length: size }, (_, j) => of(j));
}
