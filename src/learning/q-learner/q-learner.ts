import type { Network } from "../../network/network.ts";
import { argmax } from "../../network/decide.ts";
import type { Shown, Weights } from "../algorithm.ts";
import type { Batch } from "../replay/replay.ts";

/** Whose weights: of the network that learns, or of the one that its targets come from. */
export type Which = "policy" | "target";

/** How deep Q-learning makes a gradient step. */
export interface QLearnerOptions {
  /** The online network chooses the next action, the target network values it (van Hasselt, Guez & Silver 2016). */
  readonly doubleQ: boolean;
  /** Huber: quadratic up to an error of 1, linear beyond. */
  readonly loss: "mse" | "huber";
  /** Action-gap widening (Bellemare et al. 2016), alpha in [0, 1): see `temporalDifferenceTargets`. 0: none. */
  readonly advantageLearning: number;
  readonly optimizer:
    | { readonly kind: "adam"; readonly beta1: number; readonly beta2: number; readonly epsilon: number }
    | { readonly kind: "rmsprop"; readonly decay: number; readonly epsilon: number };
  /** Gradients element by element within +-limit, or as a whole at most `limit` long. */
  readonly clip: { readonly kind: "none" | "value" | "norm"; readonly limit: number };
}

/** Both networks and the optimiser's moments, each as a list of arrays. */
export interface QLearnerState {
  readonly online: Weights;
  readonly target: Weights;
  readonly moments: readonly Weights[];
  readonly steps: number;
}

/** Two networks of action values, and the gradient step of deep Q-learning. */
export interface QLearner {
  readonly actions: number;
  /** [batch, actions], of the network that learns unless `which` says otherwise; valid until the next call. */
  values(observations: Shown, batch: number, which?: Which): Float32Array;
  /** One gradient step, which is not made where the loss isn't finite. `errors`: Q - y of each transition, [size]. */
  update(batch: Batch, learningRate: number): { readonly loss: number; readonly errors: Float32Array };
  /** The target network moves towards the one that learns by the share `tau`; 1: becomes it. */
  follow(tau: number): void;
  weights(which?: Which): Weights;
  save(): QLearnerState;
  restore(state: QLearnerState): void;
  /** The network with `weights`, those that it has now unless given. */
  network(weights?: Weights): Network;
  close(): void;
}

/** What the two networks say of a batch, [size, actions] each. */
export interface Estimates {
  /** The target network's values of the next observations. */
  readonly next: Float32Array;
  /** What chooses the next action: the online network's values with double Q, else `next`. */
  readonly chooser?: Float32Array;
  /** The target network's values of the observations, for advantage learning. */
  readonly here?: Float32Array;
}

/**
 * Targets of a minibatch, [size]:
 *
 *   y = R + discount * Q'(o', a*),   a* = argmax_a Q(o', a) with double Q, else argmax_a Q'(o', a)
 *
 * Advantage learning (Baird 1999; Bellemare et al. 2016, eq. 9) subtracts alpha (max_b Q'(o, b) - Q'(o, a)): the greedy policy
 * stays optimal, and the gap between the best action and the others grows by 1 / (1 - alpha), which a spiking network of few
 * steps can tell apart. Q' is the target network. `round`: what y passes before the gap is taken off.
 */
export function temporalDifferenceTargets(
  { size, actions: taken, rewards, discounts }: Batch,
  actions: number,
  advantageLearning: number,
  { next, chooser = next, here }: Estimates,
  round = (y: number): number => y,
): Float32Array {
  return Float32Array.from({ length: size }, (_, k) => {
    const y = round(rewards[k] + discounts[k] * next[k * actions + argmax(chooser, k * actions, actions)]);
    if (!here) return y;
    const gap = here[k * actions + argmax(here, k * actions, actions)] - here[k * actions + taken[k]];
    return y - advantageLearning * gap;
  });
}

/** The weighted mean loss L between `values`, [size, actions], and `targets`; with Q - y of each transition, and dL/dQ, [size, actions]. */
export function lossGradient(
  { size, actions: taken, weights }: Batch,
  values: Float32Array,
  targets: Float32Array,
  kind: QLearnerOptions["loss"],
): { loss: number; errors: Float32Array; gradient: Float32Array } {
  const actions = values.length / size;
  const errors = new Float32Array(size);
  const gradient = new Float32Array(size * actions);
  let loss = 0;
  for (let k = 0; k < size; k++) {
    const at = k * actions + taken[k];
    const error = values[at] - targets[k];
    const weight = weights[k] / size;
    const length = Math.abs(error);
    errors[k] = error;
    loss += kind === "mse" ? weight * error * error : weight * (length <= 1 ? 0.5 * error * error : length - 0.5);
    gradient[at] = weight * (kind === "mse" ? 2 * error : Math.max(-1, Math.min(1, error)));
  }
  return { loss, errors, gradient };
}
