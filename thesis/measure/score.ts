import type { MakeEnvironments } from "../../src/environments/worlds.ts";
import { evaluate } from "../../src/learning/evaluate.ts";
import type { Policy } from "../../src/learning/policy.ts";
import type { OnProgress } from "../../src/progress.ts";
import type { Behaviour } from "../breakout/behaviour.ts";
import type { Trial } from "../tables/trial.ts";
import type { Measured } from "../verdict.ts";
import { kept } from "./kept.ts";

/** Who plays for a row, where, and what it is compared with. */
export interface Player {
  /** Opened only where there is something to measure. */
  open(): Policy | Promise<Policy>;
  readonly makeEnvironments: MakeEnvironments;
  /** Whose decisions are equal, or not, on the states visited. */
  readonly compare?: Policy;
  /** What its decisions depend on: a row is measured anew where this differs. */
  readonly identity: readonly unknown[];
  /** At least so many episodes, whatever is asked for: they cost next to nothing. */
  readonly episodes?: number;
  /** How it played, where that is watched. */
  behaviour?(): Behaviour;
}

export interface ScoreOptions {
  readonly episodes: number;
  /** A folder that keeps what was measured. */
  readonly keep?: string;
  readonly onProgress?: OnProgress;
}

/** Greedy episodes as a table has them; null without a player. */
export async function scoreOf(
  { environment, epsilon = 0 }: Trial,
  player: Player | null,
  { keep, onProgress, ...options }: ScoreOptions,
): Promise<Measured | null> {
  if (!player) return null;
  const { makeEnvironments, compare, identity } = player;
  const episodes = Math.max(options.episodes, player.episodes ?? 0);
  return kept(keep, [environment, episodes, epsilon, ...identity], async () => {
    const policy = await player.open();
    try {
      const played = await evaluate(policy, makeEnvironments, { episodes, epsilon, compare, onProgress });
      const { mean, std, ci95, decisions, similarity, similarityCi95, seconds } = played;
      const { spikesPerDecision, synOpsPerDecision } = played;
      return {
        ...{ mean, std, ci95, episodes, decisions },
        similarity: similarity === null ? null : 100 * similarity,
        similarityCi95: similarityCi95 && ([100 * similarityCi95[0], 100 * similarityCi95[1]] as const),
        ...(player.behaviour && { spikesPerDecision, synOpsPerDecision, behaviour: player.behaviour() }),
        seconds,
      };
    } finally {
      await policy.close?.();
    }
  });
}
