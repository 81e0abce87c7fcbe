import { UsageError } from "../errors.ts";
import type { Network } from "../network/network.ts";

/**
 * The network with weights of so many bits: per layer whole multiples of one step,
 *
 *   step = max |w| / (2^(bits - 1) - 1),   w' = step round(w / step)
 *
 * in float32, so that every engine and every simulator runs it as any other network. Biases, thresholds and potentials stay as they are.
 *
 * @throws UsageError BAD_ARGUMENT for bits other than 2 to 16
 */
export function quantise<N extends Network>(network: N, bits: number): N {
  if (!Number.isInteger(bits) || bits < 2 || bits > 16)
    throw new UsageError("BAD_ARGUMENT", `Weights can have 2 to 16 bits, not ${bits}.`);
  const levels = (1 << (bits - 1)) - 1;
  const layers = network.layers.map((layer) => {
    const step = layer.weights.reduce((most, w) => Math.max(most, Math.abs(w)), 0) / levels;
    return { ...layer, weights: step > 0 ? layer.weights.map((w) => step * Math.round(w / step)) : layer.weights };
  });
  return { ...network, layers };
}

/** The fewest bits that the weights fit into as they are; 32 where 16 don't do. */
export function bitsOf(network: Network): number {
  const fits = (bits: number): boolean =>
    quantise(network, bits).layers.every(({ weights }, l) =>
      weights.every((w, k) => w === network.layers[l].weights[k]),
    );
  for (let bits = 2; bits <= 16; bits++) if (fits(bits)) return bits;
  return 32;
}
