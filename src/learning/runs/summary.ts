import type { OnProgress } from "../../progress.ts";
import type { RunFolder } from "./folder.ts";

/** What `dsqn train` prints, whatever the algorithm. */
export interface TrainSummary {
  readonly env: string;
  readonly method: string;
  readonly seed: number;
  readonly episodesRun: number;
  /** Training episode after which the goal was reached; null: it was not. */
  readonly solvedAt: number | null;
  /** The best mean of 100 training episodes and the episode at its end; null before 100 episodes. */
  readonly best: { readonly episode: number; readonly mean100: number } | null;
  /** Greedy episodes of the chosen network on seeds that training never saw. */
  readonly final: {
    readonly mean: number;
    readonly std: number;
    readonly ci95: readonly [number, number];
    readonly episodes: number;
  };
  /** Whether `final` reaches the config's target (true where it names none). */
  readonly reached: boolean;
  readonly seconds: number;
  /** The chosen network's file. */
  readonly model: string;
  readonly [more: string]: unknown;
}

/** Where a run goes, and who hears of it. */
export interface RunContext {
  readonly folder: RunFolder;
  /** Go on from the folder's checkpoint; a path: from that one. */
  readonly resume: boolean | string;
  /** The command that repeats the run, for model cards. */
  readonly command: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** A remark for the user. */
  readonly onWarning?: (message: string) => void;
}
