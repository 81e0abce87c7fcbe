// What the ways back through time share (unroll.ts, unroll-lif.ts).

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
