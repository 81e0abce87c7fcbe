import { availableParallelism } from "node:os";
import { currentPlace, openWorker, type Worker } from "../bridge/index.ts";
import {
  atariExtras,
  type AtariFrames,
  type AtariGames,
  type AtariOptions,
  type AtariStep,
  type AtariWorld,
  openAtari,
} from "./atari.ts";
import type { Frame } from "./gymnasium.ts";
import { FrameStack } from "./frame-stack.ts";
import { makeInParts } from "./joined.ts";
import { DsqnError } from "../errors.ts";
import type { MakeEnvironments, PixelEnvironments, PixelStep } from "./worlds.ts";

/** What `makeAtari` takes besides the game's own options. */
export interface MakeAtariOptions extends AtariOptions {
  /** Frames seen at once; as the preprocessing says unless given. */
  readonly stack?: number;
  /** Whether `reset` and `step` resolve to stacked observations (unless given), or to empty ones: who reads `frames` saves their cost. */
  readonly observations?: boolean;
}

/**
 * Copies of an Atari game as training and evaluation see them: observations are raw bytes as float32, [count, height, width, stack], the
 * newest frame last. An episode is one whole game; a lost life is told (`lifeLost`) and ends nothing.
 */
export interface AtariEnvironments extends PixelEnvironments, Omit<AtariGames, keyof PixelEnvironments> {
  readonly newest: AtariFrames;
  render(index?: number): Promise<Frame>;
  step(actions: Int32Array): Promise<AtariEnvironmentsStep>;
}

/** What a step of all copies led to: Gymnasium's five, and what came from the console itself. */
export interface AtariEnvironmentsStep extends PixelStep, AtariStep {}

/**
 * Opens copies of an Atari game, stepped by one message; only newest frames travel, and are stacked here.
 *
 * @example
 * const envs = await makeAtari({ game: "ALE/Breakout-v5", count: 8 });
 * await envs.reset({ seed: [1, 2, 3, 4, 5, 6, 7, 8] });
 * const { observations, frames, rewards, lifeLost } = await envs.step(new Int32Array(8));
 *
 * Errors: those of `openAtari`.
 */
export async function makeAtari(options: MakeAtariOptions): Promise<AtariEnvironments> {
  const { stack: wanted, observations = true, ...rest } = options;
  if (wanted !== undefined && !(Number.isInteger(wanted) && wanted >= 1))
    throw new DsqnError("ENV_OPTIONS_INVALID", `stack is ${wanted}, not a whole number from 1 on.`);
  const games = await openAtari(rest);
  const { count, height, width } = games;
  const stack = wanted ?? games.stack;
  const stacked = new FrameStack(observations ? count : 0, height * width, stack);
  const see = (): Float32Array => (observations ? stacked.observations() : new Float32Array(0));
  let newest: AtariFrames = { frames: new Uint8Array(count * height * width), lives: new Uint8Array(count) };
  return {
    ...games,
    stack,
    observationSize: height * width * stack,
    actions: games.actionNames.length,
    get newest() {
      return newest;
    },
    async reset({ seed, mask }) {
      newest = await games.reset({ seed, mask });
      if (observations) stacked.fill(newest.frames, mask, games.padding);
      return see();
    },
    async step(actions) {
      const step = await games.step(actions);
      newest = step;
      if (observations) stacked.push(step.frames);
      return { ...step, observations: see() };
    },
  };
}

/** Opens Python workers (one unless `workers` says more; `parts`: groups that can step in turns), lends them to `use` as a maker of copies, and closes them whatever happens. */
export async function withAtari<T>(
  { workers = 1, parts = 1, ...options }: Omit<MakeAtariOptions, "count" | "worker"> & { readonly parts?: number },
  use: (makeEnvironments: MakeEnvironments<AtariEnvironments>) => Promise<T>,
): Promise<T> {
  const play = (worker: readonly Worker[]): Promise<T> =>
    use((count) => makeInParts(count, parts, (some) => makeAtari({ ...options, count: some, worker })));
  return withAtariWorkers(workers, play, { world: options.world });
}

/** Opens `count` Python workers for Atari games, lends them to `use`, and closes them whatever happens. */
export async function withAtariWorkers<T>(
  count: number,
  use: (workers: readonly Worker[]) => Promise<T>,
  { signal, world }: { signal?: AbortSignal; world?: AtariWorld } = {},
): Promise<T> {
  const workers: Worker[] = [];
  try {
    for (let i = 0; i < count; i++)
      workers.push(await openWorker({ name: `atari ${i}`, extras: atariExtras(world), signal }));
    return await use(workers);
  } finally {
    await Promise.all(workers.map((worker) => worker.close()));
  }
}

/** Workers for playing many games side by side: a processor each, up to four; on other machines as many as the place says. */
export const manyWorkers = (): number => currentPlace()?.workers ?? Math.min(4, availableParallelism());
