/** What a fault led to; all but `code` are 0 where all is well. */
export interface Outcome {
  readonly hang: number;
  readonly orphans: number;
  /** Files, sockets, regions. */
  readonly leaked: number;
  /** Transitions that are missing, doubled, or another. */
  readonly lost: number;
  /** An error without a code, or a curve that is another. */
  readonly wrong: number;
  /** How it ended. */
  readonly code: string;
}
