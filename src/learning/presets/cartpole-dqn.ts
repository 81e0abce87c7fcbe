import type { DqnConfigInput } from "../dqn/config.ts";

/** Ends as soon as 100 greedy episodes on seeds of their own confirm the score. */
export const cartpoleDqn: DqnConfigInput = {
  method: "dqn",
  environment: { id: "CartPole-v1", count: 8 },
  network: { kind: "dense", hidden: [64, 64] },
  scaling: { center: [0, 0, 0, 0], scale: [0.5, 0.5, 5, 0.5] },
  episodes: 1500,
  gamma: 0.99,
  nStep: 3,
  // Wider gaps between actions: learning needs fewer steps, and a spiking network fewer to tell them apart.
  advantageLearning: 0.5,
  epsilon: { kind: "linear", start: 1, end: 0.05, steps: 5000 },
  replay: { capacity: 50000, initial: 1000 },
  batchSize: 64,
  updateEvery: 2,
  optimizer: { kind: "adam", learningRate: { kind: "linear", start: 1e-3, end: 1e-4, steps: 60000 } },
  clip: { kind: "norm", limit: 10 },
  target: { kind: "soft", tau: 0.01 },
  solve: { average: 475, stay: 1 },
  // Where the run goes on all the same, a network that is good enough stays so: at a constant rate it would come and go.
  evaluation: {
    every: 2000,
    episodes: 20,
    of: "target",
    stop: { mean: 498, episodes: 100 },
    settle: { mean: 498, factor: 0.7 },
  },
  final: { episodes: 100, target: 475 },
};
