import { UsageError } from "../errors.ts";
import { sin } from "../numeric/elementary.ts";
import type { Shown } from "./algorithm.ts";

/**
 * Reward shaping by name. The learner sees the shaped reward; returns, curves and scores are always the environment's own.
 * `observation` led to `next` (raw, unscaled); `terminated`: the task ended there.
 */
export type RewardShaping = (
  reward: number,
  observation: Shown,
  next: Shown,
  terminated: boolean,
  gamma: number,
) => number;

/** MountainCar's mechanical energy per unit mass, from 0 at rest in the valley; on the hill top at x = 0.5 about 0.00166. */
const energy = (o: Shown): number => 0.5 * o[1] * o[1] + (0.0025 / 3) * (sin(3 * o[0]) + 1);

export const rewardShapings = {
  "none": (reward) => reward,
  /** The thesis's: min(r + |x + 0.5|, -0.1), of the position reached. */
  "mountaincar-original": (reward, _observation, next) => Math.min(reward + Math.abs(next[0] + 0.5), -0.1),
  /**
   * Potential-based (Ng, Harada & Russell 1999): r + gamma Phi(o') - Phi(o), Phi = 0 at a terminal state, which leaves the
   * optimal policy as it is. Phi is the car's mechanical energy less that of the goal, in units that make the goal's 30.
   */
  "mountaincar-energy": (reward, observation, next, terminated, gamma) => {
    const phi = (o: Shown): number => 18000 * energy(o) - 30;
    return reward + (terminated ? 0 : gamma * phi(next)) - phi(observation);
  },
} as const satisfies Record<string, RewardShaping>;

export type RewardShapingName = keyof typeof rewardShapings;

/** Throws CONFIG_INVALID where a shaping of MountainCar's two values meets other observations. */
export function assertShapingFits(name: RewardShapingName, observationSize: number, environment: string): void {
  if (name === "none" || observationSize === 2) return;
  throw new UsageError(
    "CONFIG_INVALID",
    `"rewardShaping" is "${name}"; observations of ${environment} have ${observationSize} values instead of a position and a velocity.`,
    { hint: 'Leave it out, or set it to "none".' },
  );
}

/** What the learner sees of rewards, before they are shaped. */
export const rewardClips: Readonly<Record<"raw" | "sign" | "at-most-one", (reward: number) => number>> = {
  "raw": (reward) => reward,
  "sign": Math.sign,
  "at-most-one": (reward) => Math.min(1, reward),
};
