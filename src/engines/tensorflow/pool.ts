import type { Convolution } from "../../network/convolution.ts";
import { forEachWindowValue } from "../reference/convolutional.ts";
import { sizeOf } from "../../network/convolution.ts";
import { poolSpikes } from "../../network/pooling.ts";

/** Spikes [states * steps, inputs] through max pooling (snn/pooling.ts): [states * steps, windows]. */
export function poolAll(pooling: Convolution, spikes: Uint8Array, states: number, steps: number): Uint8Array {
  const [inputs, windows] = [sizeOf(pooling.input), sizeOf(pooling.output)];
  const pooled = new Uint8Array(states * steps * windows);
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
 * The gradient at pooled spikes [states * steps, windows] as one at the spikes that went in: a window passes what the first of its
 * busiest inputs so far sends, so that one gets its gradient, as in max pooling of rates.
 */
export function unpoolAll(
  pooling: Convolution,
  spikes: Uint8Array,
  gradients: Float32Array,
  states: number,
  steps: number,
): Float32Array {
  const [inputs, windows] = [sizeOf(pooling.input), sizeOf(pooling.output)];
  const into = new Float32Array(states * steps * inputs);
  const counts = new Float64Array(inputs);
  const busiest = new Int32Array(windows);
  for (let row = 0; row < states * steps; row++) {
    if (row % steps === 0) counts.fill(0);
    for (let k = 0; k < inputs; k++) counts[k] += spikes[row * inputs + k];
    busiest.fill(-1);
    forEachWindowValue(pooling, (source, target) => {
      if (busiest[target] < 0 || counts[source] > counts[busiest[target]]) busiest[target] = source;
    });
    for (let w = 0; w < windows; w++) into[row * inputs + busiest[w]] += gradients[row * windows + w];
  }
  return into;
}
