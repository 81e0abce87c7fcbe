import type { DqnConfigInput } from "../../src/learning/algorithms/dqn-config.ts";

/** The thesis's own settings (appendix B.8 and its notebooks), 1000 episodes, one environment, plain rewards. */
const common = {
  episodes: 1000,
  gamma: 0.999,
  epsilon: { kind: "exponential", start: 1, end: 0.05, decay: 0.999 },
  batchSize: 128,
  truncation: "drop",
  optimizer: { kind: "adam", learningRate: { kind: "constant", value: 0.001 } },
  clip: { kind: "value", limit: 1 },
} as const;

const cartpole = {
  ...common,
  environment: { id: "CartPole-v1", maxSteps: 200 },
  replay: { capacity: 40000 },
  target: { kind: "episodes", every: 10 },
  solve: { average: 195, stay: 100 },
  evaluation: { every: 5000, episodes: 20 },
} as const;

const mountaincar = {
  ...common,
  environment: { id: "MountainCar-v0", maxSteps: 200 },
  rewardShaping: "mountaincar-original",
  replay: { capacity: 1000 },
  target: { kind: "episodes", every: 5 },
  // The relaxed criterion; the strict one is -110 over 100.
  solve: { average: -130, stay: 50 },
  evaluation: { every: 5000, episodes: 20 },
} as const;

export const cartpoleDqnOriginal: DqnConfigInput = {
  ...cartpole,
  method: "dqn",
  network: { kind: "dense", hidden: [16, 16] },
};

export const cartpoleDsqnOriginal: DqnConfigInput = {
  ...cartpole,
  method: "dsqn",
  network: { kind: "spiking", hidden: [17, 17], steps: 20 },
  optimizer: { kind: "adam", learningRate: { kind: "constant", value: 0.0005 } },
};

export const mountaincarDqnOriginal: DqnConfigInput = {
  ...mountaincar,
  method: "dqn",
  network: { kind: "dense", hidden: [64, 64] },
};

export const mountaincarDsqnOriginal: DqnConfigInput = {
  ...mountaincar,
  method: "dsqn",
  network: { kind: "spiking", hidden: [65, 65], steps: 20 },
  optimizer: { kind: "adam", learningRate: { kind: "constant", value: 0.0005 } },
};
