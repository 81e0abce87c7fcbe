import { forEachSynapse } from "../../network/convolution.ts";
import type { BatchNormLayer } from "../../network/old/convolutional-network.ts";
import type { LinearMap } from "./stages.ts";

/** y = scale x + shift, channel by channel; value i belongs to channel i % channels. */
export interface Affine {
  /** [channels] */
  readonly scale: Float64Array;
  /** [channels] */
  readonly shift: Float64Array;
}

/** Batch normalisation without its activation: gamma (x - mean) / sqrt(variance + epsilon) + beta. */
export function normalisation({ gamma, beta, mean, variance, epsilon }: BatchNormLayer): Affine {
  const scale = Float64Array.from(gamma, (g, c) => g / Math.sqrt(variance[c] + epsilon));
  return { scale, shift: scale.map((s, c) => beta[c] - s * mean[c]) };
}

/** First `first`, then `second`. */
export function composed(first: Affine | undefined, second: Affine): Affine {
  if (!first) return second;
  return {
    scale: first.scale.map((s, c) => s * second.scale[c]),
    shift: first.shift.map((s, c) => s * second.scale[c] + second.shift[c]),
  };
}

/** The map, then the affine function of what it puts out. */
export function affineAfter(map: LinearMap, { scale, shift }: Affine): LinearMap {
  const channels = scale.length;
  return {
    ...map,
    weights: map.weights.map((w, k) => w * scale[k % channels]),
    biases: map.biases.map((b, j) => b * scale[j % channels] + shift[j % channels]),
  };
}

/** The affine function of what goes in, then the map. Where a window reaches over the edge there is no shift, so biases may differ from place to place. */
export function affineBefore(map: LinearMap, { scale, shift }: Affine): LinearMap {
  const { weights, convolution } = map;
  const channels = scale.length;
  const biases = map.biases.slice();
  const columns = convolution ? convolution.output[2] : biases.length;
  if (shift.some((s) => s !== 0)) {
    if (convolution)
      forEachSynapse(convolution, (source, target, k) => (biases[target] += weights[k] * shift[source % channels]));
    else
      for (let k = 0; k < weights.length; k++)
        biases[k % columns] += weights[k] * shift[Math.floor(k / columns) % channels];
  }
  return { ...map, weights: weights.map((w, k) => w * scale[Math.floor(k / columns) % channels]), biases };
}
