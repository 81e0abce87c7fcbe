import { Layer, Plan } from "./layout";
import { noted, surrogate } from "./surrogate";
import { unrollFull } from "./unroll-lif";
import { broadcast } from "./vector";

// A layer's gradients through time (equations in src/engines/reference/gradients.ts), one vector of neurons at a time with its state in
// registers. dh[t] replaces v[t], which is needed no more. On the way: when each neuron spiked, the spikes weighted by the output's
// coefficients, and the sum of dh.
//
// F: u8 with the default surrogate, a detached reset and no price on spikes, of a plain layer (lagged-lif) or one that resets by subtraction (lif), else u16.
// C: u8 if gs is one vector times coefficients, else u16.

/** lagged-lif, of which x is v[t], the potential before the step. */
// @ts-ignore: decorator
@inline
function unrollLagged<F, C>(P: Plan, L: Layer, v: usize, gs: usize, coefficients: usize, times: usize, weighted: usize, summed: usize, row: usize): void {
  const none = i64x2.splat(0);
  const threshold = broadcast<f32>(L.threshold), by = broadcast<f32>(L.resetBy);
  const alpha = broadcast<f32>(L.alpha), beta = broadcast<f32>(L.beta);
  const scale = f32x4.splat(<f32>P.scale);
  const kind = sizeof<F>() == 1 ? 0 : P.surrogate;
  const replaces = sizeof<F>() == 1 ? 0 : L.replaces;
  const detached = sizeof<F>() == 1 ? 1 : P.detached;
  const q = v128.load(gs);
  let gv = none, gi = none, bits = none, weight = none, sum = none;
  let at = v + <usize>(L.steps - 1) * row;
  let from = gs + <usize>(L.steps - 1) * row;
  for (let t = L.steps - 1; t >= 0; t--) {
    const x = v128.load(at);
    const s = f32x4.gt(x, threshold);
    v128.store(at, gi);
    sum = f32x4.add(sum, gi);
    if (sizeof<C>() == 1) weight = f32x4.add(weight, v128.and(s, v128.load32_splat(coefficients + (<usize>t << 2))));
    else bits = noted(bits, s, t, times, row);
    const through = replaces ? v128.andnot(gv, s) : gv;
    if (sizeof<F>() == 1) gi = through;
    else gi = f32x4.add(through, f32x4.mul(alpha, gi));
    if (t >= 2) {
      let g = sizeof<C>() == 1 ? f32x4.mul(q, v128.load32_splat(coefficients + (<usize>t << 2))) : v128.load(from);
      if (!detached) g = f32x4.sub(g, f32x4.mul(by, gv));
      const d = f32x4.mul(surrogate(kind, f32x4.sub(x, threshold), scale), g);
      gv = f32x4.add(sizeof<F>() == 1 ? through : f32x4.mul(beta, through), d);
    }
    at -= row;
    from -= row;
  }
  if (sizeof<C>() == 1) v128.store(weighted, weight);
  v128.store(summed, sum);
}

/** dR/ds of every spike of a vector of neurons (src/network/regulariser.ts): 2 strength / (B N T) max(0, spikes / T - rate). */
// @ts-ignore: decorator
@inline
function price(P: Plan, L: Layer, threshold: v128, v: usize, row: usize): v128 {
  let spikes = i64x2.splat(0);
  for (let t = 0, at = v; t < L.steps; t++, at += row) spikes = i32x4.sub(spikes, f32x4.gt(v128.load(at), threshold));
  const steps = f32x4.splat(<f32>L.steps);
  const excess = f32x4.max(f32x4.splat(0), f32x4.sub(f32x4.div(f32x4.convert_i32x4_s(spikes), steps), f32x4.splat(<f32>P.priceRate)));
  const weight = (2 * P.priceStrength) / (<f64>P.batch * <f64>L.outputs * <f64>L.steps);
  return f32x4.mul(excess, f32x4.splat(<f32>weight));
}

/** lif, of which x is m[t]: gm = gv through the reset + surrogate gs, dh = gm, gv[t-1] = beta gm. `neurons`: where the vector's parameters lie. */
// @ts-ignore: decorator
@inline
function unrollLif<F, C>(
  P: Plan, L: Layer, neurons: usize, v: usize, gs: usize, coefficients: usize, times: usize, weighted: usize, summed: usize, row: usize,
): void {
  const none = i64x2.splat(0);
  const threshold = v128.load(L.threshold + neurons), beta = v128.load(L.beta + neurons), by = v128.load(L.resetBy + neurons);
  const scale = f32x4.splat(<f32>P.scale);
  const kind = sizeof<F>() == 1 ? 0 : P.surrogate;
  const q = v128.load(gs);
  const priced = sizeof<F>() > 1 && P.priceStrength > 0;
  const each = priced ? price(P, L, threshold, v, row) : none;
  let gv = none, bits = none, weight = none, sum = none;
  let at = v + <usize>(L.steps - 1) * row;
  let from = gs + <usize>(L.steps - 1) * row;
  for (let t = L.steps - 1; t >= 0; t--) {
    const x = v128.load(at);
    const s = f32x4.gt(x, threshold);
    if (sizeof<C>() == 1) weight = f32x4.add(weight, v128.and(s, v128.load32_splat(coefficients + (<usize>t << 2))));
    else bits = noted(bits, s, t, times, row);
    let g = sizeof<C>() == 1 ? f32x4.mul(q, v128.load32_splat(coefficients + (<usize>t << 2))) : v128.load(from);
    if (priced) g = f32x4.add(g, each);
    if (sizeof<F>() > 1 && !P.detached) g = f32x4.sub(g, f32x4.mul(by, gv));
    const through = sizeof<F>() > 1 && L.replaces ? v128.andnot(gv, s) : gv;
    const gm = f32x4.add(through, f32x4.mul(surrogate(kind, f32x4.sub(x, threshold), scale), g));
    v128.store(at, gm);
    sum = f32x4.add(sum, gm);
    gv = f32x4.mul(beta, gm);
    at -= row;
    from -= row;
  }
  if (sizeof<C>() == 1) v128.store(weighted, weight);
  v128.store(summed, sum);
}

// @ts-ignore: decorator
@inline
function unroll<F, C>(P: Plan, L: Layer, at: usize, v: usize, gs: usize, coefficients: usize, times: usize, weighted: usize, summed: usize, row: usize): void {
  if (L.lagged) unrollLagged<F, C>(P, L, v + at, gs + at, coefficients, times + at, weighted + at, summed + at, row);
  else unrollLif<F, C>(P, L, at, v + at, gs + at, coefficients, times + at, weighted + at, summed + at, row);
}

/** `coefficients`: gs is one vector, times these; 0: gs is [steps, width]. */
export function spikeGradients(P: Plan, L: Layer, v: usize, gs: usize, coefficients: usize, times: usize, weighted: usize, summed: usize): void {
  const row = <usize>L.width << 2;
  const simple = P.detached && P.surrogate == 0 && P.priceStrength == 0 && (L.lagged ? L.plain : !L.replaces);
  for (let at: usize = 0; at < row; at += 16) {
    if (L.full) unrollFull(P, L, at, v + at, gs + at, coefficients, times + at, weighted + at, summed + at, row);
    else if (simple && coefficients) unroll<u8, u8>(P, L, at, v, gs, coefficients, times, weighted, summed, row);
    else if (simple) unroll<u8, u16>(P, L, at, v, gs, coefficients, times, weighted, summed, row);
    else if (coefficients) unroll<u16, u8>(P, L, at, v, gs, coefficients, times, weighted, summed, row);
    else unroll<u16, u16>(P, L, at, v, gs, coefficients, times, weighted, summed, row);
  }
}
