import type { Convolution } from "./convolution.ts";

/**
 * Max pooling of spikes. A window puts out the increase of the largest count among its inputs:
 *
 *   n_i[t] = n_i[t-1] + x_i[t]                      spikes that input i has sent so far, n[-1] = 0
 *   y[t]   = max_i n_i[t] - max_i n_i[t-1]          over the inputs of the window: 0 or 1
 *
 * So a spike passes if it makes its input's count larger than any in the window was before, and after every step a window has sent exactly
 * as many spikes as its busiest input: the rate that comes out is the largest that goes in, without a rule for ties. (The gate of
 * Rueckauer et al. 2017 passes the spikes of the input that leads at the time; whenever the lead changes it can send more than any input has.)
 * Constant currents pass as their maximum. Positions outside of the image are no part of a window.
 *
 * `counts` [inputs] is n, of one state, and is updated from the spikes x [inputs]; y [windows].
 */
export function poolSpikes(pooling: Convolution, x: ArrayLike<number>, counts: Float64Array, y: Float64Array): void {
  windowMaxima(pooling, counts, y);
  const before = Float64Array.from(y);
  for (let i = 0; i < counts.length; i++) counts[i] += x[i];
  windowMaxima(pooling, counts, y);
  for (let w = 0; w < y.length; w++) y[w] -= before[w];
}

/** The largest of `values` [inputs] in each window, [windows]. */
export function windowMaxima(
  { input, output, kernel, strides, padding }: Convolution,
  values: ArrayLike<number>,
  into: Float32Array | Float64Array,
): void {
  const [height, width, channels] = input;
  for (let y = 0, window = 0; y < output[0]; y++)
    for (let x = 0; x < output[1]; x++)
      for (let c = 0; c < channels; c++, window++) {
        let best = -Infinity;
        for (let i = 0; i < kernel[0]; i++) {
          const row = y * strides[0] + i - padding[0];
          if (row < 0 || row >= height) continue;
          for (let j = 0; j < kernel[1]; j++) {
            const column = x * strides[1] + j - padding[1];
            if (column < 0 || column >= width) continue;
            best = Math.max(best, values[(row * width + column) * channels + c]);
          }
        }
        into[window] = best;
      }
}
