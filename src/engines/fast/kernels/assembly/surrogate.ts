// What the ways back through time share (unroll.ts, unroll-lif.ts).

import { Layer, Plan } from "./layout";

/** The surrogate derivative at x: 0 fast sigmoid, 1 arctan, 2 triangular (src/network/surrogate.ts). */
// @ts-ignore: decorator
@inline
export function surrogate(kind: i32, x: v128, scale: v128): v128 {
  const one = f32x4.splat(1);
  if (kind == 1) {
    const u = f32x4.mul(x, scale);
    return f32x4.div(one, f32x4.add(one, f32x4.mul(u, u)));
  }
  const u = f32x4.mul(f32x4.abs(x), scale);
  if (kind == 2) return f32x4.max(f32x4.splat(0), f32x4.sub(one, u));
  const d = f32x4.add(u, one);
  return f32x4.div(one, f32x4.mul(d, d));
}

/** The spikes of a block of 32 steps, one bit per step, with those of step t; written to `times` with the block's first. */
// @ts-ignore: decorator
@inline
export function noted(bits: v128, s: v128, t: i32, times: usize, row: usize): v128 {
  bits = v128.or(bits, v128.and(s, i32x4.splat(1 << (t & 31))));
  if (t & 31) return bits;
  v128.store(times + <usize>(t >> 5) * row, bits);
  return i64x2.splat(0);
}

/** dR/ds of every spike of a vector of neurons (src/network/regulariser.ts): 2 strength / (B N T) max(0, spikes / T - rate). */
// @ts-ignore: decorator
@inline
export function price(P: Plan, L: Layer, threshold: v128, v: usize, row: usize): v128 {
  let spikes = i64x2.splat(0);
  for (let t = 0, at = v; t < L.steps; t++, at += row) spikes = i32x4.sub(spikes, f32x4.gt(v128.load(at), threshold));
  const steps = f32x4.splat(<f32>L.steps);
  const excess = f32x4.max(f32x4.splat(0), f32x4.sub(f32x4.div(f32x4.convert_i32x4_s(spikes), steps), f32x4.splat(<f32>P.priceRate)));
  const weight = (2 * L.price) / (<f64>P.batch * <f64>L.outputs * <f64>L.steps);
  return f32x4.mul(excess, f32x4.splat(<f32>weight));
}

/** lif's potential after a step, from that before its reset in the same step: v[t] of m[t]. */
// @ts-ignore: decorator
@inline
export function afterReset(L: Layer, m: v128, threshold: v128, by: v128, to: v128): v128 {
  const s = f32x4.gt(m, threshold);
  return L.replaces ? v128.bitselect(to, m, s) : f32x4.sub(m, v128.and(s, by));
}

/** Adds to the gradients of a vector of neurons' leaks, and a row behind, of their thresholds. */
// @ts-ignore: decorator
@inline
export function addLearned(learned: usize, row: usize, leaks: v128, thresholds: v128): void {
  v128.store(learned, f32x4.add(v128.load(learned), leaks));
  v128.store(learned + row, f32x4.add(v128.load(learned + row), thresholds));
}
