import type { PixelPpoConfigInput } from "../algorithms/ppo-config.ts";

/**
 * CleanRL's recipe (ppo_atari.py: 8 games, 128 steps, 4 epochs of 4 minibatches, clip range 0.1, 2.5e-4 falling to 0 over 10 million steps) with a network
 * sized for CPUs, whose trunk policy and critic share.
 */
export const breakoutPpo: PixelPpoConfigInput = {
  method: "pixel-ppo",
  environment: { game: "Breakout", count: 8, maxFrames: 18_000 },
  network: { architecture: "small" },
  steps: 10_000_000,
  horizon: 128,
  epochs: 4,
  minibatches: 4,
  clipRange: 0.1,
  entropy: 0.01,
  valueWeight: 0.5,
  learningRate: { kind: "linear", start: 2.5e-4, end: 0, steps: 10_000_000 },
  clip: 0.5,
  evaluation: { every: 200_000, episodes: 10 },
  final: { episodes: 30, target: 30 },
};

/**
 * What goes on from `models/breakout-dqn` costs a core hours instead of days: the policy starts as the softmax of ten times its values, which is nearly
 * greedy (its two best actions lie 0.09 apart in the median state), the critic at their mean. What came of it is in docs/breakout.md.
 */
export const breakoutPpoOn: PixelPpoConfigInput = {
  ...breakoutPpo,
  network: { model: "models/breakout-dqn.safetensors", outputs: "action-values", policyScale: 10 },
  epochs: 3,
  learningRate: { kind: "linear", start: 2.5e-4, end: 2.5e-5, steps: 7_000_000 },
  evaluation: { every: 250_000, episodes: 10 },
};

/** A spiking policy of T = 4 from the start, neurons without lag; a teacher is heard while it learns to see. */
export const breakoutSpikingPpo: PixelPpoConfigInput = {
  ...breakoutPpo,
  network: {
    architecture: "small",
    spiking: { neuron: "lif", steps: 4, weightScale: 2, surrogateScale: 3 },
    inputScale: 1 / 256,
  },
  teacher: {
    model: "models/breakout-dqn.safetensors",
    sharpness: 20,
    weight: { kind: "linear", start: 1, end: 0, steps: 400_000 },
  },
  epochs: 2,
  learningRate: { kind: "linear", start: 5e-4, end: 1e-4, steps: 1_000_000 },
  evaluation: { every: 50_000, episodes: 10 },
};
