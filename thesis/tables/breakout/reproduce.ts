import { join } from "node:path";
import {
  type AtariEnvironments,
  makeAtari,
  type MakeAtariOptions,
  manyWorkers,
  withAtariWorkers,
} from "../../../src/environments/atari-worlds.ts";
import { evaluate, FIRST_SEED } from "../../../src/learning/evaluate.ts";
import { policyOf } from "../../../src/learning/policy.ts";
import type { OnProgress } from "../../../src/progress.ts";
import { kept } from "../kept.ts";
import type { Reported } from "../thesis.ts";
import type { Measured, Verdict } from "../verdict.ts";
import { type Behaviour, BehaviourRecorder } from "./behaviour.ts";
import { type Film, filmOf } from "./film.ts";
import { judgeBreakout } from "./judge.ts";
import { BAR_ROWS, measureOcclusion, type Occluded } from "./occlusion.ts";
import { breakoutStates, type ModelFiles, openSubjects, type Subject } from "./subjects.ts";
import { type BreakoutRow, breakoutRows } from "./thesis.ts";

/** Scores of one policy, and how it plays. Similarities in percent. */
export interface BreakoutMeasured extends Measured {
  readonly spikesPerDecision: number | null;
  readonly synOpsPerDecision: number | null;
  readonly behaviour: Behaviour;
}

/** A row: the thesis's figures, ours, and what to make of them. */
export interface BreakoutResultRow {
  readonly name: string;
  readonly thesis: Reported;
  readonly ours: BreakoutMeasured | null;
  /** null where the thesis has no such figure. */
  readonly verdict: Verdict | null;
  readonly reason: string | null;
}

/** Everything that `dsqn reproduce breakout` found. */
export interface BreakoutReproduction {
  readonly experiment: "breakout";
  readonly environment: string;
  readonly quick: boolean;
  readonly rows: readonly BreakoutResultRow[];
  /** Scores of DQN and SNN with a black bar over the picture; null without networks. */
  readonly occlusion: {
    readonly rows: number;
    /** Games end here. */
    readonly maxFrames: number;
    readonly dqn: readonly Occluded[];
    readonly snn: readonly Occluded[];
  } | null;
  readonly film: Omit<Film, "png"> | null;
  readonly seconds: number;
}

/** How much is run, with which networks. */
export interface ReproduceBreakoutOptions extends ModelFiles {
  /** Five games a row, T up to 100, four places of the bar. */
  readonly quick?: boolean;
  /** Games a row of a learned policy; 30, with `quick` 5. */
  readonly episodes?: number;
  /** Keeps what is measured: the same reproduction goes on there after any end. */
  readonly folder?: string;
  readonly onProgress?: OnProgress;
  readonly onRow?: (row: BreakoutResultRow) => void;
  readonly signal?: AbortSignal;
}

/** The thesis's version without sticky actions; five minutes of play at most, as Mnih et al. 2015 evaluate. */
const GAME = { game: "BreakoutDeterministic-v4", maxFrames: 18_000 } as const;
const EPSILON = 0.01;
const QUICK_STEPS = 100;
/** Games with a bar end after two minutes of play (40 seconds with `quick`): there are many of them. */
const [BAR_FRAMES, QUICK_FRAMES] = [7200, 2400];

/** Measures every row, how the policies play, what a bar over the picture does to them, and films the spiking network. */
export async function reproduceBreakout(
  options: ReproduceBreakoutOptions = {},
): Promise<{ result: BreakoutReproduction; film: Buffer | null }> {
  const { quick = false, episodes = quick ? 5 : 30, folder, signal, onProgress, onRow } = options;
  const started = performance.now();
  const keep = folder && join(folder, "rows");
  return withAtariWorkers(
    manyWorkers(),
    async (worker) => {
      const open = (more: Partial<MakeAtariOptions>): Promise<AtariEnvironments> =>
        makeAtari({ ...GAME, ...more, worker });
      const subjects = await openSubjects(options, {
        states: quick ? 300 : breakoutStates.size,
        makeFor: (preprocessing) => (count) => open({ preprocessing, count }),
      });
      const rows: BreakoutResultRow[] = [];
      for (const row of breakoutRows) {
        if (quick && (row.steps ?? 0) > QUICK_STEPS) continue;
        const subject = await subjects.of(row);
        const ours = subject && (await measured(row, subject, { episodes, keep, open, signal, onProgress }));
        rows.push({ name: row.name, thesis: row.thesis, ours, ...judgeBreakout(row, ours) });
        onRow?.(rows.at(-1)!);
      }
      const snn = await subjects.converted();
      const { dqn, preprocessing } = subjects;
      const positions = Array.from({ length: quick ? 4 : 13 }, (_, i) => (quick ? 12 + 20 * i : 3 + 6 * i));
      const maxFrames = quick ? QUICK_FRAMES : BAR_FRAMES;
      const bars = { positions, episodes: quick ? 2 : 5, epsilon: EPSILON, signal };
      const cover = (policy: ReturnType<typeof policyOf>, name: string): Promise<Occluded[] | null> =>
        kept(keep, ["breakout occlusion", name, subjects.identity, positions, bars.episodes, maxFrames], () => {
          onProgress?.({ stage: `occlusion ${name}`, done: 0 });
          return measureOcclusion(policy, (more) => open({ ...more, preprocessing, maxFrames }), bars);
        });
      const occlusion =
        dqn && snn
          ? {
              rows: BAR_ROWS,
              maxFrames,
              dqn: (await cover(policyOf(dqn.network), "dqn"))!,
              snn: (await cover(policyOf(snn), "snn"))!,
            }
          : null;
      onProgress?.({ stage: "film", done: 0 });
      const film = snn && (await filmed(open({ preprocessing }), snn, quick ? 60 : 300));
      return {
        result: {
          experiment: "breakout",
          environment: GAME.game,
          quick,
          rows,
          occlusion,
          film: film && { width: film.width, height: film.height, frames: film.frames, points: film.points },
          seconds: (performance.now() - started) / 1000,
        },
        film: film && film.png,
      };
    },
    signal,
  );
}

async function measured(
  { epsilon, name, subject: kind }: BreakoutRow,
  { policy, preprocessing, compare, identity }: Subject,
  {
    episodes: wanted,
    keep,
    open,
    signal,
    onProgress,
  }: {
    episodes: number;
    keep?: string;
    open: (options: Partial<MakeAtariOptions>) => Promise<AtariEnvironments>;
    signal?: AbortSignal;
    onProgress?: OnProgress;
  },
): Promise<BreakoutMeasured | null> {
  // What isn't learned costs next to nothing.
  const episodes = kind === "random" || kind === "left" ? Math.max(20, wanted) : wanted;
  return kept(keep, ["breakout", name, episodes, epsilon, preprocessing, ...identity], async () => {
    let recorder: BehaviourRecorder | undefined;
    const evaluation = await evaluate(
      policy,
      async (count) => {
        const games = await open({ preprocessing, count, ram: true });
        recorder ??= new BehaviourRecorder(games.actionNames);
        return recorder.watch(games);
      },
      { episodes, epsilon, compare, signal, onProgress },
    );
    const { mean, std, ci95, decisions, similarity, similarityCi95, seconds } = evaluation;
    const { spikesPerDecision, synOpsPerDecision } = evaluation;
    return {
      mean,
      std,
      ci95,
      episodes,
      decisions,
      similarity: similarity === null ? null : 100 * similarity,
      similarityCi95: similarityCi95 && [100 * similarityCi95[0], 100 * similarityCi95[1]],
      spikesPerDecision,
      synOpsPerDecision,
      behaviour: recorder!.behaviour(),
      seconds,
    };
  });
}

async function filmed(
  opening: Promise<AtariEnvironments>,
  network: Parameters<typeof filmOf>[0],
  steps: number,
): Promise<Film> {
  const games = await opening;
  try {
    return await filmOf(network, games, { steps, seed: FIRST_SEED, epsilon: EPSILON });
  } finally {
    await games.close();
  }
}
