import { createTrainable } from "../../src/engines/create.ts";
import { flatLearner } from "../../src/learning/q-learner/flat.ts";
import { argmax } from "../../src/network/decide.ts";
import { actionsOf, isSpiking, type Network } from "../../src/network/network.ts";
import { ways } from "./engines.ts";
import { listed, type UpdateCase } from "./golden.ts";

/** Parameters after each of the case's consecutive optimiser steps, listed. `target` stays as it is. */
export type Updates = (testCase: UpdateCase, policy: Network, target: Network, count: number) => number[][][];

const parameters = (network: Network): number[][] => listed(isSpiking(network) ? "spiking" : "dense", network.layers);

/** The Q-learner of src/learning on the kernels. */
export const fastUpdates: Updates = (testCase, policyNetwork, targetNetwork, count) => {
  const { batch: transitions, snn, double: doubleQ, gamma } = testCase;
  const size = transitions.length;
  const options = { maxBatch: size, surrogate: snn?.surrogate };
  const limit = clipLimit(testCase);
  const learner = flatLearner(createTrainable(policyNetwork, options), createTrainable(targetNetwork, options), {
    doubleQ,
    loss: "mse",
    advantageLearning: 0,
    optimizer: optimizerOf(testCase.optimizer),
    clip: limit === null ? { kind: "none", limit: 0 } : { kind: "value", limit },
  });
  const batch = {
    size,
    observations: Float32Array.from(transitions.flatMap(({ state }) => state)),
    actions: Int32Array.from(transitions, ({ action }) => action),
    rewards: Float32Array.from(transitions, ({ reward }) => reward),
    nextObservations: Float32Array.from(
      transitions.flatMap(({ state, next_state }) => next_state ?? state.map(() => 0)),
    ),
    discounts: Float32Array.from(transitions, ({ next_state }) => (next_state ? gamma : 0)),
    slots: Int32Array.from(transitions, (_, k) => k),
    weights: new Float32Array(size).fill(1),
  };
  try {
    return Array.from({ length: count }, () => {
      learner.update(batch, testCase.optimizer.lr);
      return parameters(learner.network());
    });
  } finally {
    learner.close();
  }
};

/** The same from the equations, in float64, with gradients of the reference engine. */
export const referenceUpdates: Updates = (testCase, policy, target, count) => {
  const { batch, double: doubleQ, gamma, snn } = testCase;
  const [reference] = ways;
  const states = Float32Array.from(batch.flatMap(({ state }) => state));
  const nextStates = Float32Array.from(batch.flatMap(({ state, next_state }) => next_state ?? state.map(() => 0)));
  const actions = actionsOf(policy);
  const values = (network: Network): ArrayLike<number> => reference.run(network, nextStates).outputs;
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
    };
    return parameters(network);
  });
};

function clipLimit({ clip }: UpdateCase): number | null {
  if (clip === undefined || clip === null || clip === "none") return null;
  const match = /^element-wise to \[-([\d.]+), ([\d.]+)\]$/.exec(clip);
  if (!match || match[1] !== match[2]) throw new Error(`unknown clipping "${clip}"`);
  return Number(match[1]);
}

function optimizerOf({ name, ...rest }: UpdateCase["optimizer"]): Parameters<typeof flatLearner>[2]["optimizer"] {
  const {
    beta1 = 0.9,
    beta2 = 0.999,
    rho,
    alpha = 0.99,
    momentum,
    eps: epsilon = 1e-8,
  } = rest as Partial<Record<string, number>>;
  if (name === "adam") return { kind: "adam", beta1, beta2, epsilon };
  if (name === "rmsprop" && !momentum) return { kind: "rmsprop", decay: rho ?? alpha, epsilon };
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
