import type { SpikeEvents } from "../../network/engine.ts";
import type { LaggedLif, Neuron } from "../../network/neurons/index.ts";
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
  onBoard(neuron: N): Cell | Reason;
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
}

/** What IFCurDelta takes of our neurons; it is reset to zero, whatever they are. */
export interface Cell {
  readonly beta: number;
  readonly threshold: number;
}

/** Why a layer can't be expressed, and what to do. */
export type Reason = readonly [reason: string, hint: string];
