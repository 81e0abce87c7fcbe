import type { PpoConfigInput } from "../algorithms/ppo-config.ts";

/**
 * A single hidden layer of eight neurons that integrate, fire and reset in one step, and one step a decision: about one spike. With four of them three
 * of ten seeds of CartPole learn nothing. What a policy of such a size can do is not much of a test of spiking; it is what its task needs.
 */
const eightNeurons: PpoConfigInput["network"] & { kind: "spiking" } = {
  kind: "spiking",
  hidden: [8],
  steps: 1,
  neuron: "lif",
  surrogateScale: 10,
};

export const cartpoleThrift: PpoConfigInput = {
  method: "ppo",
  environment: { id: "CartPole-v1", count: 8 },
  network: eightNeurons,
  scaling: { center: [0, 0, 0, 0], scale: [0.5, 0.5, 5, 0.5] },
  steps: 300_000,
  horizon: 128,
  learningRate: { kind: "linear", start: 1e-3, end: 1e-4, steps: 300_000 },
  clip: 0.5,
  evaluation: { every: 5000, episodes: 20, stop: { mean: 498, episodes: 100 } },
  final: { episodes: 200, target: 475 },
};

/** What thrift is to be held against: a smallest dense network that the same learner brings to the same score. */
export const cartpoleSmallest: PpoConfigInput = { ...cartpoleThrift, network: { kind: "dense", hidden: [1] } };

/** Learns from potential-based shaping, is scored on the plain return. */
export const mountaincarThrift: PpoConfigInput = {
  method: "ppo",
  environment: { id: "MountainCar-v0", count: 16 },
  network: eightNeurons,
  scaling: { center: [-0.5, 0], scale: [2, 25] },
  rewardShaping: "mountaincar-energy",
  rewardScale: 0.1,
  steps: 1_000_000,
  horizon: 256,
  epochs: 8,
  minibatches: 16,
  learningRate: { kind: "linear", start: 1e-3, end: 1e-4, steps: 1_000_000 },
  clip: 0.5,
  evaluation: { every: 20_000, episodes: 20, stop: { mean: -108, episodes: 100 } },
  final: { episodes: 200, target: -110 },
};

export const mountaincarSmallest: PpoConfigInput = { ...mountaincarThrift, network: { kind: "dense", hidden: [3] } };

export const acrobotThrift: PpoConfigInput = {
  method: "ppo",
  environment: { id: "Acrobot-v1", count: 16 },
  network: { ...eightNeurons, steps: 2 },
  scaling: "observed",
  rewardScale: 0.1,
  steps: 1_000_000,
  horizon: 256,
  epochs: 8,
  minibatches: 16,
  learningRate: { kind: "linear", start: 1e-3, end: 1e-4, steps: 500_000 },
  clip: 0.5,
  evaluation: { every: 20_000, episodes: 20, stop: { mean: -82, episodes: 100 } },
  final: { episodes: 200, target: -85 },
};

export const lunarlanderThrift: PpoConfigInput = {
  method: "ppo",
  environment: { id: "LunarLander-v3", count: 16 },
  network: { ...eightNeurons, hidden: [64, 64], steps: 4 },
  scaling: "observed",
  rewardScale: 0.02,
  steps: 2_000_000,
  gamma: 0.995,
  lambda: 0.97,
  horizon: 512,
  epochs: 6,
  minibatches: 16,
  learningRate: { kind: "linear", start: 7e-4, end: 5e-5, steps: 2_000_000 },
  clip: 0.5,
  evaluation: { every: 50_000, episodes: 20, stop: { mean: 240, episodes: 100 } },
  final: { episodes: 200, target: 200 },
};
