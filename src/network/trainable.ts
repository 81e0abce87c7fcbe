import type { Network } from "./network.ts";

/**
 * A network that learns: what agents and classifiers need of one, dense or spiking. Parameters and gradients are one flat
 * float32 array each (layer by layer: weights [inputs, outputs], then biases), so that an optimiser is one loop.
 */
export interface TrainableNetwork {
  readonly observationSize: number;
  readonly actions: number;
  /** The largest batch that fits the buffers. */
  readonly maxBatch: number;
  readonly parameters: Float32Array;
  readonly gradients: Float32Array;
  /** Outputs [batch, actions] for observations [batch, observationSize]; the view is valid until the next call. */
  forward(observations: Float32Array, batch: number): Float32Array;
  /**
   * Gradients of a loss from its derivative with respect to the outputs of the last `forward`, [batch, actions].
   * Overwrites `gradients`.
   */
  backward(outputGradients: Float32Array): void;
  /** A copy of the parameters in the portable form. */
  toNetwork(): Network;
  /** Releases memory and threads. */
  close(): void;
}
