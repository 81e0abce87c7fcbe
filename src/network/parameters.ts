import type { Network } from "./network.ts";

/** The parameters of one layer, as views into a flat array. */
export interface LayerParameters {
  /** As the layer has them. */
  readonly weights: Float32Array;
  readonly biases: Float32Array | null;
}

/** The number of weights and biases. */
export function parameterCount(network: Network): number {
  return network.layers.reduce((sum, { weights, biases }) => sum + weights.length + (biases?.length ?? 0), 0);
}

/** Weights and biases, layer by layer, in one flat array (a new one, or `into`). */
export function packParameters(
  network: Network,
  into: Float32Array = new Float32Array(parameterCount(network)),
): Float32Array {
  unpackLayers(network, into).forEach(({ weights, biases }, l) => {
    weights.set(network.layers[l].weights);
    if (biases) biases.set(network.layers[l].biases!);
  });
  return into;
}

/** Views of a flat array, layer by layer, as `packParameters` lays them out. */
export function unpackLayers(network: Network, flat: Float32Array): LayerParameters[] {
  let at = 0;
  const take = (n: number): Float32Array => flat.subarray(at, (at += n));
  return network.layers.map(({ weights, biases }) => ({
    weights: take(weights.length),
    biases: biases ? take(biases.length) : null,
  }));
}

/** The network with the parameters that a flat array holds, copied. */
export function withParameters<N extends Network>(network: N, flat: Float32Array): N {
  const layers = unpackLayers(network, flat).map(({ weights, biases }, l) => ({
    ...network.layers[l],
    weights: weights.slice(),
    biases: biases?.slice() ?? null,
  }));
  return { ...network, layers };
}
