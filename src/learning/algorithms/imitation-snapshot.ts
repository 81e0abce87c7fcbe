import type { RandomState } from "../../numeric/random.ts";
import type { FitPoint, FitSnapshot } from "../fit.ts";

/** States, and what the source does in each. */
export interface Labelled {
  /** [n, observationSize] */
  readonly states: Float32Array;
  /** [n] */
  readonly actions: Int32Array;
}

/** All it takes to go on between two batches: the round of aggregation, its examples, and how far its fit is. */
export interface ImitationSnapshot {
  readonly facts: {
    readonly round: number;
    /** Batches learned from in earlier rounds. */
    readonly done: number;
    /** Of the stream that shuffles: before this round's examples were parted into training and validation, and now. */
    readonly random: { readonly split: RandomState; readonly now: RandomState };
    readonly curve: readonly FitPoint[];
    readonly seconds: number;
    readonly fit: FitSnapshot["facts"];
  };
  readonly tensors: Labelled & FitSnapshot["tensors"];
}
