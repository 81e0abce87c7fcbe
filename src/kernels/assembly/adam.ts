/**
 * One step of Adam in float32, PyTorch's order of operations; all arrays padded to whole vectors.
 *   m += (1 - beta1) (g - m)      v = beta2 v + (1 - beta2) g g      p -= stepSize m / (sqrt(v) / correction + epsilon)
 */
export function adam(size: i32, p: usize, g: usize, m: usize, v: usize, beta1: f64, beta2: f64, stepSize: f64, correction: f64, epsilon: f64): void {
  const b1 = f32x4.splat(<f32>(1 - beta1)), b2 = f32x4.splat(<f32>beta2), c2 = f32x4.splat(<f32>(1 - beta2));
  const size1 = f32x4.splat(<f32>stepSize), root = f32x4.splat(<f32>correction), eps = f32x4.splat(<f32>epsilon);
  for (let at: usize = 0, end = <usize>size << 2; at < end; at += 16) {
    const x = v128.load(g + at);
    let a = v128.load(m + at);
    a = f32x4.add(a, f32x4.mul(b1, f32x4.sub(x, a)));
    v128.store(m + at, a);
    const b = f32x4.add(f32x4.mul(b2, v128.load(v + at)), f32x4.mul(c2, f32x4.mul(x, x)));
    v128.store(v + at, b);
    const denominator = f32x4.add(f32x4.div(f32x4.sqrt(b), root), eps);
    v128.store(p + at, f32x4.sub(v128.load(p + at), f32x4.div(f32x4.mul(size1, a), denominator)));
  }
}
