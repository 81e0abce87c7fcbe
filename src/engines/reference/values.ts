import { type Layer, outputsOf, synapticInputs } from "../../network/layer.ts";
import { type Network, observationSize } from "../../network/network.ts";
import { type Arithmetic, float64 } from "../../network/neurons/index.ts";
import { poolValues } from "../../network/pooling.ts";
import { batchSize, validateNetwork } from "../../network/validate.ts";
import { synapticInput } from "./synapses.ts";

/** What a layer did with a batch. */
export interface LayerPass {
  /** [batch, synaptic inputs], what its synapses saw: what went in, after the pooling. */
  readonly x: Float64Array;
  /** [batch, outputs] */
  readonly y: Float64Array;
}

/**
 * The forward pass of a network without spikes, dense or convolutional, layer by layer. Written to be read, and what
 * the faster ones are tested against:
 *
 *   x[0] = observation * inputScale
 *   p[l] = of each window of x[l] the mean or the largest value, where the layer pools; else x[l] (pooling.ts)
 *   h[l] = p[l] W_l + b_l                     a sum over all inputs, or over a kernel's, zeros outside of the image
 *   x[l+1] = max(h[l], 0) after a ReLU, else h[l]
 */
export function layerPasses(
  network: Network,
  observations: ArrayLike<number>,
  batch: number,
  arithmetic: Arithmetic,
): LayerPass[] {
  const { round } = arithmetic;
  let before = Float64Array.from(observations, (value) => round(round(value) * network.inputScale));
  return network.layers.map((layer) => {
    const pass = { x: pooled(layer, before, batch, round), y: new Float64Array(batch * outputsOf(layer)) };
    const [x, y] = [rows(pass.x, batch), rows(pass.y, batch)];
    for (let b = 0; b < batch; b++) {
      synapticInput(layer, x(b), y(b), arithmetic);
      if (layer.activation.kind === "relu") y(b).forEach((value, j, all) => (all[j] = Math.max(value, 0)));
    }
    before = pass.y;
    return pass;
  });
}

/** What every layer puts out for `observations` [batch, observation], [batch, outputs] each. */
export function referenceActivations(
  network: Network,
  observations: Float32Array | Float64Array,
  arithmetic: Arithmetic = float64,
): Float64Array[] {
  validateNetwork(network);
  const batch = batchSize(observations, observationSize(network));
  return layerPasses(network, observations, batch, arithmetic).map(({ y }) => y);
}

function pooled(layer: Layer, x: Float64Array, batch: number, round: Arithmetic["round"]): Float64Array {
  if (!layer.pooling) return x;
  const y = new Float64Array(batch * synapticInputs(layer));
  for (let b = 0; b < batch; b++) poolValues(layer.pooling, rows(x, batch)(b), rows(y, batch)(b), round);
  return y;
}

/** Row b of a matrix of `count` rows. */
export function rows(matrix: Float64Array, count: number): (b: number) => Float64Array {
  const width = matrix.length / count;
  return (b) => matrix.subarray(b * width, (b + 1) * width);
}
