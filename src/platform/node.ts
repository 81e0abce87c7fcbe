import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { inflateRawSync } from "node:zlib";

/** SHA-256 of bytes, one piece after another. */
export interface Sha256 {
  update(bytes: Uint8Array | string): Sha256;
  /** In hex. */
  digest(): string;
}

/** What the library asks of Node; `web.ts` gives the same in a page, and bundlers put it here (package.json, "browser"). */
export function sha256(): Sha256 {
  const hash = createHash("sha256");
  const own: Sha256 = {
    update(bytes) {
      hash.update(bytes);
      return own;
    },
    digest: () => hash.digest("hex"),
  };
  return own;
}

/** Processors that this process may use. */
export function processors(): number {
  return availableParallelism();
}

/** After what waits already: messages that have arrived, steps that are done. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What was packed by deflate (RFC 1951), which may be at most `size` bytes. Throws an Error for what is damaged or more. */
export function inflateRaw(bytes: Uint8Array, size: number): Uint8Array {
  return inflateRawSync(bytes, { maxOutputLength: size });
}
