import { type SpikingLayer, synapticInputs } from "../../network/old/spiking-network.ts";
import { forEachRun } from "../../network/synapses.ts";

/**
 * A layer of current-based leaky integrate-and-fire neurons, one time step:
 *
 *   h[t] = x[t] W + b                                      input: of the first layer the encoded observation, else the spikes s[t] of the layer before
 *   s[t] = H(v[t-1] - threshold)                           spike: strictly above, by the potential before this step
 *   v[t] = beta v[t-1] + i[t-1] - resetBy s[t]             reset by subtraction
 *   v[t] = (beta v[t-1] + i[t-1]) (1 - s[t])               reset to zero: what arrives in that step is lost too
 *   i[t] = alpha i[t-1] + h[t]                             synaptic current
 *
 * with i[-1] = 0 and v[-1] the initial potential. alpha = exp(-dt / tau_syn), beta = exp(-dt / tau_mem); alpha = 0, beta = 1 is the
 * integrate-and-fire neuron without leak. Input of step t is in v[t+1] and is compared with the threshold in t+2: each layer
 * takes two steps. An output layer that is decoded by potential neither spikes nor resets.
 * Source: Neftci, Mostafa & Zenke 2019, eqs. 3-6, discretised as in SpyTorch and the thesis.
 *
 * Arithmetic, so that another engine can have the same bits:
 * - h sums over the presynaptic neurons in ascending order, starting from 0; then the bias is added
 * - v is (beta v + i) - resetBy, i is (alpha i) + h, in this order
 * - in float32 every product and every sum is rounded to float32 (no fused multiply-add), and alpha, beta, threshold, resetBy and
 *   the observations are rounded to float32 before they are used; in float64 nothing is rounded besides what float64 does itself
 */
export interface Arithmetic {
  readonly precision: "float32" | "float64";
  round(x: number): number;
}

export const float32: Arithmetic = { precision: "float32", round: Math.fround };
export const float64: Arithmetic = { precision: "float64", round: (x) => x };

/** The layer with its parameters rounded to the precision of the arithmetic. */
export function roundParameters<L extends SpikingLayer>(layer: L, { round }: Arithmetic): L {
  const { alpha, beta, threshold, resetBy } = layer;
  return { ...layer, alpha: round(alpha), beta: round(beta), threshold: round(threshold), resetBy: round(resetBy) };
}

/**
 * h = x W + b for one state; x is what comes out of max pooling where the layer has it. `x` may be twice as long: the second half are then the
 * negative parts of signed inputs, whose weights are the negated ones. Zeros are skipped, which changes no sum, and so does not visiting
 * synapses that a convolution lacks: it has the bits of the matrix that it stands for (`denseEquivalent`).
 */
export function synapticInput(layer: SpikingLayer, x: ArrayLike<number>, h: Float64Array, { round }: Arithmetic): void {
  const { outputs, weights, biases, convolution } = layer;
  const inputs = synapticInputs(layer);
  h.fill(0);
  for (let p = 0; p < x.length; p++) {
    if (x[p] === 0) continue;
    const value = p < inputs ? x[p] : -x[p];
    const add = (target: number, weight: number, n: number): void => {
      for (let j = 0; j < n; j++) h[target + j] = round(h[target + j] + round(value * weights[weight + j]));
    };
    if (!convolution) add(0, (p % inputs) * outputs, outputs);
    else forEachRun(convolution, p % inputs, (target, weight) => add(target, weight, convolution.output[2]));
  }
  if (biases) for (let j = 0; j < outputs; j++) h[j] = round(h[j] + biases[j]);
}

/** Spikes of one state's layer by the potentials before the step: 1 where v > threshold. */
export function fire({ threshold }: SpikingLayer, v: Float64Array, s: Float64Array): void {
  for (let j = 0; j < v.length; j++) s[j] = Number(v[j] > threshold);
}

/**
 * Advances potentials and currents of one state's layer by one step, in place. The layer must have rounded parameters.
 * Written with s as a factor, so that it also holds for the smooth spikes of gradient checks; for 0 and 1 these are the equations above.
 */
export function integrate(
  layer: SpikingLayer,
  v: Float64Array,
  i: Float64Array,
  s: Float64Array,
  h: Float64Array,
  { round }: Arithmetic,
): void {
  const { alpha, beta, reset, resetBy } = layer;
  for (let j = 0; j < v.length; j++) {
    const next = round(round(beta * v[j]) + i[j]);
    if (reset === "subtraction") v[j] = round(next - resetBy * s[j]);
    else v[j] = s[j] === 1 ? 0 : next * (1 - s[j]);
    i[j] = round(round(alpha * i[j]) + h[j]);
  }
}
