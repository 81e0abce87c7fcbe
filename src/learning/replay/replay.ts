import type { Random } from "../../numeric/random.ts";
import type { Outcome, Shown, Stored } from "../algorithm.ts";

/** Proportional prioritisation (Schaul et al. 2016): P(i) ~ p_i^alpha, weights (N P(i))^-beta / max. */
export interface Prioritisation {
  readonly alpha: number;
  readonly beta: number;
  /** Added to |TD error|, so that no transition is forgotten for good. */
  readonly epsilon: number;
}

/** A minibatch; every array is reused by the next `sample`. `X`: observations as the Q-learner sees them, numbers or bytes. */
export interface Batch<X extends Shown = Shown> {
  readonly size: number;
  /** [size, observationSize] */
  readonly observations: X;
  readonly actions: ArrayLike<number>;
  /** Summed over the n steps, discounted. */
  readonly rewards: Float32Array;
  /** [size, observationSize] */
  readonly nextObservations: X;
  /** What the value at `nextObservations` counts: gamma^n, or 0 after a terminal step. */
  readonly discounts: Float32Array;
  /** Importance weights, largest 1; all 1 with uniform sampling. */
  readonly weights: Float32Array;
  /** Where the transitions lie in the memory. */
  readonly slots: Int32Array;
}

/** What came of an action, as it is learned from: with the reward that counts, and whether it is an end to the learner. */
export interface Transition extends Omit<Outcome, "lifeLost"> {
  /** Nothing after it is worth anything: the task ended, or a life. */
  readonly terminal: boolean;
}

/** Transitions of environments that step side by side, and what each shows now. */
export interface Replay {
  /** Transitions that can be drawn. */
  readonly size: number;
  /** Environment i starts an episode. */
  begin(i: number, shown: Shown): void;
  observe(i: number, transition: Transition): void;
  /** Forgets all that can be drawn; absent where that can't be. */
  clear?(): void;
  /** What the next actions of the environments `running` answer to, as the Q-learner sees it, [running, observationSize]. */
  current(running: Int32Array): Shown;
  /** Observations of other environments, [batch, observationSize], as the Q-learner sees them. */
  view(observations: Float32Array): Shown;
  sample(size: number, random: Random): Batch;
  /** Tells a prioritised memory how wrong the values of its last batch were. */
  updatePriorities(slots: Int32Array, errors: Float32Array): void;
  /** Environment i is back where a checkpoint left it; false if it doesn't show what it showed then. */
  resume(i: number, shown: Shown): boolean;
  /** Whether a checkpoint is due whatever the clock says. */
  due?(): boolean;
  save(): Stored;
  restore(saved: Stored): void;
  close?(): void;
}
