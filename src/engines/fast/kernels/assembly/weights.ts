// Gradients of weights and biases, added to what is there.

/** y [width] += factor x [width] */
export function addScaled(y: usize, x: usize, factor: f32, width: i32): void {
  const f = f32x4.splat(factor);
  for (let at: usize = 0, end = <usize>width << 2; at < end; at += 16)
    v128.store(y + at, f32x4.add(v128.load(y + at), f32x4.mul(f, v128.load(x + at))));
}

/** G [inputs, width] += factor x [inputs]^T d [width] */
export function addOuterProduct(gradients: usize, x: usize, inputs: i32, d: usize, width: i32, factor: f32): void {
  const row = <usize>width << 2;
  for (let i = 0; i < inputs; i++) {
    const s = f32x4.splat(load<f32>(x + (<usize>i << 2)) * factor);
    for (let at: usize = 0; at < row; at += 16)
      v128.store(gradients + at, f32x4.add(v128.load(gradients + at), f32x4.mul(s, v128.load(d + at))));
    gradients += row;
  }
}

/** sizeof<K>() vectors of one row of G, of which `count` are stored: the dh of the steps in which the neuron spiked. */
// @ts-ignore: decorator
@inline
function addSteps<K>(g: usize, times: usize, timesRow: usize, blocks: i32, dh: usize, row: usize, count: i32): void {
  const zero = i64x2.splat(0);
  let a0 = zero, a1 = zero, a2 = zero, a3 = zero, a4 = zero, a5 = zero, a6 = zero, a7 = zero;
  for (let k = 0; k < blocks; k++) {
    let m = load<u32>(times + <usize>k * timesRow);
    const base = dh + <usize>(k << 5) * row;
    while (m) {
      const p = base + <usize>ctz(m) * row;
      m &= m - 1;
      a0 = f32x4.add(a0, v128.load(p));
      if (sizeof<K>() > 1) {
        a1 = f32x4.add(a1, v128.load(p, 16));
        a2 = f32x4.add(a2, v128.load(p, 32));
        a3 = f32x4.add(a3, v128.load(p, 48));
      }
      if (sizeof<K>() > 4) {
        a4 = f32x4.add(a4, v128.load(p, 64));
        a5 = f32x4.add(a5, v128.load(p, 80));
        a6 = f32x4.add(a6, v128.load(p, 96));
        a7 = f32x4.add(a7, v128.load(p, 112));
      }
    }
  }
  v128.store(g, f32x4.add(v128.load(g), a0));
  if (sizeof<K>() > 1) {
    if (count > 1) v128.store(g, f32x4.add(v128.load(g, 16), a1), 16);
    if (count > 2) v128.store(g, f32x4.add(v128.load(g, 32), a2), 32);
    if (count > 3) v128.store(g, f32x4.add(v128.load(g, 48), a3), 48);
  }
  if (sizeof<K>() > 4) {
    if (count > 4) v128.store(g, f32x4.add(v128.load(g, 64), a4), 64);
    if (count > 5) v128.store(g, f32x4.add(v128.load(g, 80), a5), 80);
    if (count > 6) v128.store(g, f32x4.add(v128.load(g, 96), a6), 96);
    if (count > 7) v128.store(g, f32x4.add(v128.load(g, 112), a7), 112);
  }
}

/** G [inputs, width] += sum_t s[t]^T dh[t], from the steps in which each input spiked: `times` [blocks of 32 steps, inputs] bits. */
export function addEventProduct(gradients: usize, times: usize, timesRow: usize, inputs: i32, dh: usize, width: i32, steps: i32): void {
  const row = <usize>width << 2;
  const blocks = (steps + 31) >> 5;
  for (let i = 0; i < inputs; i++) {
    const mine = times + (<usize>i << 2);
    let spikes: u32 = 0;
    for (let k = 0; k < blocks; k++) spikes |= load<u32>(mine + <usize>k * timesRow);
    let at: usize = spikes ? 0 : row;
    while (at < row) {
      const left = <i32>((row - at) >> 4);
      if (left > 4) {
        addSteps<u64>(gradients + at, mine, timesRow, blocks, dh + at, row, min(left, 8));
        at += 128;
      } else if (left > 1) {
        addSteps<u32>(gradients + at, mine, timesRow, blocks, dh + at, row, left);
        at += 64;
      } else {
        addSteps<u8>(gradients + at, mine, timesRow, blocks, dh + at, row, 1);
        at += 16;
      }
    }
    gradients += row;
  }
}
