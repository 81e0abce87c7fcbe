import type { ModelFiles } from "../breakout/players.ts";
import type { ExperimentName, Side } from "../experiments.ts";

/** Which networks play: all parts of a reproduction share it. */
interface Subjects {
  /** The folder with the original's `networks/`. */
  readonly original?: string;
  /** Breakout's networks, where they are named. */
  readonly files?: ModelFiles;
  /** So many states calibrate a conversion for Breakout that is made here. */
  readonly states?: number;
  /** A folder that keeps what was measured. */
  readonly keep?: string;
}

/** One network to be scored for one row. */
export interface RowRequest extends Subjects {
  readonly part: "row";
  readonly experiment: ExperimentName;
  /** The trial's index in the experiment. */
  readonly trial: number;
  readonly side: Side;
  readonly episodes: number;
}

/** One training of the thesis's settings, as a run in a folder of its own. */
export interface TrainingRequest {
  readonly part: "training";
  readonly preset: string;
  readonly learningRate: number;
  readonly seed: number;
  /** The run's folder; a temporary one unless given. */
  readonly folder?: string;
  /** Never crosses to another process. */
  readonly signal?: AbortSignal;
}

/** Breakout's DQN or SNN with a bar over the picture, [positions] and as many games without one. */
export interface OcclusionRequest extends Subjects {
  readonly part: "occlusion";
  readonly player: "dqn" | "snn";
  readonly positions: readonly number[];
  readonly episodes: number;
  readonly maxFrames: number;
}

/** Breakout's SNN at play. */
export interface FilmRequest extends Subjects {
  readonly part: "film";
  readonly steps: number;
}

export type Request = RowRequest | TrainingRequest | OcclusionRequest | FilmRequest;
