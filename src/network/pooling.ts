import type { Convolution } from "./convolution.ts";
import type { Pooling } from "./layer.ts";

/**
 * Pooling of what does not spike: of each window the largest value, the mean or the sum, [windows]. Positions outside of the
 * image are no part of a window (TensorFlow's rule; torch counts padding in a mean). A sum is made in float64 in
 * the order of `forEachWindowValue`, of a mean divided by the number of values, then rounded once to the engine's precision.
 */
export function poolValues(
  { kind, window }: Pooling,
  values: ArrayLike<number>,
  into: Float32Array | Float64Array,
  round: (x: number) => number = (x) => x,
): void {
  if (kind === "max" || kind === "step-max") {
    into.fill(-Infinity);
    return forEachWindowValue(window, (source, target) => void (into[target] = Math.max(into[target], values[source])));
  }
  const sums = new Float64Array(into.length);
  const counts = new Int32Array(into.length);
  forEachWindowValue(window, (source, target) => {
    sums[target] += values[source];
    counts[target]++;
  });
  for (let w = 0; w < into.length; w++) into[w] = round(kind === "sum" ? sums[w] : sums[w] / counts[w]);
}

/**
 * Pooling of the spikes x [inputs] of one step and state: y [windows].
 *
 * Average pooling puts out the mean of a window's spikes in this step: the share of its inputs that spike, no longer 0
 * or 1 but a graded value, which the synapses multiply. It remembers nothing. As it is linear, the sum that arrives is
 * that of weights W / n spread over the window. Sum pooling is the same without the division (sinabs' SumPool2d).
 *
 * Step-max pooling puts out the largest of a window's spikes in this step: 1 where any input spikes (or the largest
 * number, where a neuron spikes several times in a step). It remembers nothing (what torch's MaxPool2d does to spikes).
 *
 * Max pooling puts out the increase of the largest count among a window's inputs:
 *
 *   n_i[t] = n_i[t-1] + x_i[t]                      spikes that input i has sent so far, n[-1] = 0
 *   y[t]   = max_i n_i[t] - max_i n_i[t-1]          over the inputs of the window: 0 or 1
 *
 * So a spike passes if it makes its input's count larger than any in the window was before, and after every step a
 * window has sent exactly as many spikes as its busiest input: the rate that comes out is the largest that goes in,
 * without a rule for ties. (The gate of Rueckauer et al. 2017 passes the spikes of the input that leads at the time;
 * whenever the lead changes it can send more than any input has.) `counts` [inputs] is n, of one state, and is updated.
 * Constant currents pass as values (`poolValues`), and so do spikes in average pooling.
 */
export function poolSpikes(
  pooling: Pooling,
  x: ArrayLike<number>,
  counts: Float64Array,
  y: Float64Array,
  round?: (x: number) => number,
): void {
  if (pooling.kind !== "max") return poolValues(pooling, x, y, round);
  poolValues(pooling, counts, y);
  const before = Float64Array.from(y);
  for (let i = 0; i < counts.length; i++) counts[i] += x[i];
  poolValues(pooling, counts, y);
  for (let w = 0; w < y.length; w++) y[w] -= before[w];
}

/**
 * Calls `visit(source, target)` for each value that a pooling window holds; sources and targets are neuron indices,
 * both ascend.
 */
export function forEachWindowValue(
  { input, output, kernel, strides, padding }: Convolution,
  visit: (source: number, target: number) => void,
): void {
  const [height, width, channels] = input;
  for (let y = 0; y < output[0]; y++)
    for (let x = 0; x < output[1]; x++)
      for (let c = 0; c < channels; c++) {
        const target = (y * output[1] + x) * channels + c;
        for (let i = 0; i < kernel[0]; i++) {
          const row = y * strides[0] + i - padding[0];
          if (row < 0 || row >= height) continue;
          for (let j = 0; j < kernel[1]; j++) {
            const column = x * strides[1] + j - padding[1];
            if (column >= 0 && column < width) visit((row * width + column) * channels + c, target);
          }
        }
      }
}

/**
 * Adds the gradient at what pooling put out, `gy` [windows], to that at what went in, `gx` [inputs]. A mean's is shared
 * out evenly, a sum's goes to each; the largest of `values` [inputs], the first of several, gets it alone. Of spikes in max pooling those are the
 * counts after the step (`poolSpikes`): a window passes what the first of its busiest inputs so far sends, so that one gets
 * its gradient, as in max pooling of rates.
 */
export function unpool(
  { kind, window }: Pooling,
  values: ArrayLike<number>,
  gy: ArrayLike<number>,
  gx: Float32Array | Float64Array,
): void {
  const [largest, counts] = [new Int32Array(gy.length).fill(-1), new Int32Array(gy.length)];
  forEachWindowValue(window, (source, target) => {
    counts[target]++;
    if (largest[target] < 0 || values[source] > values[largest[target]]) largest[target] = source;
  });
  if (kind === "max" || kind === "step-max") largest.forEach((source, w) => (gx[source] += gy[w]));
  else
    forEachWindowValue(
      window,
      (source, target) => (gx[source] += kind === "sum" ? gy[target] : gy[target] / counts[target]),
    );
}
