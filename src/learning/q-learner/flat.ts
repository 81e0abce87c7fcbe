import { adam, clipNorm, clipValues, type Optimizer, rmsprop } from "../../engines/optimizers/index.ts";
import type { Network } from "../../network/network.ts";
import type { TrainableNetwork } from "../../network/trainable.ts";
import type { Shown, Weights } from "../algorithm.ts";
import type { Batch } from "../replay/replay.ts";
import { type Head, plainHead } from "./dueling.ts";
import {
  lossGradient,
  type QLearner,
  type QLearnerOptions,
  type QLearnerState,
  temporalDifferenceTargets,
  type Which,
} from "./q-learner.ts";

/** A network in one flat array of parameters, which may also take observations as bytes. */
export type FlatNetwork = Omit<TrainableNetwork, "forward"> & {
  forward(observations: Shown, batch: number): Float32Array;
};

export interface FlatLearnerOptions extends QLearnerOptions {
  readonly head?: Head;
  /** What a target passes before advantage learning takes the gap off: nothing unless given. */
  readonly round?: (y: number) => number;
  /** The network as it is saved, of that which `policy` is. */
  readonly saved?: (network: Network) => Network;
}

/** A Q-learner over any two networks that learn, equal at the start: dense or spiking, on our kernels or inside TensorFlow. */
export function flatLearner(policy: FlatNetwork, target: FlatNetwork, options: FlatLearnerOptions): QLearner {
  return new FlatLearner(policy, target, options);
}

class FlatLearner implements QLearner {
  readonly actions: number;
  readonly #networks: Readonly<Record<Which, FlatNetwork>>;
  readonly #options: FlatLearnerOptions;
  readonly #head: Head;
  readonly #optimizer: Optimizer;

  constructor(policy: FlatNetwork, target: FlatNetwork, options: FlatLearnerOptions) {
    const { head = plainHead } = options;
    this.#networks = { policy, target };
    this.#options = options;
    this.#head = head;
    this.#optimizer = createOptimizer(policy.parameters.length, options.optimizer);
    this.actions = policy.actions - head.outputs(0);
  }

  values(observations: Shown, batch: number, which: Which = "policy"): Float32Array {
    const network = this.#networks[which];
    const { maxBatch, observationSize: n } = network;
    if (batch <= maxBatch) return this.#head.values(network.forward(observations, batch), batch);
    const all = new Float32Array(batch * this.actions);
    for (let first = 0; first < batch; first += maxBatch) {
      const rows = Math.min(maxBatch, batch - first);
      const part = observations.subarray(first * n, (first + rows) * n);
      all.set(this.#head.values(network.forward(part, rows), rows), first * this.actions);
    }
    return all;
  }

  update(batch: Batch, learningRate: number): { loss: number; errors: Float32Array } {
    const { policy } = this.#networks;
    const { loss: kind, clip } = this.#options;
    const targets = this.#targets(batch);
    const { size, observations } = batch;
    const predicted = this.#head.values(policy.forward(observations, size), size);
    const { loss, errors, gradient } = lossGradient(batch, predicted, targets, kind);
    if (!Number.isFinite(loss)) return { loss, errors };
    policy.backward(this.#head.gradient(gradient, size));
    if (clip.kind === "value") clipValues(policy.gradients, clip.limit);
    else if (clip.kind === "norm") clipNorm(policy.gradients, clip.limit);
    this.#optimizer.step(policy.parameters, policy.gradients, learningRate);
    return { loss, errors };
  }

  #targets(batch: Batch): Float32Array {
    const { advantageLearning, doubleQ, round } = this.#options;
    const { observations, nextObservations, size } = batch;
    const widened = advantageLearning > 0;
    // The target network sees both in one batch: reading its weights may take longer than a state.
    const both = widened ? joined(nextObservations, observations) : nextObservations;
    const next = this.values(both, widened ? 2 * size : size, "target").slice();
    const chooser = doubleQ ? this.values(nextObservations, size).slice() : undefined;
    const here = widened ? next.subarray(size * this.actions) : undefined;
    return temporalDifferenceTargets(batch, this.actions, advantageLearning, { next, chooser, here }, round);
  }

  follow(tau: number): void {
    const [to, from] = [this.#networks.target.parameters, this.#networks.policy.parameters];
    if (tau === 1) to.set(from);
    else for (let i = 0; i < to.length; i++) to[i] += tau * (from[i] - to[i]);
  }

  weights(which: Which = "policy"): Weights {
    // A copy: the parameters may lie in memory that threads share.
    return [this.#networks[which].parameters.slice()];
  }

  save(): QLearnerState {
    const { steps, moments } = this.#optimizer.save();
    const online = this.weights();
    return { online, target: this.weights("target"), moments: moments.map((moment) => [moment]), steps };
  }

  restore({ online, target, moments, steps }: QLearnerState): void {
    this.#networks.policy.parameters.set(online[0]);
    this.#networks.target.parameters.set(target[0]);
    this.#optimizer.restore({ steps, moments: moments.map(([moment]) => moment) });
  }

  network(weights?: Weights): Network {
    const { policy } = this.#networks;
    const kept = policy.parameters.slice();
    if (weights) policy.parameters.set(weights[0]);
    const network = this.#head.fold(policy.toNetwork());
    policy.parameters.set(kept);
    return this.#options.saved?.(network) ?? network;
  }

  close(): void {
    this.#networks.policy.close();
    this.#networks.target.close();
  }
}

function createOptimizer(size: number, config: QLearnerOptions["optimizer"]): Optimizer {
  return config.kind === "adam"
    ? adam(size, { beta1: config.beta1, beta2: config.beta2, epsilon: config.epsilon })
    : rmsprop(size, { alpha: config.decay, epsilon: config.epsilon });
}

function joined(first: Shown, second: Shown): Shown {
  const both = first instanceof Uint8Array ? new Uint8Array(2 * first.length) : new Float32Array(2 * first.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
