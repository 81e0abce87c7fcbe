import type { ImitationConfigInput } from "../imitation-config.ts";

const cartpole = {
  environment: { id: "CartPole-v1" },
  source: "models/cartpole-dqn.safetensors",
  final: { episodes: 100, target: 475 },
} as const;
const mountaincar = {
  environment: { id: "MountainCar-v0" },
  source: "models/mountaincar-dqn.safetensors",
  final: { episodes: 100, target: -115 },
} as const;
/** Brings position (-1.2 to 0.6) and velocity (+-0.07) to about +-1. */
const mountaincarScaling = { center: [-0.3, 0], scale: [1 / 0.9, 1 / 0.07] };
const aggregation = { rounds: 2, states: 10_000, iterations: 4000 };
const falling = { kind: "exponential", start: 0.003, end: 1e-5, decay: 0.9995 } as const;

export const cartpoleClassifier: ImitationConfigInput = {
  ...cartpole,
  method: "classifier",
  network: { kind: "dense", hidden: [64, 64] },
  iterations: 8000,
  batchSize: 128,
  learningRate: falling,
  aggregation,
};

export const cartpoleSnnClassifier: ImitationConfigInput = {
  ...cartpole,
  method: "snn-classifier",
  network: { kind: "spiking", hidden: [64, 64], steps: 16 },
  iterations: 4000,
  batchSize: 128,
  learningRate: falling,
  aggregation: { ...aggregation, iterations: 2000 },
};

export const mountaincarClassifier: ImitationConfigInput = {
  ...cartpoleClassifier,
  ...mountaincar,
  scaling: mountaincarScaling,
};
export const mountaincarSnnClassifier: ImitationConfigInput = {
  ...cartpoleSnnClassifier,
  ...mountaincar,
  scaling: mountaincarScaling,
};

/** The thesis's own settings (appendix B.1): 200,000 batches of 50 on 20,000 states. */
const original = { iterations: 200_000, batchSize: 50, states: 20_000, every: 10_000 } as const;
const slow = { kind: "constant", value: 1e-4 } as const;
const fast = { kind: "constant", value: 2.5e-3 } as const;

export const cartpoleClassifierOriginal: ImitationConfigInput = {
  ...original,
  ...cartpole,
  method: "classifier",
  network: { kind: "dense", hidden: [16, 16] },
  learningRate: slow,
  final: { episodes: 100 },
};
export const cartpoleSnnClassifierOriginal: ImitationConfigInput = {
  ...original,
  ...cartpole,
  method: "snn-classifier",
  network: { kind: "spiking", hidden: [17, 17], steps: 20 },
  learningRate: slow,
  final: { episodes: 100 },
};
export const mountaincarClassifierOriginal: ImitationConfigInput = {
  ...original,
  ...mountaincar,
  method: "classifier",
  network: { kind: "dense", hidden: [64, 64] },
  learningRate: fast,
  final: { episodes: 100 },
};
export const mountaincarSnnClassifierOriginal: ImitationConfigInput = {
  ...original,
  ...mountaincar,
  method: "snn-classifier",
  network: { kind: "spiking", hidden: [65, 65], steps: 20 },
  learningRate: fast,
  final: { episodes: 100 },
};
