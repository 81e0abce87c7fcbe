import type { OnProgress } from "../../progress.ts";

/** What `dsqn bench <target>` hands to the default export of bench/<target>.ts, which returns rows. */
export interface BenchOptions {
  /** Each figure is the median of so many interleaved rounds. */
  readonly rounds?: number;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** One line of a benchmark: what we do, what the peer does, and the ratio of the two taken in the same run. */
export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly better: "lower" | "higher";
  readonly target: string;
  readonly ours: number;
  readonly peer: number;
  /** ours / peer: the median over interleaved rounds. */
  readonly ratio: number;
}
