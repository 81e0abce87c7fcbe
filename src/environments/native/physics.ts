import type { Pcg64 } from "../../numeric/pcg64.ts";

/** An environment of Gymnasium as its equations: what its Python does with one state, in float64. */
export interface Physics {
  readonly actions: number;
  /** Steps after which an episode is cut. */
  readonly maxSteps: number;
  /** The bounds of Gymnasium's observation space. */
  readonly lowest: readonly number[];
  readonly highest: readonly number[];
  /** Where an episode begins, drawn in Gymnasium's order. */
  begin(random: Pcg64, state: Float64Array): void;
  /** One step, in place; whether the task ended. */
  step(state: Float64Array, action: number): boolean;
  /** Of every step. */
  readonly reward: number;
}
