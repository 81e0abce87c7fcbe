import type { DqnConfigInput } from "../algorithms/dqn-config.ts";
import type { ImitationConfigInput } from "../algorithms/imitation-config.ts";
import { cartpoleClassifier, cartpoleSnnClassifier } from "./cartpole.ts";

/** Learns from potential-based shaping, is scored on the plain return. */
export const mountaincarDqn: DqnConfigInput = {
  method: "dqn",
  environment: { id: "MountainCar-v0", count: 8 },
  network: { kind: "dense", hidden: [64, 64] },
  scaling: { center: [-0.5, 0], scale: [2, 25] },
  rewardShaping: "mountaincar-energy",
  episodes: 3000,
  gamma: 0.99,
  nStep: 3,
  epsilon: { kind: "linear", start: 1, end: 0.05, steps: 10000 },
  replay: { capacity: 50000, initial: 1000 },
  batchSize: 64,
  updateEvery: 2,
  optimizer: { kind: "adam", learningRate: { kind: "linear", start: 1e-3, end: 1e-4, steps: 150000 } },
  clip: { kind: "norm", limit: 10 },
  target: { kind: "soft", tau: 0.01 },
  solve: { average: -110, stay: 1 },
  evaluation: {
    every: 4000,
    episodes: 20,
    of: "target",
    stop: { mean: -108, episodes: 100 },
    settle: { mean: -108, factor: 0.7 },
  },
  final: { episodes: 100, target: -115 },
};

export const mountaincarDsqn: DqnConfigInput = {
  ...mountaincarDqn,
  method: "dsqn",
  network: { kind: "spiking", hidden: [32, 32], steps: 20, surrogateScale: 10 },
  rewardScale: 0.1,
};

const mountaincar = {
  environment: { id: "MountainCar-v0" },
  source: "models/mountaincar-dqn.safetensors",
  /** Brings position (-1.2 to 0.6) and velocity (+-0.07) to about +-1. */
  scaling: { center: [-0.3, 0], scale: [1 / 0.9, 1 / 0.07] },
  final: { episodes: 100, target: -115 },
};

export const mountaincarClassifier: ImitationConfigInput = { ...cartpoleClassifier, ...mountaincar };
export const mountaincarSnnClassifier: ImitationConfigInput = { ...cartpoleSnnClassifier, ...mountaincar };
