import type { DqnConfigInput } from "../algorithms/dqn-config.ts";
import type { ImitationConfigInput } from "../algorithms/imitation-config.ts";
import type { PpoConfigInput } from "../algorithms/ppo-config.ts";
import type { ReinforceConfigInput } from "../algorithms/reinforce-config.ts";

/** A preset whose environment the command line names. */
type AnyEnvironment<C extends { environment: object }> = Omit<C, "environment"> & {
  environment: Partial<C["environment"]>;
};

/** Settings that no environment has been tuned for: observations scaled as random play shows them, no early stop. */
export const dqn: AnyEnvironment<DqnConfigInput> = {
  method: "dqn",
  environment: { count: 8 },
  network: { kind: "dense", hidden: [128, 128] },
  scaling: "observed",
  steps: 300_000,
  gamma: 0.99,
  nStep: 5,
  epsilon: { kind: "linear", start: 1, end: 0.05, steps: 30_000 },
  loss: "huber",
  replay: { capacity: 100_000, initial: 2000 },
  batchSize: 64,
  updateEvery: 2,
  optimizer: { kind: "adam", learningRate: { kind: "linear", start: 1e-3, end: 5e-5, steps: 300_000 } },
  clip: { kind: "norm", limit: 10 },
  target: { kind: "soft", tau: 0.01 },
  evaluation: { every: 10_000, episodes: 20, of: "target" },
};

/**
 * The same with spikes: rewards are scaled down to what potentials reach within T steps, and gaps between actions are widened, so that so few
 * steps tell them apart.
 */
export const dsqn: AnyEnvironment<DqnConfigInput> = {
  ...dqn,
  method: "dsqn",
  network: { kind: "spiking", hidden: [64, 64], steps: 20, surrogateScale: 10 },
  steps: 200_000,
  rewardScale: 0.1,
  advantageLearning: 0.5,
  optimizer: { kind: "adam", learningRate: { kind: "linear", start: 5e-4, end: 5e-5, steps: 300_000 } },
};

export const reinforce: AnyEnvironment<ReinforceConfigInput> = {
  method: "reinforce",
  environment: { count: 16 },
  network: { kind: "dense", hidden: [64, 64] },
  scaling: "observed",
  episodes: 5000,
  gamma: 0.99,
  normalise: "update",
  entropy: 0.01,
  learningRate: { kind: "constant", value: 0.003 },
  clip: 1,
  evaluation: { every: 10, episodes: 20 },
};

/** On-policy, without a replay memory: for what has no tuned preset it is the first to try. */
export const ppo: AnyEnvironment<PpoConfigInput> = {
  method: "ppo",
  environment: { count: 16 },
  network: { kind: "dense", hidden: [64, 64] },
  scaling: "observed",
  rewardScale: 0.1,
  steps: 500_000,
  horizon: 256,
  epochs: 6,
  minibatches: 16,
  learningRate: { kind: "linear", start: 1e-3, end: 1e-4, steps: 500_000 },
  clip: 0.5,
  evaluation: { every: 20_000, episodes: 20 },
};

/** The same with a policy that spikes: two steps a decision, neurons without lag. */
export const spikingPpo: AnyEnvironment<PpoConfigInput> = {
  ...ppo,
  network: { kind: "spiking", hidden: [64, 64], steps: 2, neuron: "lif", surrogateScale: 10 },
  steps: 1_000_000,
};

/** Needs a model of the same environment to learn from: `--set source=...`. */
export const classifier: Omit<AnyEnvironment<ImitationConfigInput>, "source"> = {
  method: "classifier",
  environment: {},
  network: { kind: "dense", hidden: [64, 64] },
  scaling: "observed",
  iterations: 8000,
  batchSize: 128,
  learningRate: { kind: "exponential", start: 0.003, end: 1e-5, decay: 0.9995 },
  aggregation: { rounds: 2, states: 10_000, iterations: 4000 },
};
