import type { ConvDqnConfigInput } from "../pixels/config.ts";

/**
 * What learns fastest per CPU second: the small network, three-step returns, prioritised replay, and widened action gaps, which a
 * spiking network can tell apart in fewer steps. Steps cost a tenth of what gradient steps do, so there are eight of them to one.
 */
export const breakoutDqn: ConvDqnConfigInput = {
  method: "conv-dqn",
  environment: { game: "Breakout", count: 8 },
  network: { architecture: "small" },
  steps: 20_000_000,
  gamma: 0.99,
  nStep: 3,
  epsilon: { kind: "linear", start: 1, end: 0.01, steps: 300_000 },
  doubleQ: false,
  advantageLearning: 0.7,
  replay: { capacity: 640_000, initial: 20_000, prioritisation: { alpha: 0.5, beta: 0.5 } },
  updateEvery: 8,
  optimizer: {
    kind: "adam",
    learningRate: { kind: "linear", start: 2.5e-4, end: 5e-5, steps: 6_000_000 },
    epsilon: 1e-5,
  },
  target: { every: 16_000 },
  evaluation: { every: 200_000, episodes: 10 },
  final: { episodes: 30, target: 30 },
};

/** The same with the network of Mnih et al. 2015. */
export const breakoutDqnNature: ConvDqnConfigInput = { ...breakoutDqn, network: { architecture: "nature" } };

/**
 * The same network trained spiking from the start. T = 10: of its first layer three steps arrive in time, of the second five, so that a gradient
 * step costs little more than those. So few steps see a ball of two pixels only if frames are bright (0 to 8) and the surrogate is wide:
 * taught the
 * values of `breakout-dqn` (Adam 1e-3), such a network explains 0.15 of the differences between actions after 300 batches and 0.37 after 900, with
 * frames of 0 to 1 and a surrogate of scale 10 it is 0.07 after 300. Weights start twice as large, or deeper layers would not spike, and the
 * outputs' potentials, which add up their steps, at the size of values.
 */
export const breakoutDsqn: ConvDqnConfigInput = {
  ...breakoutDqn,
  method: "pixel-dsqn",
  environment: { game: "Breakout", count: 8, maxFrames: 18_000 },
  network: {
    architecture: "small",
    spiking: { steps: 10, weightScale: 2, outputScale: 1 / 10, surrogateScale: 2 },
    inputScale: 1 / 32,
  },
  epsilon: { kind: "linear", start: 1, end: 0.01, steps: 200_000 },
  replay: { capacity: 320_000, initial: 20_000, prioritisation: { alpha: 0.5, beta: 0.5 } },
  optimizer: {
    kind: "adam",
    learningRate: { kind: "linear", start: 5e-4, end: 1e-4, steps: 1_000_000 },
    epsilon: 1e-5,
  },
  clip: { kind: "norm", limit: 10 },
  target: { every: 10_000 },
  evaluation: { every: 25_000, episodes: 10 },
  final: { episodes: 30, target: 10 },
};

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

/**
 * The same network made to learn: games side by side, scaled frames (by a power of two, which the saved weights hold exactly), a wider
 * surrogate, three-step returns, and an output layer whose potential starts at the size of values: it adds up 20 steps.
 */
export const breakoutPatelDsqn: ConvDqnConfigInput = {
  method: "pixel-dsqn",
  environment: { game: "Breakout", count: 8, preprocessing: "patel" },
  network: { spiking: { hidden: [1000], steps: 20, outputScale: 1 / 20, surrogateScale: 10 }, inputScale: 1 / 256 },
  steps: 6_000_000,
  gamma: 0.99,
  nStep: 3,
  epsilon: { kind: "linear", start: 1, end: 0.02, steps: 300_000 },
  replay: { capacity: 200_000, initial: 20_000 },
  updateEvery: 8,
  optimizer: { kind: "adam", learningRate: { kind: "constant", value: 5e-5 } },
  clip: { kind: "value", limit: 1 },
  target: { every: 16_000 },
  evaluation: { every: 200_000, episodes: 10 },
  final: { episodes: 30 },
};
