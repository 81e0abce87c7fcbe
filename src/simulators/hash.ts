import type { Network } from "../network/network.ts";
import { sha256 } from "../platform/node.ts";

/** SHA-256 of all that decides what a network does: its description as JSON (keys sorted), then its arrays. */
export function networkHash(network: Network): string {
  const arrays: Float32Array[] = [];
  const description = JSON.stringify(network, (_key, value: unknown) => {
    if (value instanceof Float32Array) return `array ${arrays.push(value)}`;
    if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
  const hash = sha256().update(description);
  for (const { buffer, byteOffset, byteLength } of arrays) hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest();
}
