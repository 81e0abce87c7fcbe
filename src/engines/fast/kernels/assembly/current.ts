import { broadcast } from "./vector";

// Input currents of a layer. A sum runs over presynaptic neurons in ascending order, one rounding per product and per addition, then
// comes the bias: what the reference engine does, so both give the same bits.

/** out = x W + b for a panel of K = sizeof<K>() vectors, of which `count` are stored. Loads past a row's end stay inside the block's slack. */
// @ts-ignore: decorator
@inline
function analogPanel<T, K>(x: usize, inputs: i32, weights: usize, row: usize, biases: usize, out: usize): void {
  const zero = i64x2.splat(0);
  let a0 = zero, a1 = zero, a2 = zero, a3 = zero;
  for (let i = 0; i < inputs; i++) {
    const s = broadcast<T>(x + <usize>i * sizeof<T>());
    a0 = v128.add<T>(a0, v128.mul<T>(s, v128.load(weights)));
    if (sizeof<K>() > 1) {
      a1 = v128.add<T>(a1, v128.mul<T>(s, v128.load(weights, 16)));
      a2 = v128.add<T>(a2, v128.mul<T>(s, v128.load(weights, 32)));
      a3 = v128.add<T>(a3, v128.mul<T>(s, v128.load(weights, 48)));
    }
    weights += row;
  }
  if (biases) {
    a0 = v128.add<T>(a0, v128.load(biases));
    if (sizeof<K>() > 1) {
      a1 = v128.add<T>(a1, v128.load(biases, 16));
      a2 = v128.add<T>(a2, v128.load(biases, 32));
      a3 = v128.add<T>(a3, v128.load(biases, 48));
    }
  }
  v128.store(out, a0);
  if (sizeof<K>() > 1) {
    v128.store(out, a1, 16);
    v128.store(out, a2, 32);
    v128.store(out, a3, 48);
  }
}

/** out [width] = x [inputs] W [inputs, width] + b. */
export function analog<T>(x: usize, inputs: i32, width: i32, weights: usize, biases: usize, out: usize): void {
  const row = <usize>width * sizeof<T>();
  let at: usize = 0;
  for (; at + 64 <= row; at += 64) analogPanel<T, u32>(x, inputs, weights + at, row, biases ? biases + at : 0, out + at);
  for (; at < row; at += 16) analogPanel<T, u8>(x, inputs, weights + at, row, biases ? biases + at : 0, out + at);
}

/** The same from panels of 128 bytes, [inputs, 128 bytes] each. */
export function analogPanels<T>(x: usize, inputs: i32, width: i32, weights: usize, biases: usize, out: usize): void {
  const row = <usize>width * sizeof<T>();
  for (let at: usize = 0; at < row; at += 16) {
    const panel = weights + (at >> 7) * <usize>inputs * 128 + (at & 127);
    if (row - at >= 64 && (at & 63) == 0) {
      analogPanel<T, u32>(x, inputs, panel, 128, biases ? biases + at : 0, out + at);
      at += 48;
    } else analogPanel<T, u8>(x, inputs, panel, 128, biases ? biases + at : 0, out + at);
  }
}

/** Every step's sum of the rows of the neurons that spiked, for a panel of sizeof<K>() vectors of which the first `count` are stored. */
// @ts-ignore: decorator
@inline
function eventPanel<T, K>(steps: i32, bits: usize, words: i32, weights: usize, row: usize, biases: usize, out: usize, count: i32): void {
  const zero = i64x2.splat(0);
  for (let t = 0; t < steps; t++) {
    let a0 = zero, a1 = zero, a2 = zero, a3 = zero, a4 = zero, a5 = zero, a6 = zero, a7 = zero;
    for (let w = 0; w < words; w++) {
      let m = load<u64>(bits + (<usize>w << 3));
      while (m) {
        const p = weights + ((<usize>w << 6) + <usize>ctz(m)) * row;
        m &= m - 1;
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
    if (sizeof<K>() > 1 && count > 1) v128.store(out, a1, 16);
    if (sizeof<K>() > 2) {
      if (count > 2) v128.store(out, a2, 32);
      if (count > 3) v128.store(out, a3, 48);
    }
    if (sizeof<K>() > 4) {
      if (count > 4) v128.store(out, a4, 64);
      if (count > 5) v128.store(out, a5, 80);
      if (count > 6) v128.store(out, a6, 96);
      if (count > 7) v128.store(out, a7, 112);
    }
    bits += <usize>words << 3;
    out += row;
  }
}

/** Widest row, in bytes, that is summed panel by panel in registers; wider ones stream through memory, whole rows at a time. */
const PANELS: usize = 512;

/** out [width] += the rows of up to four neurons at once, added one after the other. */
// @ts-ignore: decorator
@inline
function addRows<T, K>(list: usize, weights: usize, row: usize, out: usize): void {
  const p0 = weights + <usize>load<u32>(list) * row;
  const p1 = sizeof<K>() > 1 ? weights + <usize>load<u32>(list, 4) * row : 0;
  const p2 = sizeof<K>() > 1 ? weights + <usize>load<u32>(list, 8) * row : 0;
  const p3 = sizeof<K>() > 1 ? weights + <usize>load<u32>(list, 12) * row : 0;
  for (let at: usize = 0; at < row; at += 16) {
    let a = v128.add<T>(v128.load(out + at), v128.load(p0 + at));
    if (sizeof<K>() > 1) {
      a = v128.add<T>(a, v128.load(p1 + at));
      a = v128.add<T>(a, v128.load(p2 + at));
      a = v128.add<T>(a, v128.load(p3 + at));
    }
    v128.store(out + at, a);
  }
}

/** The neurons of the set bits, ascending, as 32-bit integers at `list`; returns their number. */
export function spikeList(bits: usize, words: i32, list: usize): i32 {
  const start = list;
  for (let w = 0; w < words; w++) {
    let m = load<u64>(bits + (<usize>w << 3));
    while (m) {
      store<u32>(list, (<u32>w << 6) + <u32>ctz(m));
      list += 4;
      m &= m - 1;
    }
  }
  return <i32>((list - start) >> 2);
}

/** out [steps, width] = rows of W of the neurons whose bit is set in a step + b. `list` has room for the index of every neuron. */
export function event<T>(steps: i32, bits: usize, plane: i32, width: i32, weights: usize, biases: usize, out: usize, list: usize): void {
  const row = <usize>width * sizeof<T>();
  const words = plane >> 3;
  if (row > PANELS) {
    for (let t = 0; t < steps; t++) stream<T>(bits + <usize>(t * plane), words, weights, row, biases, out + <usize>t * row, list);
    return;
  }
  // Several panels take turns in each step: the second one's branches then go as the first one's just did.
  if (row > 128) for (let t = 0; t < steps; t++) panels<T>(1, bits + <usize>(t * plane), words, weights, row, biases, out + <usize>t * row);
  else panels<T>(steps, bits, words, weights, row, biases, out);
}

function panels<T>(steps: i32, bits: usize, words: i32, weights: usize, row: usize, biases: usize, out: usize): void {
  let at: usize = 0;
  while (at < row) {
    const left = <i32>((row - at) >> 4);
    const b = biases ? biases + at : 0;
    if (left > 4) {
      eventPanel<T, u64>(steps, bits, words, weights + at, row, b, out + at, left < 8 ? left : 8);
      at += 128;
    } else if (left > 2) {
      eventPanel<T, u32>(steps, bits, words, weights + at, row, b, out + at, left);
      at += 64;
    } else if (left > 1) {
      eventPanel<T, u16>(steps, bits, words, weights + at, row, b, out + at, 2);
      at += 32;
    } else {
      eventPanel<T, u8>(steps, bits, words, weights + at, row, b, out + at, 1);
      at += 16;
    }
  }
}

/** One step of a wide layer: rows pass through memory four at a time. */
function stream<T>(bits: usize, words: i32, weights: usize, row: usize, biases: usize, out: usize, list: usize): void {
  memory.fill(out, 0, row);
  const n = spikeList(bits, words, list);
  let k = 0;
  for (; k + 4 <= n; k += 4) addRows<T, u32>(list + (<usize>k << 2), weights, row, out);
  for (; k < n; k++) addRows<T, u8>(list + (<usize>k << 2), weights, row, out);
  if (biases) for (let at: usize = 0; at < row; at += 16) v128.store(out + at, v128.add<T>(v128.load(out + at), v128.load(biases + at)));
}
