import { FIRST_SEED } from "../../src/learning/evaluate.ts";
import { policyOf } from "../../src/learning/policy.ts";
import type { OnProgress } from "../../src/progress.ts";
import { kept } from "../measure/kept.ts";
import { askProcesses } from "../measure/processes.ts";
import type { FilmRequest, OcclusionRequest } from "../measure/request.ts";
import { type Film, filmOf } from "../../src/jobs/film.ts";
import { BAR_ROWS, measureOcclusion, type Occluded } from "./occlusion.ts";
import { type Breakout, openBreakout } from "./players.ts";

/** What is shown of Breakout besides its rows. */
export interface Shown {
  /** Scores of DQN and SNN with a black bar over the picture; null without networks. */
  readonly occlusion: {
    readonly rows: number;
    /** Games end here. */
    readonly maxFrames: number;
    readonly dqn: readonly Occluded[];
    readonly snn: readonly Occluded[];
  } | null;
  readonly film: Omit<Film, "png" | "ended"> | null;
}

export interface ShowOptions extends Pick<OcclusionRequest, "files" | "states" | "keep"> {
  readonly quick: boolean;
  /** Gets the film itself, an animated PNG. */
  readonly onFilm?: (png: Uint8Array) => void;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

const EPSILON = 0.01;
/** Games with a bar end after two minutes of play (40 seconds with `quick`): there are many of them. */
const [BAR_FRAMES, QUICK_FRAMES] = [7200, 2400];

/** What a bar over the picture does to both networks, and a film of the spiking one. */
export async function showBreakout({ quick, onFilm, onProgress, signal, ...given }: ShowOptions): Promise<Shown> {
  const positions = Array.from({ length: quick ? 4 : 13 }, (_, i) => (quick ? 12 + 20 * i : 3 + 6 * i));
  const maxFrames = quick ? QUICK_FRAMES : BAR_FRAMES;
  const bars = (["dqn", "snn"] as const).map((player): OcclusionRequest => ({
    ...{ part: "occlusion", player, positions, episodes: quick ? 2 : 5, maxFrames },
    ...given,
  }));
  const stages = ["occlusion dqn", "occlusion snn", "film"];
  onProgress?.({ stage: stages[0], done: 0 });
  const answers = await askProcesses<OcclusionRequest | FilmRequest, unknown>(
    [...bars, { part: "film", steps: quick ? 60 : 300, ...given }],
    {
      processes: 1,
      signal,
      onAnswer: (_, i) => i + 1 < stages.length && onProgress?.({ stage: stages[i + 1], done: 0 }),
    },
  );
  const [dqn, snn, film] = answers as [Occluded[] | null, Occluded[] | null, Film | null];
  if (film) onFilm?.(film.png);
  return {
    occlusion: dqn && snn && { rows: BAR_ROWS, maxFrames, dqn, snn },
    film: film && { width: film.width, height: film.height, frames: film.frames, points: film.points },
  };
}

let breakout: Promise<Breakout> | undefined;

/** The other side, in a process of its own; null where there is no such network. */
export async function answer(request: OcclusionRequest | FilmRequest): Promise<Occluded[] | Film | null> {
  const { open, dqn, converted, preprocessing, identity } = await (breakout ??= openBreakout(request));
  if (request.part === "occlusion") {
    const { player, positions, episodes, maxFrames, keep } = request;
    const network = player === "dqn" ? (dqn?.network ?? null) : await converted();
    if (!network) return null;
    const bars = { positions, episodes, epsilon: EPSILON };
    return kept(keep, ["breakout occlusion", player, identity, positions, episodes, maxFrames], () =>
      measureOcclusion(policyOf(network), (more) => open({ ...more, preprocessing, maxFrames }), bars),
    );
  }
  const network = await converted();
  if (!network) return null;
  const games = await open({ preprocessing });
  try {
    return await filmOf(network, games, { steps: request.steps, seed: FIRST_SEED, epsilon: EPSILON });
  } finally {
    await games.close();
  }
}
