import type { Certificate, CheckedCertificate } from "../../index.ts";
import type { Given } from "../common/files.ts";
import type { Plain } from "../common/plain.ts";

/** What the page asks. */
export interface Asked {
  readonly certificate: string;
  /** What errors call it. */
  readonly source: string;
  readonly models: readonly Given[];
}

/** What the worker answers. */
export type Sent =
  | { readonly type: "progress"; readonly done: number; readonly total: number }
  | {
      readonly type: "done";
      readonly certificate: Certificate;
      readonly result: CheckedCertificate;
    }
  | { readonly type: "failed"; readonly problem: Plain };
