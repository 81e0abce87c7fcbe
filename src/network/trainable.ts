import { UsageError } from "../errors.ts";
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

/** Refuses a batch that a learner can't take: none, more states than fit, fewer values than states. */
export function checkBatch(
  { maxBatch, observationSize }: Pick<TrainableNetwork, "maxBatch" | "observationSize">,
  batch: number,
  observations: ArrayLike<number>,
): void {
  if (!Number.isInteger(batch) || batch < 1)
    throw new UsageError("BATCH_EMPTY", `A batch must hold at least one state, not ${batch}.`);
  if (batch > maxBatch)
    throw new UsageError(
      "BATCH_TOO_LARGE",
      `A batch of ${batch} states exceeds the ${maxBatch} that the network was made for.`,
    );
  atLeast("The batch of observations", observations, batch * observationSize, "OBSERVATION_MISMATCH");
}

/** Refuses dE/d(outputs) of a batch of which there was no forward pass (0), or with too few values. */
export function checkDerivatives(batch: number, actions: number, derivatives: ArrayLike<number>): void {
  if (batch === 0) throw new UsageError("NO_FORWARD", "There was no forward pass to take gradients of.");
  atLeast("The derivative of the loss", derivatives, batch * actions, "OUTPUT_MISMATCH");
}

function atLeast(what: string, { length }: ArrayLike<number>, expected: number, code: string): void {
  if (length < expected) throw new UsageError(code, `${what} has ${length} values instead of ${expected}.`);
}
