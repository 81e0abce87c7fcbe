import { mean } from "../numeric/statistics.ts";

/** One finished training episode. */
export interface EpisodeEntry {
  readonly episode: number;
  /** Over all environments, by its end. */
  readonly environmentSteps: number;
  /** Undiscounted, in the environment's own rewards. */
  readonly return: number;
  readonly length: number;
  /** Mean return of the last 100 episodes (of all, while fewer). */
  readonly mean100: number;
  /** Of Q-learning: the share of random actions, and the loss. */
  readonly epsilon?: number;
  readonly loss?: number;
}

/** Greedy episodes of the network as it was after so many environment steps. */
export interface EvaluationEntry {
  readonly environmentSteps: number;
  /** Training episodes finished by then. */
  readonly episode: number;
  readonly updates: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly episodes: number;
  /** Mean length. */
  readonly length: number;
}

type CurveEntry = Pick<EpisodeEntry, "episode" | "return" | "mean100">;

/** Mean of the last 100 returns, of which `latest` is the last and not yet on the curve. */
export function mean100(curve: readonly CurveEntry[], latest: number): number {
  return mean([...curve.slice(-99).map((entry) => entry.return), latest]);
}

/** Training's own criterion: the mean of `window` episodes is at least `average`, `stay` episodes in a row. */
export interface SolveCriterion {
  readonly average: number;
  readonly window: number;
  readonly stay: number;
}

/** How far a run is with its criterion; `solvedAt` is the episode at which it was met. */
export interface SolveState {
  solveCounter: number;
  solvedAt: number | null;
}

/** Looks at the newest episode of `curve`; updates `state`. */
export function watchCriterion(
  { average, window, stay }: SolveCriterion,
  curve: readonly CurveEntry[],
  state: SolveState,
): void {
  const reached = curve.length >= window && mean(curve.slice(-window).map((entry) => entry.return)) >= average;
  state.solveCounter = reached ? state.solveCounter + 1 : 0;
  if (state.solveCounter >= stay) state.solvedAt ??= curve.at(-1)!.episode;
}

/** The best mean of 100 whole episodes and where it ends; null before 100 episodes. */
export function bestMean100(curve: readonly CurveEntry[]): { episode: number; mean100: number } | null {
  if (curve.length < 100) return null;
  const best = curve.slice(99).reduce((a, b) => (b.mean100 > a.mean100 ? b : a));
  return { episode: best.episode, mean100: best.mean100 };
}

/** A curve as a matrix, [episodes, columns]: a checkpoint holds numbers, not a document of megabytes. */
export function packCurve(curve: readonly EpisodeEntry[]): { columns: string[]; values: Float64Array } {
  const columns = Object.keys(curve[0] ?? {});
  return {
    columns,
    values: Float64Array.from(curve.flatMap((entry) => columns.map((name) => entry[name as keyof EpisodeEntry]!))),
  };
}

export function unpackCurve(columns: readonly string[], values: Float64Array): EpisodeEntry[] {
  const n = Math.max(1, columns.length);
  return Array.from(
    { length: values.length / n },
    (_, e) => Object.fromEntries(columns.map((name, k) => [name, values[e * n + k]])) as unknown as EpisodeEntry,
  );
}
