import { Geometry, Layer } from "./layout";

// Pooling in front of a layer's synapses (src/network/pooling.ts). Max: of spikes one that makes its neuron's count the largest in a window
// passes, of constant currents the largest. Average and sum: those of either. Step-max: the largest of one step's spikes.

/** The windows along one axis that hold `place`: [first, end). */
// @ts-ignore: decorator
@inline
function firstWindow(place: i32, kernel: i32, stride: i32): i32 {
  return max(0, (place - kernel + stride) / stride);
}

/** Counts one more spike of `neuron` (or, `more` = 0, looks at what it has) in all its windows; `bits`: where to note those that put one out. */
function raise(L: Layer, G: Geometry, neuron: i32, more: i32, bits: usize): void {
  const counter = L.poolCounts + (<usize>neuron << 2);
  const count = load<i32>(counter) + more;
  store<i32>(counter, count);
  const position = neuron / G.channels, channel = neuron % G.channels;
  const row = position / G.width + G.top, column = (position % G.width) + G.left;
  const yEnd = min(G.outputHeight - 1, row / G.strideY), xEnd = min(G.outputWidth - 1, column / G.strideX);
  for (let y = firstWindow(row, G.kernelHeight, G.strideY); y <= yEnd; y++)
    for (let x = firstWindow(column, G.kernelWidth, G.strideX); x <= xEnd; x++) {
      const window = (y * G.outputWidth + x) * G.channels + channel;
      const largest = L.poolLargest + (<usize>window << 2);
      if (count <= load<i32>(largest)) continue;
      store<i32>(largest, count);
      if (!bits) continue;
      const byte = bits + <usize>(window >> 3);
      store<u8>(byte, load<u8>(byte) | (<u8>1 << <u8>(window & 7)));
      const sent = L.poolSent + (<usize>window << 2);
      store<i32>(sent, load<i32>(sent) + 1);
    }
}

/** All steps of a layer's spikes, from the counts that are there. */
export function poolSpikes(L: Layer, steps: i32, bits: usize, plane: i32): void {
  const G = changetype<Geometry>(L.pooling);
  memory.fill(L.pooled, 0, <usize>steps * <usize>L.poolPlane);
  memory.fill(L.poolLargest, 0, <usize>L.inputs << 2);
  for (let n = 0, size = G.height * G.width * G.channels; n < size; n++)
    if (load<i32>(L.poolCounts + (<usize>n << 2))) raise(L, G, n, 0, 0);
  for (let t = 0; t < steps; t++) {
    const to = L.pooled + <usize>t * <usize>L.poolPlane;
    for (let w = 0; w < plane; w += 8) {
      let m = load<u64>(bits + <usize>w);
      while (m) {
        raise(L, G, (w << 3) + <i32>ctz(m), 1, to);
        m &= m - 1;
      }
    }
    bits += <usize>plane;
  }
}

/** All steps of a layer's spikes through windows that put out a spike in each step in which any of their neurons does. */
export function largestOfStep(L: Layer, steps: i32, bits: usize, plane: i32): void {
  const G = changetype<Geometry>(L.pooling);
  memory.fill(L.pooled, 0, <usize>steps * <usize>L.poolPlane);
  for (let t = 0; t < steps; t++) {
    const to = L.pooled + <usize>t * <usize>L.poolPlane;
    for (let w = 0; w < plane; w += 8) {
      let m = load<u64>(bits + <usize>w);
      while (m) {
        pass(L, G, (w << 3) + <i32>ctz(m), to);
        m &= m - 1;
      }
    }
    bits += <usize>plane;
  }
}

/** A spike of `neuron` in all its windows; `bits`: of this step. */
function pass(L: Layer, G: Geometry, neuron: i32, bits: usize): void {
  const position = neuron / G.channels, channel = neuron % G.channels;
  const row = position / G.width + G.top, column = (position % G.width) + G.left;
  const yEnd = min(G.outputHeight - 1, row / G.strideY), xEnd = min(G.outputWidth - 1, column / G.strideX);
  for (let y = firstWindow(row, G.kernelHeight, G.strideY); y <= yEnd; y++)
    for (let x = firstWindow(column, G.kernelWidth, G.strideX); x <= xEnd; x++) {
      const window = (y * G.outputWidth + x) * G.channels + channel;
      const byte = bits + <usize>(window >> 3), before = load<u8>(byte), after = before | (<u8>1 << <u8>(window & 7));
      if (before == after) continue;
      store<u8>(byte, after);
      const sent = L.poolSent + (<usize>window << 2);
      store<i32>(sent, load<i32>(sent) + 1);
    }
}

const MEAN: i32 = 1, SUM: i32 = 2;
/** Of one step the largest (Layer.windows). */
export const STEP_MAX: i32 = 3;

/** What values x come to in each window, the largest, the mean or the sum: constant currents, or (`spikes`) numbers of spikes; or one step's spike bits. */
export function poolValues<T>(L: Layer, x: usize, bits: usize = 0, spikes: bool = false): void {
  const G = changetype<Geometry>(L.pooling);
  let to = L.pooled, sent = L.poolSent;
  for (let y = 0; y < G.outputHeight; y++)
    for (let column = 0; column < G.outputWidth; column++)
      for (let c = 0; c < G.channels; c++, to += sizeof<T>(), sent += 4) {
        const originY = y * G.strideY - G.top, originX = column * G.strideX - G.left;
        const i0 = max(0, -originY), i1 = min(G.kernelHeight, G.height - originY);
        const j0 = max(0, -originX), j1 = min(G.kernelWidth, G.width - originX);
        let best = -<T>Infinity;
        let sum: f64 = 0;
        for (let i = i0; i < i1; i++)
          for (let j = j0; j < j1; j++) {
            const k = ((originY + i) * G.width + originX + j) * G.channels + c;
            const value = bits ? <T>((load<u8>(bits + <usize>(k >> 3)) >> <u8>(k & 7)) & 1) : load<T>(x + <usize>k * sizeof<T>());
            best = max<T>(best, value);
            sum += value;
          }
        if (L.windows == MEAN) store<T>(to, <T>(sum / <f64>((i1 - i0) * (j1 - j0))));
        else store<T>(to, L.windows == SUM ? <T>sum : best);
        if ((bits || spikes) && sum) store<i32>(sent, load<i32>(sent) + 1);
      }
}
