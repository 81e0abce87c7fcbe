import { lossGradients, temporalDifferenceTargets } from "../../src/learning/dqn/learner.ts";
import { createTrainable } from "../../src/engines/create.ts";
import type { DenseNetwork } from "../../src/network/old/dense-network.ts";
import { adam, clipValues, rmsprop, sgd, type Optimizer } from "../../src/engines/optimizers/index.ts";
import { argmax } from "../../src/network/decide.ts";
import type { SpikingNetwork } from "../../src/network/old/spiking-network.ts";
import { engines } from "./engines.ts";
import { listed, type UpdateCase } from "./golden.ts";

type Network = DenseNetwork | SpikingNetwork;

/** Parameters after each of the case's consecutive optimiser steps, listed. `target` stays as it is. */
export type Updates = (testCase: UpdateCase, policy: Network, target: Network, count: number) => number[][][];

/** The learner of src/learning with the fast trainable networks and the optimisers of src/engines/optimizers. */
export const fastUpdates: Updates = (testCase, policyNetwork, targetNetwork, count) => {
  const { batch: transitions, snn, double: doubleQ, gamma } = testCase;
  const size = transitions.length;
  const options = { maxBatch: size, surrogate: snn?.surrogate };
  const policy = createTrainable(policyNetwork, options);
  const target = createTrainable(targetNetwork, options);
  const optimizer = createOptimizer(testCase.optimizer, policy.parameters.length);
  const batch = {
    size,
    observations: Float32Array.from(transitions.flatMap(({ state }) => state)),
    actions: Int32Array.from(transitions, ({ action }) => action),
    rewards: Float32Array.from(transitions, ({ reward }) => reward),
    nextObservations: Float32Array.from(
      transitions.flatMap(({ state, next_state }) => next_state ?? state.map(() => 0)),
    ),
    discounts: Float32Array.from(transitions, ({ next_state }) => (next_state ? gamma : 0)),
    indices: Int32Array.from(transitions, (_, k) => k),
    weights: new Float32Array(size).fill(1),
  };
  const clip = clipLimit(testCase);
  const loss = { doubleQ, loss: "mse", advantageLearning: 0 } as const;
  try {
    return Array.from({ length: count }, () => {
      const targets = temporalDifferenceTargets(policy, target, batch, loss, new Float32Array(size));
      lossGradients(policy, batch, targets, loss, new Float32Array(size));
      if (clip !== null) clipValues(policy.gradients, clip);
      optimizer.step(policy.parameters, policy.gradients);
      const network = policy.toNetwork();
      return listed(network.kind, network.layers);
    });
  } finally {
    policy.close();
    target.close();
  }
};

/** The same from the equations, in float64, with gradients of the reference engine. */
export const referenceUpdates: Updates = (testCase, policy, target, count) => {
  const { batch, double: doubleQ, gamma, snn } = testCase;
  const reference = engines[0];
  const states = Float32Array.from(batch.flatMap(({ state }) => state));
  const nextStates = Float32Array.from(batch.flatMap(({ state, next_state }) => next_state ?? state.map(() => 0)));
  const actions = policy.layers.at(-1)!.outputs;
  const values = (network: Network): ArrayLike<number> =>
    network.kind === "dense"
      ? reference.dense(network, nextStates)
      : reference.spiking.run(network, nextStates).outputs;
  const next = values(target);
  const clip = clipLimit(testCase);
  const step = referenceOptimizer(testCase.optimizer);
  let network = policy;
  return Array.from({ length: count }, () => {
    const choosing = doubleQ ? values(network) : next;
    const targets = batch.map(
      ({ reward, next_state }, k) =>
        reward + (next_state ? gamma * next[k * actions + argmax(choosing, k * actions, actions)] : 0),
    );
    const outputGradients = (outputs: ArrayLike<number>): Float64Array => {
      const gradient = new Float64Array(outputs.length);
      for (const [k, { action }] of batch.entries())
        gradient[k * actions + action] = (2 / batch.length) * (outputs[k * actions + action] - targets[k]);
      return gradient;
    };
    const { layers } = reference.gradients(network, states, outputGradients, snn?.surrogate);
    const gradients = layers.flatMap(({ weights, biases }) => [
      ...Array.from(weights),
      ...(biases ? Array.from(biases) : []),
    ]);
    const clipped = clip === null ? gradients : gradients.map((g) => Math.min(clip, Math.max(-clip, g)));
    const change = step(clipped);
    let at = 0;
    const move = (tensor: Float32Array): Float32Array => tensor.map((value) => value - change[at++]);
    network = {
      ...network,
      layers: network.layers.map((layer) => ({
        ...layer,
        weights: move(layer.weights),
        biases: layer.biases && move(layer.biases),
      })),
    } as Network;
    return listed(network.kind, network.layers);
  });
};

function clipLimit({ clip }: UpdateCase): number | null {
  if (clip === undefined || clip === null || clip === "none") return null;
  const match = /^element-wise to \[-([\d.]+), ([\d.]+)\]$/.exec(clip);
  if (!match || match[1] !== match[2]) throw new Error(`unknown clipping "${clip}"`);
  return Number(match[1]);
}

function createOptimizer({ name, lr, ...rest }: UpdateCase["optimizer"], size: number): Optimizer {
  const { beta1, beta2, eps: epsilon, rho, alpha, momentum } = rest as Record<string, number | undefined>;
  const given = <T extends object>(options: T): T =>
    Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
  if (name === "adam") return adam(size, given({ learningRate: lr, beta1, beta2, epsilon }));
  if (name === "rmsprop") return rmsprop(size, given({ learningRate: lr, alpha: rho ?? alpha, epsilon, momentum }));
  if (name === "sgd") return sgd(size, given({ learningRate: lr, momentum }));
  throw new Error(`unknown optimiser "${name}"`);
}

/** What each step takes off the parameters. Kingma & Ba 2015; Hinton 2012 and momentum as PyTorch documents them. */
function referenceOptimizer({
  name,
  lr,
  ...rest
}: UpdateCase["optimizer"]): (gradients: readonly number[]) => number[] {
  const o = rest as Record<string, number | undefined>;
  const { beta1 = 0.9, beta2 = 0.999, eps = 1e-8, momentum = 0, rho = o.alpha ?? 0.99 } = o;
  const first: number[] = [];
  const second: number[] = [];
  let t = 0;
  return (gradients) => {
    t++;
    return gradients.map((g, i) => {
      const average = name === "rmsprop" ? rho : beta2;
      second[i] = average * (second[i] ?? 0) + (1 - average) * g * g;
      if (name === "adam") {
        first[i] = beta1 * (first[i] ?? 0) + (1 - beta1) * g;
        return (lr * (first[i] / (1 - beta1 ** t))) / (Math.sqrt(second[i] / (1 - beta2 ** t)) + eps);
      }
      const direction = name === "rmsprop" ? g / (Math.sqrt(second[i]) + eps) : g;
      first[i] = momentum * (first[i] ?? 0) + direction;
      return lr * first[i];
    });
  };
}
