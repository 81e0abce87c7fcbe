import type { TrainableNetwork } from "../../network/trainable.ts";
import { DsqnError } from "../../errors.ts";
import { clipNorm, clipValues } from "../../engines/optimizers/index.ts";
import { argmax } from "../../network/decide.ts";
import type { Batch } from "../replay/memory.ts";
import { valueAt } from "../schedules.ts";
import type { DqnConfig } from "./config.ts";
import type { TrainingState } from "./state.ts";

export interface LossOptions {
  /** The online network chooses the next action, the target network values it (van Hasselt, Guez & Silver 2016). */
  readonly doubleQ: boolean;
  /** Huber: quadratic up to an error of 1, linear beyond. */
  readonly loss: "mse" | "huber";
  /** Advantage learning, alpha in [0, 1): see `temporalDifferenceTargets`. 0: off. */
  readonly advantageLearning: number;
}

/**
 * Targets of a minibatch, [size]:
 *
 *   y = R + discount * Q'(o', a*),   a* = argmax_a Q(o', a) with double Q, else argmax_a Q'(o', a)
 *
 * Advantage learning (Baird 1999; Bellemare et al. 2016, eq. 9) subtracts alpha (max_b Q'(o, b) - Q'(o, a)): the greedy policy
 * stays optimal, and the gap between the best action and the others grows by 1 / (1 - alpha), which a spiking network of few
 * steps can tell apart. Q' is the target network.
 */
export function temporalDifferenceTargets(
  policy: TrainableNetwork,
  target: TrainableNetwork,
  batch: Batch,
  options: LossOptions,
  targets: Float32Array,
): Float32Array {
  const { actions } = policy;
  const values = target.forward(batch.nextObservations, batch.size);
  const choosing = options.doubleQ ? policy.forward(batch.nextObservations, batch.size) : values;
  for (let k = 0; k < batch.size; k++) {
    const best = argmax(choosing, k * actions, actions);
    targets[k] = batch.rewards[k] + batch.discounts[k] * values[k * actions + best];
  }
  if (options.advantageLearning > 0) {
    const here = target.forward(batch.observations, batch.size);
    for (let k = 0; k < batch.size; k++) {
      const gap = here[k * actions + argmax(here, k * actions, actions)] - here[k * actions + batch.actions[k]];
      targets[k] -= options.advantageLearning * gap;
    }
  }
  return targets;
}

/**
 * Leaves in `policy.gradients` the gradient of the mean loss between Q(o, a) and `targets`; writes the errors Q - y, [size],
 * and returns the loss.
 */
export function lossGradients(
  policy: TrainableNetwork,
  batch: Batch,
  targets: Float32Array,
  { loss: kind }: Pick<LossOptions, "loss">,
  errors: Float32Array,
  outputGradients = new Float32Array(batch.size * policy.actions),
): number {
  const { actions } = policy;
  const values = policy.forward(batch.observations, batch.size);
  outputGradients.fill(0);
  let loss = 0;
  for (let k = 0; k < batch.size; k++) {
    const at = k * actions + batch.actions[k];
    const error = values[at] - targets[k];
    const weight = batch.weights[k] / batch.size;
    errors[k] = error;
    if (kind === "mse") {
      loss += weight * error * error;
      outputGradients[at] = 2 * weight * error;
    } else {
      const size = Math.abs(error);
      loss += weight * (size <= 1 ? 0.5 * error * error : size - 0.5);
      outputGradients[at] = weight * Math.max(-1, Math.min(1, error));
    }
  }
  policy.backward(outputGradients);
  return loss;
}

/** The gradient steps due after `environmentSteps` more steps, on a state that it updates in place. */
export function createLearner(config: DqnConfig, state: TrainingState): (environmentSteps: number) => void {
  const { policy, target, optimizer, memory, progression } = state;
  const { batchSize, clip } = config;
  const targets = new Float32Array(batchSize);
  const errors = new Float32Array(batchSize);
  const outputGradients = new Float32Array(batchSize * policy.actions);
  const enough = Math.max(batchSize, config.replay.initial);

  const update = (): void => {
    const batch = memory.sample(batchSize, state.random.replay);
    temporalDifferenceTargets(policy, target, batch, config, targets);
    progression.loss = lossGradients(policy, batch, targets, config, errors, outputGradients);
    if (!Number.isFinite(progression.loss))
      throw new DsqnError(
        "TRAINING_DIVERGED",
        `The loss became ${progression.loss} at gradient step ${progression.updates}.`,
        {
          hint: "Lower the learning rate, or clip gradients. The last checkpoint is from before.",
          facts: { gradientSteps: progression.updates, environmentSteps: progression.environmentSteps },
        },
      );
    if (clip.kind === "value") clipValues(policy.gradients, clip.limit);
    else if (clip.kind === "norm") clipNorm(policy.gradients, clip.limit);
    optimizer.step(
      policy.parameters,
      policy.gradients,
      valueAt(config.optimizer.learningRate, progression.environmentSteps) * progression.settled,
    );
    memory.updatePriorities(batch.indices, errors);
    progression.updates++;
    if (config.target.kind === "soft") blend(target.parameters, policy.parameters, config.target.tau);
  };

  return (environmentSteps) => {
    if (memory.size < enough) return;
    progression.credit += environmentSteps;
    for (; progression.credit >= config.updateEvery; progression.credit -= config.updateEvery)
      for (let i = 0; i < config.updates; i++) update();
    if (config.target.kind !== "steps") return;
    const { every } = config.target;
    const copies = (steps: number): number => Math.floor(steps / every);
    if (copies(progression.environmentSteps + environmentSteps) > copies(progression.environmentSteps))
      target.parameters.set(policy.parameters);
  };
}

function blend(target: Float32Array, policy: Float32Array, tau: number): void {
  for (let i = 0; i < target.length; i++) target[i] += tau * (policy[i] - target[i]);
}
