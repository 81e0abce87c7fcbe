/** What long work reports while it runs. The CLI draws it; a library user may ignore it. */
export interface Progress {
  /** What is being done: "train", "certify"... One bar per stage. */
  readonly stage: string;
  readonly done: number;
  /** Undefined while the end is not known. */
  readonly total?: number;
  /** What `done` counts: "episodes", "states"... */
  readonly unit?: string;
  /** The newest figures, in a few words: "mean100 187.3  epsilon 0.05". */
  readonly note?: string;
}

/** Called often, from within the work: it should be quick. */
export type OnProgress = (progress: Progress) => void;
