import type { ConversionOptions, SimilarityRow } from "../../index.ts";
import type { Given } from "../common/files.ts";
import type { Plain } from "../common/plain.ts";

/** What the page asks: how alike both decide at each T, or the network at one. */
export interface Asked {
  readonly model: Given;
  readonly replay: { readonly inputs: Given; readonly facts?: Given };
  readonly options: ConversionOptions;
  readonly steps: readonly number[];
  /** The network at this T instead. */
  readonly make?: number;
}

/** What the worker answers. */
export type Sent =
  | { readonly type: "row"; readonly row: SimilarityRow; readonly of: number }
  | {
      readonly type: "done";
      readonly calibrated: number;
      readonly judged: number;
      readonly shape: readonly number[];
      readonly model?: Uint8Array;
    }
  | { readonly type: "failed"; readonly problem: Plain };
