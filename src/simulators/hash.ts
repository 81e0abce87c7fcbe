import { createHash } from "node:crypto";
import type { SpikingNetwork } from "../network/old/spiking-network.ts";

/** SHA-256 over everything that decides what a network does: its description as JSON, then the bytes of its arrays. */
export function networkHash(network: SpikingNetwork): string {
  const hash = createHash("sha256");
  const { layers, ...rest } = network;
  hash.update(
    JSON.stringify([rest, layers.map(({ weights: _w, biases: _b, initialPotential: _v, ...layer }) => layer)]),
  );
  for (const { weights, biases, initialPotential } of layers)
    for (const array of [weights, biases, initialPotential])
      hash.update(array ? new Uint8Array(array.buffer, array.byteOffset, array.byteLength) : "none");
  return hash.digest("hex");
}
