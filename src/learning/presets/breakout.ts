import type { ConvDqnConfigInput } from "../algorithms/dqn-config.ts";

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

/** Goes on from `models/breakout-dqn`, whose replay memory and moments are not at hand any more: what it plays now fills a new one. */
export const breakoutDqnOn: ConvDqnConfigInput = {
  ...breakoutDqn,
  environment: { game: "Breakout", count: 8, maxFrames: 18_000 },
  network: { model: "models/breakout-dqn.safetensors" },
  epsilon: { kind: "linear", start: 0.05, end: 0.01, steps: 100_000 },
  optimizer: {
    kind: "adam",
    learningRate: { kind: "linear", start: 2e-4, end: 3e-5, steps: 2_500_000 },
    epsilon: 1e-5,
  },
  evaluation: { every: 100_000, episodes: 10 },
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

/**
 * A spiking network of one hidden layer (Patel et al. 2019), T = 20: games side by side, scaled frames (by a power of two, which the
 * saved weights hold exactly), a wide surrogate, three-step returns, and an output layer whose potential starts at the size of values: it
 * adds up 20 steps.
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
