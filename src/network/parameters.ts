import type { Network } from "./network.ts";

/** The parameters of one layer, as views into a flat array. */
export interface LayerParameters {
  /** As the layer has them. */
  readonly weights: Float32Array;
  readonly biases: Float32Array | null;
  /** null: the layer has none. */
  readonly recurrent: Float32Array | null;
}

/** The number of weights, biases and recurrent weights. */
export function parameterCount(network: Network): number {
  return network.layers.reduce(
    (sum, { weights, biases, recurrent }) => sum + weights.length + (biases?.length ?? 0) + (recurrent?.length ?? 0),
    0,
  );
}

/** Weights, biases and recurrent weights, layer by layer, in one flat array (a new one, or `into`). */
export function packParameters(
  network: Network,
  into: Float32Array = new Float32Array(parameterCount(network)),
): Float32Array {
  unpackLayers(network, into).forEach(({ weights, biases, recurrent }, l) => {
    weights.set(network.layers[l].weights);
    biases?.set(network.layers[l].biases!);
    recurrent?.set(network.layers[l].recurrent!);
  });
  return into;
}

/** Views of a flat array, layer by layer, as `packParameters` lays them out. */
export function unpackLayers(network: Network, flat: Float32Array): LayerParameters[] {
  let at = 0;
  const take = (n: number): Float32Array => flat.subarray(at, (at += n));
  return network.layers.map(({ weights, biases, recurrent }) => ({
    weights: take(weights.length),
    biases: biases ? take(biases.length) : null,
    recurrent: recurrent ? take(recurrent.length) : null,
  }));
}

/** The network with the parameters that a flat array holds, copied. */
export function withParameters<N extends Network>(network: N, flat: Float32Array): N {
  const layers = unpackLayers(network, flat).map(({ weights, biases, recurrent }, l) => ({
    ...network.layers[l],
    weights: weights.slice(),
    biases: biases?.slice() ?? null,
    ...(recurrent && { recurrent: recurrent.slice() }),
  }));
  return { ...network, layers };
}
