import type { Network } from "../../network/network.ts";
import type { Shown, Weights } from "../algorithm.ts";

/** What an actor-critic says of a batch; or the slopes of a loss with respect to that. */
export interface Judgement {
  /** Unnormalised log probabilities of the actions, [batch, actions]. */
  readonly logits: Float32Array;
  /** What is still to come, [batch]. */
  readonly values: Float32Array;
}

/** All of an actor-critic but its random streams: weights, and the optimizer's moments, each as a list of arrays. */
export interface ActorCriticState {
  readonly weights: Weights;
  readonly moments: readonly Weights[];
  readonly steps: number;
}

/** A policy, and an estimate of the return that it will bring: what on-policy algorithms learn with. */
export interface ActorCritic {
  readonly actions: number;
  /** The arrays are valid until the next call. */
  judge(observations: Shown, batch: number): Judgement;
  /** One gradient step down `slopes`, the derivatives of a loss at what the networks say of these observations. */
  update(observations: Shown, batch: number, slopes: (said: Judgement) => Judgement, learningRate: number): void;
  /** Of the policy first. */
  weights(): Weights;
  save(): ActorCriticState;
  restore(state: ActorCriticState): void;
  /** The policy alone, with `weights`, those that it has now unless given. */
  network(weights?: Weights): Network;
  close(): void;
}

/** How an actor-critic makes a gradient step. */
export interface ActorCriticOptions {
  /** Adam's epsilon. */
  readonly epsilon: number;
  /** Largest length of a network's gradient. */
  readonly clip?: number;
}
