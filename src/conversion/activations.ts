import { referenceActivations } from "../engines/reference/values.ts";
import type { Network } from "../network/network.ts";

/** Stand-in for engines/fast/activations.ts. */
export function layerActivations(network: Network, states: Float32Array): Float32Array[] {
  return referenceActivations(network, states).map((layer) => Float32Array.from(layer));
}
