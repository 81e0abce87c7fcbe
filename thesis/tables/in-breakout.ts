import { balancedConvolution } from "../../src/conversion/convert.ts";
import type { Reported } from "./figures.ts";
import type { Trial } from "./trial.ts";

const figures = (mean: number | null, std: number | null = null, similarity: number | null = null): Reported => ({
  mean,
  std,
  similarity,
});
const row = (name: string, player: Trial["player"], thesis: Reported, more: Partial<Trial>): Trial => ({
  table: "Breakout",
  name,
  environment: "breakout",
  player,
  thesis,
  ...more,
});
const converted = (steps: number): Pick<Trial, "conversion" | "steps"> => ({ conversion: balancedConvolution, steps });

/**
 * C. Hahn, "Deep Spiking Q Networks" (TUM 2020), section on Breakout: Patel's dense network with epsilon 0.1, where every policy
 * learned to go left and stay there; and a preliminary convolutional network after Mnih et al. 2015, whose figures are read from the
 * original's plots (DQN: 50 episodes of 38 to 333 points; converted, T = 500: 19 episodes of 11 to 91). "Go left and stay" is not a row
 * of the thesis: it is what its policies did.
 */
export const breakoutTrials: readonly Trial[] = [
  row("random", "random", figures(0.99, 1.02), { epsilon: 1 }),
  row("go left and stay", "left", figures(null), {}),
  row("DQN, epsilon 0.1", "dqn", figures(10.12, 1.67), { epsilon: 0.1 }),
  row("converted, T = 100, epsilon 0.1", "dqn", figures(10.5, 1.16, 99.9), {
    ...converted(100),
    thesisIsBound: true,
    epsilon: 0.1,
    reason: "the thesis's policy, which stays at the wall, has little to decide",
  }),
  row("DSQN, epsilon 0.1", "dsqn", figures(10.16, 1.73), { epsilon: 0.1 }),
  row("convolutional DQN", "dqn", figures(200), {
    thesisEpisodes: 50,
    epsilon: 0.01,
    reason: "ours was trained for hours on two processor cores, the thesis's for days on a graphics card",
  }),
  row("convolutional DQN, converted, T = 100", "dqn", figures(null), {
    ...converted(100),
    thesisEpisodes: 19,
    epsilon: 0.01,
  }),
  row("convolutional DQN, converted, T = 500", "dqn", figures(54), {
    ...converted(500),
    thesisEpisodes: 19,
    epsilon: 0.01,
  }),
];
