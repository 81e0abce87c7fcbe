import { Layer, Plan } from "./layout";
import { splitColumns } from "./split";
import { bitmask, lanes, splat } from "./vector";

// The neuron, one step for a panel of vectors whose state stays in registers over all steps:
//
//   s[t] = v[t] > threshold,  v[t+1] = beta v[t] + i[t] - resetBy s[t]  (or 0 where s),  i[t+1] = alpha i[t] + h[t]
//
// F chooses what is compiled in: u8 a plain integrate-and-fire layer, u16 any layer, u32 any layer that does not spike.

// @ts-ignore: decorator
@inline
function next<T, F>(v: v128, i: v128, s: v128, beta: v128, by: v128, zero: bool): v128 {
  if (sizeof<F>() == 1) return v128.sub<T>(v128.add<T>(v, i), v128.and(s, by));
  const u = v128.add<T>(v128.mul<T>(beta, v), i);
  if (sizeof<F>() == 4) return u;
  return zero ? v128.andnot(u, s) : v128.sub<T>(u, v128.and(s, by));
}

/** The signs of four masks, 16 (float32) or 8 (float64) neurons. */
// @ts-ignore: decorator
@inline
function signs<T>(a: v128, b: v128, c: v128, d: v128): u32 {
  if (sizeof<T>() == 8) return bitmask<T>(a) | (bitmask<T>(b) << 2) | (bitmask<T>(c) << 4) | (bitmask<T>(d) << 6);
  return <u32>i8x16.bitmask(i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)));
}

/** Counts are 32-bit also beside float64 potentials: a mask's lanes are -1. */
// @ts-ignore: decorator
@inline
function count<T>(at: usize, c: v128): void {
  if (sizeof<T>() == 4) v128.store(at, i32x4.add(v128.load(at), c));
  else {
    store<i32>(at, load<i32>(at) + <i32>i64x2.extract_lane(c, 0));
    store<i32>(at, load<i32>(at, 4) + <i32>i64x2.extract_lane(c, 1), 4);
  }
}

// @ts-ignore: decorator
@inline
function minus<T>(c: v128, s: v128): v128 {
  return sizeof<T>() == 4 ? i32x4.sub(c, s) : i64x2.sub(c, s);
}

// @ts-ignore: decorator
@inline
function panel4<T, F>(L: Layer, steps: i32, at: usize, h: usize, hStride: usize, v: usize, vStride: usize, bits: usize, final: usize): void {
  const threshold = splat<T>(L.threshold), by = splat<T>(L.resetBy), alpha = splat<T>(L.alpha), beta = splat<T>(L.beta);
  const zero = L.zero != 0;
  const plane = <usize>L.plane;
  const none = i64x2.splat(0);
  let v0 = v128.load(L.initial + at), v1 = v128.load(L.initial + at, 16), v2 = v128.load(L.initial + at, 32), v3 = v128.load(L.initial + at, 48);
  let i0 = v128.load(L.currents + at), i1 = v128.load(L.currents + at, 16), i2 = v128.load(L.currents + at, 32), i3 = v128.load(L.currents + at, 48);
  let c0 = none, c1 = none, c2 = none, c3 = none;
  for (let t = 0; t < steps; t++) {
    let h0 = v128.load(h), h1 = v128.load(h, 16), h2 = v128.load(h, 32), h3 = v128.load(h, 48);
    v128.store(v, v0);
    v128.store(v, v1, 16);
    v128.store(v, v2, 32);
    v128.store(v, v3, 48);
    let s0 = none, s1 = none, s2 = none, s3 = none;
    if (sizeof<F>() < 4) {
      s0 = v128.gt<T>(v0, threshold);
      s1 = v128.gt<T>(v1, threshold);
      s2 = v128.gt<T>(v2, threshold);
      s3 = v128.gt<T>(v3, threshold);
      if (sizeof<T>() == 4) store<u16>(bits, <u16>signs<T>(s0, s1, s2, s3));
      else store<u8>(bits, <u8>signs<T>(s0, s1, s2, s3));
      c0 = minus<T>(c0, s0);
      c1 = minus<T>(c1, s1);
      c2 = minus<T>(c2, s2);
      c3 = minus<T>(c3, s3);
    }
    v0 = next<T, F>(v0, i0, s0, beta, by, zero);
    v1 = next<T, F>(v1, i1, s1, beta, by, zero);
    v2 = next<T, F>(v2, i2, s2, beta, by, zero);
    v3 = next<T, F>(v3, i3, s3, beta, by, zero);
    if (sizeof<F>() > 1) {
      h0 = v128.add<T>(v128.mul<T>(alpha, i0), h0);
      h1 = v128.add<T>(v128.mul<T>(alpha, i1), h1);
      h2 = v128.add<T>(v128.mul<T>(alpha, i2), h2);
      h3 = v128.add<T>(v128.mul<T>(alpha, i3), h3);
    }
    i0 = h0;
    i1 = h1;
    i2 = h2;
    i3 = h3;
    h += hStride;
    v += vStride;
    bits += plane;
  }
  v128.store(final, v0);
  v128.store(final, v1, 16);
  v128.store(final, v2, 32);
  v128.store(final, v3, 48);
  if (L.finalCurrents) {
    v128.store(L.finalCurrents + at, i0);
    v128.store(L.finalCurrents + at, i1, 16);
    v128.store(L.finalCurrents + at, i2, 32);
    v128.store(L.finalCurrents + at, i3, 48);
  }
  if (sizeof<F>() < 4 && L.counts) {
    const counts = L.counts + at / sizeof<T>() * 4;
    count<T>(counts, c0);
    count<T>(counts + 4 * lanes<T>(), c1);
    count<T>(counts + 8 * lanes<T>(), c2);
    count<T>(counts + 12 * lanes<T>(), c3);
  }
}

/** One vector: its bits are joined to those of the vectors before it in the same 16-bit half word (`shift` of them). */
// @ts-ignore: decorator
@inline
function panel1<T, F>(L: Layer, steps: i32, at: usize, h: usize, hStride: usize, v: usize, vStride: usize, bits: usize, shift: i32, final: usize): void {
  const threshold = splat<T>(L.threshold), by = splat<T>(L.resetBy), alpha = splat<T>(L.alpha), beta = splat<T>(L.beta);
  const zero = L.zero != 0;
  const plane = <usize>L.plane;
  const none = i64x2.splat(0);
  let v0 = v128.load(L.initial + at);
  let i0 = v128.load(L.currents + at), c0 = none;
  for (let t = 0; t < steps; t++) {
    let h0 = v128.load(h);
    v128.store(v, v0);
    let s0 = none;
    if (sizeof<F>() < 4) {
      s0 = v128.gt<T>(v0, threshold);
      store<u16>(bits, <u16>(<u32>load<u16>(bits) | (bitmask<T>(s0) << shift)));
      c0 = minus<T>(c0, s0);
    }
    v0 = next<T, F>(v0, i0, s0, beta, by, zero);
    if (sizeof<F>() > 1) h0 = v128.add<T>(v128.mul<T>(alpha, i0), h0);
    i0 = h0;
    h += hStride;
    v += vStride;
    bits += plane;
  }
  v128.store(final, v0);
  if (L.finalCurrents) v128.store(L.finalCurrents + at, i0);
  if (sizeof<F>() < 4 && L.counts) count<T>(L.counts + at / sizeof<T>() * 4, c0);
}

// @ts-ignore: decorator
@inline
function integrateAs<T, F>(L: Layer, steps: i32, h: usize, hStride: usize, v: usize, vStride: usize, bits: usize, final: usize, at: usize, row: usize): void {
  for (; at + 64 <= row; at += 64) panel4<T, F>(L, steps, at, h + at, hStride, v + at, vStride, bits + (at / sizeof<T>() >> 3), final + at);
  for (; at < row; at += 16) {
    const neuron = <i32>(at / sizeof<T>());
    panel1<T, F>(L, steps, at, h + at, hStride, v + at, vStride, bits + (<usize>(neuron >> 4) << 1), neuron & 15, final + at);
  }
}

/** All steps of the neurons in the columns from `at` to `end` (bytes; `at` a multiple of 128) of a layer whose spike bits are still zero. */
export function integrateColumns<T>(L: Layer, steps: i32, h: usize, hStride: usize, v: usize, vStride: usize, bits: usize, final: usize, at: usize, end: usize): void {
  if (!L.spikes) integrateAs<T, u32>(L, steps, h, hStride, v, vStride, bits, final, at, end);
  else if (L.plain) integrateAs<T, u8>(L, steps, h, hStride, v, vStride, bits, final, at, end);
  else integrateAs<T, u16>(L, steps, h, hStride, v, vStride, bits, final, at, end);
}

/** All steps of a layer from its input currents. `h` may be `v` (same stride): each current is read before its place is written. */
export function integrate<T>(P: Plan, L: Layer, steps: i32, h: usize, hStride: usize, v: usize, vStride: usize, bits: usize, final: usize): void {
  if (L.spikes) memory.fill(bits, 0, <usize>(steps * L.plane));
  if (!splitColumns<T>(P, L, steps, h, hStride, v, vStride, bits, final))
    integrateColumns<T>(L, steps, h, hStride, v, vStride, bits, final, 0, <usize>L.width * sizeof<T>());
  // Padding never spikes: its potential is 0, which is above a negative threshold.
  if (L.spikes && L.threshold < 0 && L.outputs & 63) {
    const last = <usize>(L.plane - 8);
    const keep = (<u64>1 << (<u64>L.outputs & 63)) - 1;
    for (let t = 0; t < steps; t++) {
      const at = bits + <usize>(t * L.plane) + last;
      store<u64>(at, load<u64>(at) & keep);
    }
  }
}
