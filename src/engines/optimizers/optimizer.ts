/** Everything that a resumed run needs to go on bit for bit. */
export interface OptimizerState {
  /** Steps taken so far. */
  readonly steps: number;
  /** [parameters] each: running moments, in the optimiser's own order. */
  readonly moments: readonly Float32Array[];
}

/** One in-place update of flat float32 parameters from their gradients. */
export interface Optimizer {
  readonly name: "adam" | "rmsprop" | "sgd";
  /** `learningRate` overrides the optimiser's own for this step (schedules). */
  step(parameters: Float32Array, gradients: Float32Array, learningRate?: number): void;
  /** A copy of the state. */
  save(): OptimizerState;
  /** Continues from a saved state. */
  restore(state: OptimizerState): void;
}
