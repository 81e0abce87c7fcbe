import type { AtariEnvironments, MakeAtariOptions } from "../../src/environments/atari-worlds.ts";
import type { Environments } from "../../src/environments/worlds.ts";
import { runEpisodes } from "../../src/learning/episodes.ts";
import { FIRST_SEED } from "../../src/learning/evaluate.ts";
import type { Policy } from "../../src/learning/policy.ts";
import { mean, meanInterval } from "../../src/numeric/statistics.ts";

/** A bar across the picture: `rows` rows from `top` on are black. */
export interface Bar {
  readonly top: number;
  readonly rows: number;
}

/** The score of a policy that sees the game with a bar over it. */
export interface Occluded {
  /** Its uppermost row; null: no bar. */
  readonly top: number | null;
  readonly mean: number;
  readonly ci95: readonly [number, number];
  readonly episodes: number;
}

/** Thickness in rows, as Patel et al. 2019 covered their 80 rows. */
export const BAR_ROWS = 3;

/** Games of which copy k is seen with `bars[k]` over all frames of its stack; the game itself goes on as ever. */
export function occluded(
  games: Pick<AtariEnvironments, "width" | "stack" | "observationSize"> & Environments,
  bars: readonly (Bar | null)[],
): Environments {
  const row = games.width * games.stack;
  const covered = (observations: Float32Array): Float32Array => {
    bars.forEach((bar, k) => {
      if (!bar) return;
      const from = k * games.observationSize + bar.top * row;
      observations.fill(0, from, from + bar.rows * row);
    });
    return observations;
  };
  return {
    id: games.id,
    count: games.count,
    observationSize: games.observationSize,
    actions: games.actions,
    reset: async (options) => covered(await games.reset(options)),
    step: async (actions) => {
      const step = await games.step(actions);
      covered(step.observations);
      return step;
    },
    close: () => games.close(),
  };
}

/** Plays `episodes` games for each position of the bar, and as many without one, all side by side from the same seeds. */
export async function measureOcclusion(
  policy: Policy,
  make: (options: Pick<MakeAtariOptions, "count">) => Promise<AtariEnvironments>,
  {
    positions,
    episodes,
    epsilon,
    signal,
  }: {
    readonly positions: readonly number[];
    readonly episodes: number;
    readonly epsilon: number;
    readonly signal?: AbortSignal;
  },
): Promise<Occluded[]> {
  const tops = [null, ...positions];
  const games = await make({ count: tops.length * episodes });
  try {
    const bars = tops.flatMap((top) => Array<Bar | null>(episodes).fill(top === null ? null : { top, rows: BAR_ROWS }));
    const { returns } = await runEpisodes(occluded(games, bars), (o, batch) => policy.act(o, batch), {
      seeds: bars.map((_, k) => FIRST_SEED + (k % episodes)),
      epsilon,
      signal,
    });
    return tops.map((top, i) => {
      const own = returns.slice(i * episodes, (i + 1) * episodes);
      return { top, mean: mean(own), ci95: meanInterval(own), episodes };
    });
  } finally {
    await games.close();
  }
}
