/** Anything that can act: a network, a simulator, a random choice. */
export interface Policy {
  /** Number of discrete actions. */
  readonly actions: number;
  /** Length of an observation. */
  readonly observationSize: number;
  /** Greedy actions for `batch` observations, [batch, observationSize]. Returns [batch]. */
  act(observations: Float32Array, batch: number): Int32Array | Promise<Int32Array>;
}
