import type { ReinforceConfigInput } from "../../src/learning/algorithms/reinforce-config.ts";

/** The thesis's own settings (appendix B.2): an update after every episode of at most 200 steps. */
export const cartpoleReinforceOriginal: ReinforceConfigInput = {
  method: "reinforce",
  environment: { id: "CartPole-v1", maxSteps: 200 },
  network: { kind: "dense", hidden: [16, 16] },
  episodes: 1000,
  gamma: 0.99,
  normalise: "episode",
  learningRate: { kind: "constant", value: 0.01 },
  solve: { average: 195, stay: 100 },
  evaluation: { every: 100, episodes: 20 },
};
