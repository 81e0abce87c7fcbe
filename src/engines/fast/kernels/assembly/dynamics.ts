import { Layer, Plan } from "./layout";
import { integrateLif, integrateRecurrent } from "./lif";
import { splitColumns } from "./split";
import { bitmask, broadcast, lanes } from "./vector";

// The neurons, all steps for a panel of vectors whose state stays in registers:
//
//   lagged-lif  s[t] = v[t] > threshold,  v[t+1] = beta v[t] + i[t] - resetBy s[t]  (or 0 where s),  i[t+1] = alpha i[t] + h[t]
//   lif         m[t] = beta v[t-1] + h[t],  s[t] = m[t] > threshold,  v[t] = m[t] - resetBy s[t]  (or resetTo where s)
//
// F chooses what is compiled in. Unsigned: lagged-lif, u8 a plain integrate-and-fire layer, u16 any, u32 any that does not spike. Signed: lif, i8 a
// plain one, i16 one with a decay and reset by subtraction, i32 any that does not spike, i64 any: each neuron has its own parameters. Currents, resting
// potentials, resets that come late, bounds, several spikes and recurrence are lif.ts's.

/** One of the neurons' parameters, for the vector `at`: each neuron's own, or the first one's. */
// @ts-ignore: decorator
@inline
function parameter<T, F>(values: usize, at: usize): v128 {
  return isSigned<F>() && sizeof<F>() > 2 ? v128.load(values + at) : broadcast<T>(values);
}

/** The same for a vector after it, which shares it where all neurons do. */
// @ts-ignore: decorator
@inline
function after<F>(first: v128, values: usize, at: usize): v128 {
  return isSigned<F>() && sizeof<F>() > 2 ? v128.load(values + at) : first;
}

/** The potential that fires: before the step, of lif with what arrives in it. */
// @ts-ignore: decorator
@inline
function charged<T, F>(v: v128, h: v128, beta: v128): v128 {
  if (!isSigned<F>()) return v;
  return v128.add<T>(sizeof<F>() == 1 ? v : v128.mul<T>(beta, v), h);
}

/** The potential after the step. */
// @ts-ignore: decorator
@inline
function next<T, F>(v: v128, i: v128, s: v128, beta: v128, by: v128, replaces: bool): v128 {
  if (isSigned<F>()) {
    if (sizeof<F>() == 4) return v;
    if (sizeof<F>() == 8 && replaces) return v128.bitselect(by, v, s);
    return v128.sub<T>(v, v128.and(s, by));
  }
  if (sizeof<F>() == 1) return v128.sub<T>(v128.add<T>(v, i), v128.and(s, by));
  const u = v128.add<T>(v128.mul<T>(beta, v), i);
  if (sizeof<F>() == 4) return u;
  return replaces ? v128.andnot(u, s) : v128.sub<T>(u, v128.and(s, by));
}

/** The current after the step; lif has none. */
// @ts-ignore: decorator
@inline
function current<T, F>(i: v128, h: v128, alpha: v128): v128 {
  if (isSigned<F>()) return i;
  return sizeof<F>() > 1 ? v128.add<T>(v128.mul<T>(alpha, i), h) : h;
}

// @ts-ignore: decorator
@inline
function currentBefore<F>(L: Layer, at: usize): v128 {
  return isSigned<F>() ? i64x2.splat(0) : v128.load(L.currents + at);
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
  const replaces = L.replaces != 0;
  const resets = isSigned<F>() && replaces ? L.resetTo : L.resetBy;
  const threshold0 = parameter<T, F>(L.threshold, at), beta0 = parameter<T, F>(L.beta, at), by0 = parameter<T, F>(resets, at);
  const threshold1 = after<F>(threshold0, L.threshold, at + 16), beta1 = after<F>(beta0, L.beta, at + 16), by1 = after<F>(by0, resets, at + 16);
  const threshold2 = after<F>(threshold0, L.threshold, at + 32), beta2 = after<F>(beta0, L.beta, at + 32), by2 = after<F>(by0, resets, at + 32);
  const threshold3 = after<F>(threshold0, L.threshold, at + 48), beta3 = after<F>(beta0, L.beta, at + 48), by3 = after<F>(by0, resets, at + 48);
  const plane = <usize>L.plane;
  const none = i64x2.splat(0);
  const alpha = isSigned<F>() ? none : broadcast<T>(L.alpha);
  let v0 = v128.load(L.initial + at), v1 = v128.load(L.initial + at, 16), v2 = v128.load(L.initial + at, 32), v3 = v128.load(L.initial + at, 48);
  let i0 = currentBefore<F>(L, at), i1 = currentBefore<F>(L, at + 16), i2 = currentBefore<F>(L, at + 32), i3 = currentBefore<F>(L, at + 48);
  let c0 = none, c1 = none, c2 = none, c3 = none;
  for (let t = 0; t < steps; t++) {
    const h0 = v128.load(h), h1 = v128.load(h, 16), h2 = v128.load(h, 32), h3 = v128.load(h, 48);
    v0 = charged<T, F>(v0, h0, beta0);
    v1 = charged<T, F>(v1, h1, beta1);
    v2 = charged<T, F>(v2, h2, beta2);
    v3 = charged<T, F>(v3, h3, beta3);
    v128.store(v, v0);
    v128.store(v, v1, 16);
    v128.store(v, v2, 32);
    v128.store(v, v3, 48);
    let s0 = none, s1 = none, s2 = none, s3 = none;
    if (sizeof<F>() != 4) {
      s0 = v128.gt<T>(v0, threshold0);
      s1 = v128.gt<T>(v1, threshold1);
      s2 = v128.gt<T>(v2, threshold2);
      s3 = v128.gt<T>(v3, threshold3);
      if (sizeof<T>() == 4) store<u16>(bits, <u16>signs<T>(s0, s1, s2, s3));
      else store<u8>(bits, <u8>signs<T>(s0, s1, s2, s3));
      c0 = minus<T>(c0, s0);
      c1 = minus<T>(c1, s1);
      c2 = minus<T>(c2, s2);
      c3 = minus<T>(c3, s3);
    }
    v0 = next<T, F>(v0, i0, s0, beta0, by0, replaces);
    v1 = next<T, F>(v1, i1, s1, beta1, by1, replaces);
    v2 = next<T, F>(v2, i2, s2, beta2, by2, replaces);
    v3 = next<T, F>(v3, i3, s3, beta3, by3, replaces);
    i0 = current<T, F>(i0, h0, alpha);
    i1 = current<T, F>(i1, h1, alpha);
    i2 = current<T, F>(i2, h2, alpha);
    i3 = current<T, F>(i3, h3, alpha);
    h += hStride;
    v += vStride;
    bits += plane;
  }
  v128.store(final, v0);
  v128.store(final, v1, 16);
  v128.store(final, v2, 32);
  v128.store(final, v3, 48);
  if (!isSigned<F>() && L.finalCurrents) {
    v128.store(L.finalCurrents + at, i0);
    v128.store(L.finalCurrents + at, i1, 16);
    v128.store(L.finalCurrents + at, i2, 32);
    v128.store(L.finalCurrents + at, i3, 48);
  }
  if (sizeof<F>() != 4 && L.counts) {
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
  const replaces = L.replaces != 0;
  const threshold = parameter<T, F>(L.threshold, at), beta = parameter<T, F>(L.beta, at);
  const by = parameter<T, F>(isSigned<F>() && replaces ? L.resetTo : L.resetBy, at);
  const plane = <usize>L.plane;
  const none = i64x2.splat(0);
  const alpha = isSigned<F>() ? none : broadcast<T>(L.alpha);
  let v0 = v128.load(L.initial + at);
  let i0 = currentBefore<F>(L, at), c0 = none;
  for (let t = 0; t < steps; t++) {
    const h0 = v128.load(h);
    v0 = charged<T, F>(v0, h0, beta);
    v128.store(v, v0);
    let s0 = none;
    if (sizeof<F>() != 4) {
      s0 = v128.gt<T>(v0, threshold);
      store<u16>(bits, <u16>(<u32>load<u16>(bits) | (bitmask<T>(s0) << shift)));
      c0 = minus<T>(c0, s0);
    }
    v0 = next<T, F>(v0, i0, s0, beta, by, replaces);
    i0 = current<T, F>(i0, h0, alpha);
    h += hStride;
    v += vStride;
    bits += plane;
  }
  v128.store(final, v0);
  if (!isSigned<F>() && L.finalCurrents) v128.store(L.finalCurrents + at, i0);
  if (sizeof<F>() != 4 && L.counts) count<T>(L.counts + at / sizeof<T>() * 4, c0);
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
  if (L.lagged) {
    if (!L.spikes) integrateAs<T, u32>(L, steps, h, hStride, v, vStride, bits, final, at, end);
    else if (L.plain) integrateAs<T, u8>(L, steps, h, hStride, v, vStride, bits, final, at, end);
    else integrateAs<T, u16>(L, steps, h, hStride, v, vStride, bits, final, at, end);
  } else if (L.full) integrateLif<T>(L, L.initial, L.currents, final, L.finalCurrents, steps, h, hStride, v, vStride, bits, at, end, L.sent);
  else if (!L.spikes) integrateAs<T, i32>(L, steps, h, hStride, v, vStride, bits, final, at, end);
  else if (L.plain) integrateAs<T, i8>(L, steps, h, hStride, v, vStride, bits, final, at, end);
  else if (!L.each && !L.replaces) integrateAs<T, i16>(L, steps, h, hStride, v, vStride, bits, final, at, end);
  else integrateAs<T, i64>(L, steps, h, hStride, v, vStride, bits, final, at, end);
}

/** All steps of a layer from its input currents; `scratch`: this thread's. `h` may be `v` (same stride): each current is read before its place is written. */
export function integrate<T>(P: Plan, L: Layer, steps: i32, h: usize, hStride: usize, v: usize, vStride: usize, bits: usize, final: usize, scratch: usize): void {
  if (L.spikes) memory.fill(bits, 0, <usize>(steps * L.plane));
  if (L.recurrent && L.spikes) integrateRecurrent<T>(L, steps, h, hStride, v, vStride, bits, final, L.sent, scratch + <usize>P.room);
  else if (!splitColumns<T>(P, L, steps, h, hStride, v, vStride, bits, final))
    integrateColumns<T>(L, steps, h, hStride, v, vStride, bits, final, 0, <usize>L.width * sizeof<T>());
  // Padding never spikes: its potential is 0, which is above a negative threshold, or what a convolution finds beside its last position.
  if (L.spikes && L.outputs & 3 && (L.convolution || load<T>(L.threshold) < 0)) {
    const last = <usize>(L.plane - 8);
    const keep = (<u64>1 << (<u64>L.outputs & 63)) - 1;
    for (let t = 0; t < steps; t++) {
      const at = bits + <usize>(t * L.plane) + last;
      store<u64>(at, load<u64>(at) & keep);
    }
  }
}
