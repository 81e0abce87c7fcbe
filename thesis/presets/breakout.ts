import type { ConvDqnConfigInput } from "../../src/learning/algorithms/dqn-config.ts";

const original = {
  method: "conv-dqn",
  gamma: 0.99,
  doubleQ: false,
  loss: "mse",
  rewards: "at-most-one",
  lifeLossIsTerminal: false,
  batchSize: 32,
  updateEvery: 4,
  optimizer: {
    kind: "rmsprop",
    learningRate: { kind: "constant", value: 2.5e-4 },
    decay: 0.95,
    epsilon: 1e-3,
  },
  clip: { kind: "value", limit: 1 },
  target: { every: 10_000 },
  evaluation: { every: 500_000, episodes: 10, epsilon: 0.1 },
  final: { episodes: 100, epsilon: 0.1 },
} as const satisfies Partial<ConvDqnConfigInput>;

/** Patel et al.'s dense network as the thesis trained it: inputs of 0 to 255, exploration down to 0.1. */
export const breakoutPatelOriginal: ConvDqnConfigInput = {
  ...original,
  environment: { game: "Breakout", count: 1, preprocessing: "patel", fire: false },
  network: { architecture: "patel-small", inputScale: 1 },
  steps: 6_000_000,
  rewards: "raw",
  epsilon: { kind: "exponential", start: 1, end: 0.1, decay: 0.9999977 },
  replay: { capacity: 200_000, initial: 50_000 },
};

/**
 * Mnih et al.'s network on binary frames, as the thesis planned it; the ends of games count as ends, which its script forgot. Two games
 * share the memory: Node 20 holds no array of a million frames.
 */
export const breakoutMnihOriginal: ConvDqnConfigInput = {
  ...original,
  environment: { game: "Breakout", count: 2, preprocessing: "mnih-binary", fire: false },
  network: { architecture: "nature", inputScale: 1 },
  steps: 50_000_000,
  epsilon: { kind: "linear", start: 1, end: 0.1, steps: 1_000_000 },
  replay: { capacity: 1_000_000, initial: 50_000 },
};

/** Patel et al.'s dense network as a DSQN, T = 20, with the thesis's settings: its script's Adam of 0.001, inputs of 0 to 255. */
export const breakoutPatelDsqnOriginal: ConvDqnConfigInput = {
  ...breakoutPatelOriginal,
  method: "pixel-dsqn",
  network: { spiking: { hidden: [1000], steps: 20, biasInput: true, surrogateScale: 100 }, inputScale: 1 },
  optimizer: { kind: "adam", learningRate: { kind: "constant", value: 1e-3 } },
};
