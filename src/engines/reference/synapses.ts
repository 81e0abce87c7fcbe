import { type Layer, outputsOf, synapticInputs } from "../../network/layer.ts";
import type { Arithmetic } from "../../network/neurons/index.ts";
import { forEachRun } from "../../network/synapses.ts";

/**
 * h = x W + b for one state; x is what comes out of the pooling where the layer has it. `x` may be twice as long: the
 * second half are then the negative parts of signed inputs, whose weights are the negated ones.
 *
 * Arithmetic, so that another engine can have the same bits: h sums over the presynaptic neurons in ascending order,
 * starting from 0; then the bias is added. In float32 every product and every sum is rounded (no fused multiply-add).
 * Zeros are skipped, which changes no sum, and so does not visiting synapses that a convolution lacks: it has the bits
 * of the matrix that it stands for (`denseEquivalent`).
 */
export function synapticInput(layer: Layer, x: ArrayLike<number>, h: Float64Array, { round }: Arithmetic): void {
  const { synapses, weights, biases } = layer;
  const inputs = synapticInputs(layer);
  h.fill(0);
  for (let p = 0; p < x.length; p++) {
    if (x[p] === 0) continue;
    const value = p < inputs ? x[p] : -x[p];
    forEachRun(synapses, p % inputs, (target, weight, length) => {
      for (let j = 0; j < length; j++) h[target + j] = round(h[target + j] + round(value * weights[weight + j]));
    });
  }
  if (biases) for (let j = 0; j < h.length; j++) h[j] = round(h[j] + biases[j % biases.length]);
}

/**
 * h = arrived + s R for one state: the layer's own spikes `s` of the step before through its recurrent weights, summed
 * as above from 0, then added to what arrived in this step, its bias included.
 */
export function recurrentInput(
  weights: Float32Array,
  s: ArrayLike<number>,
  arrived: Float64Array,
  h: Float64Array,
  { round }: Arithmetic,
): void {
  const n = h.length;
  h.fill(0);
  for (let p = 0; p < n; p++)
    if (s[p] !== 0) for (let j = 0; j < n; j++) h[j] = round(h[j] + round(s[p] * weights[p * n + j]));
  for (let j = 0; j < n; j++) h[j] = round(arrived[j] + h[j]);
}

/**
 * From gh = dE/dh of one step: adds s' gh to the recurrent weights' gradients, and gh R' to dE/ds `gs` of the step
 * before.
 */
export function recurrentGradients(
  weights: Float32Array,
  s: ArrayLike<number>,
  gh: ArrayLike<number>,
  gradients: Float64Array,
  gs: Float64Array,
  { round }: Arithmetic,
): void {
  const n = gh.length;
  for (let p = 0; p < n; p++) {
    let sum = 0;
    for (let j = 0, k = p * n; j < n; j++, k++) {
      if (s[p] !== 0) gradients[k] = round(gradients[k] + round(s[p] * gh[j]));
      sum = round(sum + round(weights[k] * gh[j]));
    }
    gs[p] = round(gs[p] + sum);
  }
}

/** dE/d(weights) and dE/d(biases) of a layer, which `synapticGradients` adds to. */
export interface SynapticGradients {
  /** As the layer has them. */
  readonly weights: Float64Array;
  /** As the layer has them; [outputs], and what they would be, in a layer without. */
  readonly biases: Float64Array;
  /** As the layer has them; empty in a layer without. */
  readonly recurrent: Float64Array;
}

export function zeroGradients({ synapses, weights, biases, recurrent }: Layer): SynapticGradients {
  const { length } = biases ?? { length: outputsOf({ synapses }) };
  return {
    weights: new Float64Array(weights.length),
    biases: new Float64Array(length),
    recurrent: new Float64Array(recurrent?.length ?? 0),
  };
}

/**
 * From gh = dE/dh of one state: adds x' gh to the weights' gradients and gh to the biases', and writes dE/dx = gh W' to
 * `gx`, where given.
 */
export function synapticGradients(
  layer: Layer,
  x: ArrayLike<number>,
  gh: ArrayLike<number>,
  { weights, biases }: SynapticGradients,
  { round }: Arithmetic,
  gx?: Float64Array,
): void {
  const inputs = synapticInputs(layer);
  for (let j = 0, n = biases.length; j < gh.length; j++) biases[j % n] = round(biases[j % n] + gh[j]);
  for (let p = 0; p < x.length; p++) {
    const value = p < inputs ? x[p] : -x[p];
    let sum = 0;
    if (value !== 0 || gx)
      forEachRun(layer.synapses, p % inputs, (target, weight, length) => {
        for (let j = 0, k = weight; j < length; j++, k++) {
          if (value !== 0) weights[k] = round(weights[k] + round(value * gh[target + j]));
          if (gx) sum = round(sum + round(layer.weights[k] * gh[target + j]));
        }
      });
    if (gx) gx[p] = sum;
  }
}
