import type { ImitationConfigInput } from "../../src/learning/algorithms/imitation-config.ts";

const cartpole = { environment: { id: "CartPole-v1" }, source: "models/cartpole-dqn.safetensors" } as const;
const mountaincar = { environment: { id: "MountainCar-v0" }, source: "models/mountaincar-dqn.safetensors" } as const;

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
