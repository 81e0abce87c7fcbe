import { sizeOf } from "../../network/convolution.ts";
import type { Pooling } from "../../network/layer.ts";
import { poolSpikes, unpool } from "../../network/pooling.ts";

/**
 * Spikes [states * steps, inputs] through pooling: [states * steps, windows]; maxima of them are spikes again, means
 * and sums are values.
 */
export function poolAll(
  pooling: Pooling,
  spikes: Uint8Array | Float32Array,
  states: number,
  steps: number,
): Uint8Array | Float32Array {
  const [inputs, windows] = [sizeOf(pooling.window.input), sizeOf(pooling.window.output)];
  const size = states * steps * windows;
  const bytes = (pooling.kind === "max" || pooling.kind === "step-max") && spikes instanceof Uint8Array;
  const pooled = bytes ? new Uint8Array(size) : new Float32Array(size);
  const counts = new Float64Array(inputs);
  const y = new Float64Array(windows);
  for (let row = 0; row < states * steps; row++) {
    if (row % steps === 0) counts.fill(0);
    poolSpikes(pooling, spikes.subarray(row * inputs, (row + 1) * inputs), counts, y);
    pooled.set(y, row * windows);
  }
  return pooled;
}

/**
 * The gradient at pooled spikes [states * steps, windows] as one at the spikes that went in (network/pooling.ts,
 * `unpool`).
 */
export function unpoolAll(
  pooling: Pooling,
  spikes: Uint8Array,
  gradients: Float32Array,
  states: number,
  steps: number,
): Float32Array {
  const [inputs, windows] = [sizeOf(pooling.window.input), sizeOf(pooling.window.output)];
  const into = new Float32Array(states * steps * inputs);
  const counts = new Float64Array(inputs);
  for (let row = 0; row < states * steps; row++) {
    if (row % steps === 0) counts.fill(0);
    const from = row * inputs;
    for (let k = 0; k < inputs; k++) counts[k] += spikes[from + k];
    const own = gradients.subarray(row * windows, (row + 1) * windows);
    const seen = pooling.kind === "max" ? counts : spikes.subarray(from, from + inputs);
    unpool(pooling, seen, own, into.subarray(from, from + inputs));
  }
  return into;
}
