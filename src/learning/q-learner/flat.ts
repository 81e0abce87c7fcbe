import { adam, clipNorm, clipValues, type Optimizer, rmsprop } from "../../engines/optimizers/index.ts";
import type { Network } from "../../network/network.ts";
import type { TrainableNetwork } from "../../network/trainable.ts";
import type { Shown } from "../algorithm.ts";
import type { Batch } from "../replay/replay.ts";
import { type Head, plainHead } from "./dueling.ts";
import {
  lossGradient,
  type QLearner,
  type QLearnerOptions,
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
  const { head = plainHead, saved = (network) => network, advantageLearning } = options;
  const { observationSize, parameters } = policy;
  const actions = policy.actions - head.outputs(0);
  const optimizer = createOptimizer(parameters.length, options.optimizer);
  const networks = { policy, target };

  /** In pieces that fit the networks' buffers. */
  const values = (observations: Shown, batch: number, which: Which = "policy"): Float32Array => {
    const network = networks[which];
    const { maxBatch } = network;
    if (batch <= maxBatch) return head.values(network.forward(observations, batch), batch);
    const all = new Float32Array(batch * actions);
    for (let first = 0; first < batch; first += maxBatch) {
      const rows = Math.min(maxBatch, batch - first);
      const part = observations.subarray(first * observationSize, (first + rows) * observationSize);
      all.set(head.values(network.forward(part, rows), rows), first * actions);
    }
    return all;
  };

  const targetsOf = (batch: Batch): Float32Array => {
    const { observations, nextObservations, size } = batch;
    // The target network sees both in one batch: reading its weights may take longer than a state.
    const both = advantageLearning > 0 ? joined(nextObservations, observations) : nextObservations;
    const next = values(both, both.length / observationSize, "target").slice();
    return temporalDifferenceTargets(
      batch,
      actions,
      advantageLearning,
      {
        next,
        chooser: options.doubleQ ? values(nextObservations, size).slice() : undefined,
        here: advantageLearning > 0 ? next.subarray(size * actions) : undefined,
      },
      options.round,
    );
  };

  return {
    actions,
    values,
    update(batch, learningRate) {
      const targets = targetsOf(batch);
      const { size, observations } = batch;
      const predicted = head.values(policy.forward(observations, size), size);
      const { loss, errors, gradient } = lossGradient(batch, predicted, targets, options.loss);
      if (!Number.isFinite(loss)) return { loss, errors };
      policy.backward(head.gradient(gradient, size));
      if (options.clip.kind === "value") clipValues(policy.gradients, options.clip.limit);
      else if (options.clip.kind === "norm") clipNorm(policy.gradients, options.clip.limit);
      optimizer.step(parameters, policy.gradients, learningRate);
      return { loss, errors };
    },
    follow(tau) {
      const [to, from] = [target.parameters, parameters];
      if (tau === 1) to.set(from);
      else for (let i = 0; i < to.length; i++) to[i] += tau * (from[i] - to[i]);
    },
    // Copies: the parameters may lie in memory that threads share.
    weights: (which = "policy") => [networks[which].parameters.slice()],
    save() {
      const { steps, moments } = optimizer.save();
      return {
        online: [parameters.slice()],
        target: [target.parameters.slice()],
        moments: moments.map((moment) => [moment]),
        steps,
      };
    },
    restore(state) {
      parameters.set(state.online[0]);
      target.parameters.set(state.target[0]);
      optimizer.restore({ steps: state.steps, moments: state.moments.map(([moment]) => moment) });
    },
    network(weights) {
      const kept = parameters.slice();
      if (weights) parameters.set(weights[0]);
      const network = policy.toNetwork();
      parameters.set(kept);
      return saved(head.fold(network));
    },
    close() {
      policy.close();
      target.close();
    },
  };
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
