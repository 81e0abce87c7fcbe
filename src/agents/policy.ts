/** Anything that can act: a network, a simulator, a random choice. */
export interface Policy {
  /** Number of discrete actions. */
  readonly actions: number;
  /** Length of an observation. */
  readonly observationSize: number;
  /** Greedy actions for `batch` observations, [batch, observationSize]. Returns [batch]. */
  act(observations: Float32Array, batch: number): Int32Array | Promise<Int32Array>;
  /** What acting has cost so far, in all decisions; absent where nobody counts. */
  readonly work?: PolicyWork;
}

/** Counted as NeuroBench does (Yik et al. 2025): effective operations only. */
export interface PolicyWork {
  readonly decisions: number;
  /** Of all layers that spike; 0 for a dense network. */
  readonly spikes: number;
  /** Accumulates and multiply-accumulates. */
  readonly synOps: number;
}
