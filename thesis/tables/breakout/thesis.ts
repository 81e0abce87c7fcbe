import type { Reported } from "../thesis.ts";

/** A row on Breakout as the thesis reports it, and what it takes to measure ours the same way. */
export interface BreakoutRow {
  readonly name: string;
  /** Whose policy ours is. */
  readonly subject: "random" | "left" | "dqn" | "converted" | "dsqn";
  readonly thesis: Reported;
  /** Episodes that the thesis's figure rests on. */
  readonly thesisEpisodes: number;
  /** Probability of a random action; the thesis's for its own networks. */
  readonly epsilon: number;
  /** T of a conversion. */
  readonly steps?: number;
  /** The thesis says "more than", of its similarity. */
  readonly thesisIsBound?: true;
  /** Why ours may fall short. */
  readonly reason?: string;
}

const score = (mean: number | null, std: number | null = null, similarity: number | null = null): Reported => ({
  mean,
  std,
  similarity,
});

/**
 * C. Hahn, "Deep Spiking Q Networks" (TUM 2020), section on Breakout: Patel's dense network with epsilon 0.1, where every policy learned
 * to go left and stay there; and a preliminary convolutional network after Mnih et al. 2015, whose figures are read from the original's
 * plots (DQN: 50 episodes of 38 to 333 points; converted, T = 500: 19 episodes of 11 to 91). "Go left and stay" is not a row of the
 * thesis: it is what its policies did.
 */
export const breakoutRows: readonly BreakoutRow[] = [
  { name: "random", subject: "random", thesis: score(0.99, 1.02), thesisEpisodes: 100, epsilon: 1 },
  { name: "go left and stay", subject: "left", thesis: score(null), thesisEpisodes: 100, epsilon: 0 },
  { name: "DQN, epsilon 0.1", subject: "dqn", thesis: score(10.12, 1.67), thesisEpisodes: 100, epsilon: 0.1 },
  {
    name: "converted, T = 100, epsilon 0.1",
    subject: "converted",
    steps: 100,
    thesis: score(10.5, 1.16, 99.9),
    thesisIsBound: true,
    thesisEpisodes: 100,
    epsilon: 0.1,
    reason: "the thesis's policy, which stays at the wall, has little to decide",
  },
  { name: "DSQN, epsilon 0.1", subject: "dsqn", thesis: score(10.16, 1.73), thesisEpisodes: 100, epsilon: 0.1 },
  {
    name: "convolutional DQN",
    subject: "dqn",
    thesis: score(200, null),
    thesisEpisodes: 50,
    epsilon: 0.01,
    reason: "ours was trained for hours on two processor cores, the thesis's for days on a graphics card",
  },
  {
    name: "convolutional DQN, converted, T = 100",
    subject: "converted",
    steps: 100,
    thesis: score(null),
    thesisEpisodes: 19,
    epsilon: 0.01,
  },
  {
    name: "convolutional DQN, converted, T = 500",
    subject: "converted",
    steps: 500,
    thesis: score(54, null),
    thesisEpisodes: 19,
    epsilon: 0.01,
  },
];
