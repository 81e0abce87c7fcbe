import { Geometry, Layer } from "./layout";
import { broadcast } from "./vector";

// Input currents of a convolution. Neurons of an image are numbered row by row, and within a position channel by channel, so a window's row is
// one run of presynaptic neurons beside one run of rows of weights: sums go in ascending order, as everywhere. The filters of a position are
// summed in registers, a panel of vectors at a time. Whole vectors are stored: what reaches into the next position is overwritten by it.

/** A panel of sizeof<K>() vectors at one position, from runs of spikes. `list`: the weight rows of all spikes; `starts`: the first spike of each position. */
// @ts-ignore: decorator
@inline
function eventPanel<T, K>(G: Geometry, copies: i32, y: i32, x: i32, list: usize, starts: usize, weights: usize, row: usize, biases: usize, out: usize): void {
  const zero = i64x2.splat(0);
  let a0 = zero, a1 = zero, a2 = zero, a3 = zero, a4 = zero, a5 = zero, a6 = zero, a7 = zero;
  const originY = y * G.strideY - G.top, originX = x * G.strideX - G.left;
  const i1 = min(G.kernelHeight, G.height - originY), j0 = max(0, -originX), j1 = min(G.kernelWidth, G.width - originX);
  const positions = G.height * G.width;
  for (let copy = 0; copy < copies; copy++)
    for (let i = max(0, -originY); i < i1; i++) {
      const first = copy * positions + (originY + i) * G.width + originX + j0;
      const end = list + <usize>load<u32>(starts + (<usize>(first + j1 - j0) << 2));
      const kernel = (copy * G.kernelHeight + i) * G.kernelWidth + j0;
      const base = weights + <usize>((kernel - first) * G.channels) * row;
      for (let k = list + <usize>load<u32>(starts + (<usize>first << 2)); k < end; k += 4) {
        const p = base + <usize>load<u32>(k);
        a0 = v128.add<T>(a0, v128.load(p));
        if (sizeof<K>() > 1) a1 = v128.add<T>(a1, v128.load(p, 16));
        if (sizeof<K>() > 2) {
          a2 = v128.add<T>(a2, v128.load(p, 32));
          a3 = v128.add<T>(a3, v128.load(p, 48));
        }
        if (sizeof<K>() > 4) {
          a4 = v128.add<T>(a4, v128.load(p, 64));
          a5 = v128.add<T>(a5, v128.load(p, 80));
          a6 = v128.add<T>(a6, v128.load(p, 96));
          a7 = v128.add<T>(a7, v128.load(p, 112));
        }
      }
    }
  storePanel<T, K>(a0, a1, a2, a3, a4, a5, a6, a7, biases, out);
}

/** The same from analog values x. */
// @ts-ignore: decorator
@inline
function analogPanel<T, K>(G: Geometry, copies: i32, y: i32, x: i32, values: usize, weights: usize, row: usize, biases: usize, out: usize): void {
  const zero = i64x2.splat(0);
  let a0 = zero, a1 = zero, a2 = zero, a3 = zero, a4 = zero, a5 = zero, a6 = zero, a7 = zero;
  const originY = y * G.strideY - G.top, originX = x * G.strideX - G.left;
  const i1 = min(G.kernelHeight, G.height - originY), j0 = max(0, -originX), j1 = min(G.kernelWidth, G.width - originX);
  const positions = G.height * G.width;
  for (let copy = 0; copy < copies; copy++)
    for (let i = max(0, -originY); i < i1; i++) {
      const first = copy * positions + (originY + i) * G.width + originX + j0;
      const kernel = (copy * G.kernelHeight + i) * G.kernelWidth + j0;
      let p = weights + <usize>(kernel * G.channels) * row;
      let k = values + <usize>(first * G.channels) * sizeof<T>();
      for (let n = (j1 - j0) * G.channels; n > 0; n--) {
        const s = broadcast<T>(k);
        a0 = v128.add<T>(a0, v128.mul<T>(s, v128.load(p)));
        if (sizeof<K>() > 1) a1 = v128.add<T>(a1, v128.mul<T>(s, v128.load(p, 16)));
        if (sizeof<K>() > 2) {
          a2 = v128.add<T>(a2, v128.mul<T>(s, v128.load(p, 32)));
          a3 = v128.add<T>(a3, v128.mul<T>(s, v128.load(p, 48)));
        }
        if (sizeof<K>() > 4) {
          a4 = v128.add<T>(a4, v128.mul<T>(s, v128.load(p, 64)));
          a5 = v128.add<T>(a5, v128.mul<T>(s, v128.load(p, 80)));
          a6 = v128.add<T>(a6, v128.mul<T>(s, v128.load(p, 96)));
          a7 = v128.add<T>(a7, v128.mul<T>(s, v128.load(p, 112)));
        }
        p += row;
        k += sizeof<T>();
      }
    }
  storePanel<T, K>(a0, a1, a2, a3, a4, a5, a6, a7, biases, out);
}

// @ts-ignore: decorator
@inline
function storePanel<T, K>(a0: v128, a1: v128, a2: v128, a3: v128, a4: v128, a5: v128, a6: v128, a7: v128, biases: usize, out: usize): void {
  if (biases) {
    a0 = v128.add<T>(a0, v128.load(biases));
    if (sizeof<K>() > 1) a1 = v128.add<T>(a1, v128.load(biases, 16));
    if (sizeof<K>() > 2) {
      a2 = v128.add<T>(a2, v128.load(biases, 32));
      a3 = v128.add<T>(a3, v128.load(biases, 48));
    }
    if (sizeof<K>() > 4) {
      a4 = v128.add<T>(a4, v128.load(biases, 64));
      a5 = v128.add<T>(a5, v128.load(biases, 80));
      a6 = v128.add<T>(a6, v128.load(biases, 96));
      a7 = v128.add<T>(a7, v128.load(biases, 112));
    }
  }
  v128.store(out, a0);
  if (sizeof<K>() > 1) v128.store(out, a1, 16);
  if (sizeof<K>() > 2) {
    v128.store(out, a2, 32);
    v128.store(out, a3, 48);
  }
  if (sizeof<K>() > 4) {
    v128.store(out, a4, 64);
    v128.store(out, a5, 80);
    v128.store(out, a6, 96);
    v128.store(out, a7, 112);
  }
}

/** Bytes of a row of weights: one vector or more per presynaptic neuron and kernel place. */
// @ts-ignore: decorator
@inline
function filterRow<T>(G: Geometry): usize {
  return <usize>((G.filters + 3) & ~3) * sizeof<T>();
}

/** How many images synapses run from: two for signed inputs, positive parts and the magnitudes of negative ones. */
// @ts-ignore: decorator
@inline
export function copiesOf(L: Layer, G: Geometry): i32 {
  return L.inputs / (G.height * G.width * G.channels);
}

/** out = x * W + b for analog x, in the output's rows from `y` to `end`; with two copies the second half of x runs over the second copy of the weights. */
export function analogConvolution<T>(G: Geometry, copies: i32, x: usize, weights: usize, biases: usize, out: usize, y: i32, end: i32): void {
  const row = filterRow<T>(G);
  let from = <usize>(y * G.outputWidth * G.filters) * sizeof<T>();
  for (; y < end; y++)
    for (let column = 0; column < G.outputWidth; column++, from += <usize>G.filters * sizeof<T>()) {
      let at: usize = 0;
      for (; at < row; ) {
        const left = row - at, b = biases ? biases + from + at : 0;
        if (left >= 128) analogPanel<T, u64>(G, copies, y, column, x, weights + at, row, b, out + from + at), at += 128;
        else if (left >= 64) analogPanel<T, u32>(G, copies, y, column, x, weights + at, row, b, out + from + at), at += 64;
        else if (left >= 32) analogPanel<T, u16>(G, copies, y, column, x, weights + at, row, b, out + from + at), at += 32;
        else analogPanel<T, u8>(G, copies, y, column, x, weights + at, row, b, out + from + at), at += 16;
      }
    }
}

/** out [steps, outRow bytes] = spikes * W + b. Scratch: [spikes of a step], [positions + 1], 32-bit integers. */
export function eventConvolution<T>(G: Geometry, copies: i32, steps: i32, bits: usize, plane: i32, weights: usize, biases: usize, out: usize, outRow: usize, scratch: usize): void {
  const row = filterRow<T>(G);
  const positions = copies * G.height * G.width;
  const list = scratch + (<usize>(positions + 2) << 2);
  for (let t = 0; t < steps; t++) {
    spikeRuns(bits, positions, G.channels, <u32>row, list, scratch);
    let from: usize = 0;
    for (let y = 0; y < G.outputHeight; y++)
      for (let x = 0; x < G.outputWidth; x++, from += <usize>G.filters * sizeof<T>()) {
        let at: usize = 0;
        for (; at < row; ) {
          const left = row - at, b = biases ? biases + from + at : 0;
          if (left >= 128) eventPanel<T, u64>(G, copies, y, x, list, scratch, weights + at, row, b, out + from + at), at += 128;
          else if (left >= 64) eventPanel<T, u32>(G, copies, y, x, list, scratch, weights + at, row, b, out + from + at), at += 64;
          else if (left >= 32) eventPanel<T, u16>(G, copies, y, x, list, scratch, weights + at, row, b, out + from + at), at += 32;
          else eventPanel<T, u8>(G, copies, y, x, list, scratch, weights + at, row, b, out + from + at), at += 16;
        }
      }
    bits += <usize>plane;
    out += outRow;
  }
}

/** `list`: neuron * row of each spike, ascending; `starts` [positions + 1]: where in the list, in bytes, each position's spikes begin. */
function spikeRuns(bits: usize, positions: i32, channels: i32, row: u32, list: usize, starts: usize): void {
  let to = list;
  let neuron = 0;
  let word: u64 = 0;
  let base = -64;
  // The spikes before each position's end: words are read once, their bits go to the position that they lie in.
  for (let position = 0; position < positions; position++) {
    store<u32>(starts + (<usize>position << 2), <u32>(to - list));
    const end = neuron + channels;
    while (neuron < end) {
      if (neuron >= base + 64) {
        base = neuron & ~63;
        word = load<u64>(bits + (<usize>base >> 3));
      }
      const stop = min(end, base + 64);
      const mask = stop - base == 64 ? ~(<u64>0) : (<u64>1 << (stop - base)) - 1;
      let mine = word & mask;
      word &= ~mask;
      while (mine) {
        store<u32>(to, (<u32>base + <u32>ctz(mine)) * row);
        to += 4;
        mine &= mine - 1;
      }
      neuron = stop;
    }
  }
  store<u32>(starts + (<usize>positions << 2), <u32>(to - list));
}
