// Element-wise updates of flat float32 arrays: whole vectors first, then what is left one by one, with the same roundings.

/**
 * One step of Adam in float32, PyTorch's order of operations:
 *   m += (1 - beta1) (g - m)      v = beta2 v + (1 - beta2) g g      p -= stepSize m / (sqrt(v) / correction + epsilon)
 */
export function adam(size: i32, p: usize, g: usize, m: usize, v: usize, beta1: f64, beta2: f64, stepSize: f64, correction: f64, epsilon: f64): void {
  const b1 = <f32>(1 - beta1), b2 = <f32>beta2, c2 = <f32>(1 - beta2), lr = <f32>stepSize, root = <f32>correction, eps = <f32>epsilon;
  const vb1 = f32x4.splat(b1), vb2 = f32x4.splat(b2), vc2 = f32x4.splat(c2), vlr = f32x4.splat(lr), vroot = f32x4.splat(root), veps = f32x4.splat(eps);
  const end = <usize>size << 2;
  let at: usize = 0;
  for (; at + 16 <= end; at += 16) {
    const x = v128.load(g + at);
    let a = v128.load(m + at);
    a = f32x4.add(a, f32x4.mul(vb1, f32x4.sub(x, a)));
    v128.store(m + at, a);
    const b = f32x4.add(f32x4.mul(vb2, v128.load(v + at)), f32x4.mul(vc2, f32x4.mul(x, x)));
    v128.store(v + at, b);
    const denominator = f32x4.add(f32x4.div(f32x4.sqrt(b), vroot), veps);
    v128.store(p + at, f32x4.sub(v128.load(p + at), f32x4.div(f32x4.mul(vlr, a), denominator)));
  }
  for (; at < end; at += 4) {
    const x = load<f32>(g + at);
    let a = load<f32>(m + at);
    a = a + b1 * (x - a);
    store<f32>(m + at, a);
    const b = b2 * load<f32>(v + at) + c2 * (x * x);
    store<f32>(v + at, b);
    store<f32>(p + at, load<f32>(p + at) - (lr * a) / (sqrt<f32>(b) / root + eps));
  }
}

/** Clamps to [-limit, limit]; NaN stays. */
export function clamp(size: i32, p: usize, limit: f64): void {
  const high = f32x4.splat(<f32>limit), low = f32x4.splat(-<f32>limit);
  const end = <usize>size << 2;
  let at: usize = 0;
  for (; at + 16 <= end; at += 16) v128.store(p + at, f32x4.max(f32x4.min(v128.load(p + at), high), low));
  for (; at < end; at += 4) store<f32>(p + at, max<f32>(min<f32>(load<f32>(p + at), <f32>limit), -<f32>limit));
}
