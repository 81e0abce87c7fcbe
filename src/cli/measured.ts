import { cpus } from "node:os";
import type { OnProgress } from "../progress.ts";

/** What `dsqn bench <target>` hands to the default export of bench/<target>.ts, which returns rows. */
export interface BenchOptions {
  /** Each figure is the median of so many interleaved rounds. */
  readonly rounds?: number;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** One line of a benchmark: what we do, what the peer does, and the ratio of the two taken in the same run. */
export interface BenchRow {
  readonly name: string;
  readonly unit: string;
  readonly better: "lower" | "higher";
  readonly target: string;
  readonly ours: number;
  readonly peer: number;
  /** ours / peer: the median over interleaved rounds. */
  readonly ratio: number;
}

/** Where something was measured: "2 cores of AMD EPYC, Node.js 20.20.2, linux x64". */
export function machine(): string {
  const [{ model }, { length }] = [cpus()[0], cpus()];
  return `${length} cores of ${model.trim()}, Node.js ${process.versions.node}, ${process.platform} ${process.arch}`;
}
