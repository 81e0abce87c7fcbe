import type { PpoConfigInput } from "../algorithms/ppo-config.ts";

/**
 * MinAtar's games (Young & Tian 2019): 10 x 10 places, a channel for each kind of thing, the few actions that do something. One hidden layer that spikes,
 * two steps a decision; `--env MinAtar/SpaceInvaders-v1` for another game. Games of Breakout may go on for ever: 2000
 * steps are a limit while it learns.
 */
export const minatar: PpoConfigInput = {
  method: "ppo",
  environment: { id: "MinAtar/Breakout-v1", count: 64, maxSteps: 2000 },
  network: { kind: "spiking", hidden: [128], steps: 2, neuron: "lif", surrogateScale: 10 },
  scaling: "observed",
  steps: 5_000_000,
  horizon: 128,
  epochs: 4,
  minibatches: 8,
  learningRate: { kind: "linear", start: 5e-3, end: 1e-4, steps: 5_000_000 },
  clip: 0.5,
  evaluation: { every: 100_000, episodes: 30 },
  checkpointSeconds: 30,
  final: { episodes: 100 },
};

/** Four steps: outputs add up twice as much, and half the rate is what learns (at the same one the maximum of seed 1 is 22.7 instead of 28.8). */
export const minatarT4: PpoConfigInput = {
  ...minatar,
  network: { kind: "spiking", hidden: [128], steps: 4, neuron: "lif", surrogateScale: 10 },
  learningRate: { kind: "linear", start: 2.5e-3, end: 5e-5, steps: 5_000_000 },
};
