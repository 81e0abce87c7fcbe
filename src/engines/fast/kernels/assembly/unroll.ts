import { Layer, Plan } from "./layout";
import { addLearned, afterReset, noted, price, surrogate } from "./surrogate";
import { unrollFull } from "./unroll-lif";
import { broadcast } from "./vector";

// A layer's gradients through time (equations in src/engines/reference/gradients.ts), one vector of neurons at a time with its state in
// registers. dh[t] replaces v[t], which is needed no more. On the way: when each neuron spiked, the spikes weighted by the output's
// coefficients, and the sum of dh.
//
// F: u8 with the default surrogate, a detached reset, no price on spikes and no learned leak or threshold, of a plain layer (lagged-lif) or one that resets by subtraction (lif), else u16.
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

/**
 * lif, of which x is m[t]: gm = gv through the reset + surrogate gs, dh = gm, gv[t-1] = beta gm. `neurons`: where the vector's parameters lie; `learned`: the
 * gradients of its leaks and thresholds, dbeta = sum_t v[t-1] gm[t] and dthreshold = -sum_t surrogate gs[t]; 0: none.
 */
// @ts-ignore: decorator
@inline
function unrollLif<F, C>(
  P: Plan, L: Layer, neurons: usize, v: usize, gs: usize, coefficients: usize, times: usize, weighted: usize, summed: usize, row: usize, learned: usize,
): void {
  const none = i64x2.splat(0);
  const threshold = v128.load(L.threshold + neurons), beta = v128.load(L.beta + neurons), by = v128.load(L.resetBy + neurons);
  const to = sizeof<F>() > 1 && L.replaces ? v128.load(L.resetTo + neurons) : none;
  const scale = f32x4.splat(<f32>P.scale);
  const kind = sizeof<F>() == 1 ? 0 : P.surrogate;
  const q = v128.load(gs);
  const priced = sizeof<F>() > 1 && L.price > 0;
  const each = priced ? price(P, L, threshold, v, row) : none;
  let gv = none, bits = none, weight = none, sum = none, leaks = none, thresholds = none;
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
    const atSpike = f32x4.mul(surrogate(kind, f32x4.sub(x, threshold), scale), g);
    const gm = f32x4.add(through, atSpike);
    if (sizeof<F>() > 1 && learned) {
      const before = t > 0 ? afterReset(L, v128.load(at - row), threshold, by, to) : v128.load(L.initial + neurons);
      leaks = f32x4.add(leaks, f32x4.mul(before, gm));
      thresholds = f32x4.sub(thresholds, atSpike);
    }
    v128.store(at, gm);
    sum = f32x4.add(sum, gm);
    gv = f32x4.mul(beta, gm);
    at -= row;
    from -= row;
  }
  if (sizeof<C>() == 1) v128.store(weighted, weight);
  v128.store(summed, sum);
  if (sizeof<F>() > 1 && learned) addLearned(learned, row, leaks, thresholds);
}

// @ts-ignore: decorator
@inline
function unroll<F, C>(
  P: Plan, L: Layer, at: usize, v: usize, gs: usize, coefficients: usize, times: usize, weighted: usize, summed: usize, row: usize, learned: usize,
): void {
  if (L.lagged) unrollLagged<F, C>(P, L, v + at, gs + at, coefficients, times + at, weighted + at, summed + at, row);
  else unrollLif<F, C>(P, L, at, v + at, gs + at, coefficients, times + at, weighted + at, summed + at, row, learned);
}

/** `coefficients`: gs is one vector, times these; 0: gs is [steps, width]. `gradients`: of the chunk. */
export function spikeGradients(
  P: Plan, L: Layer, gradients: usize, v: usize, gs: usize, coefficients: usize, times: usize, weighted: usize, summed: usize,
): void {
  const row = <usize>L.width << 2;
  const simple = P.detached && P.surrogate == 0 && L.price == 0 && !L.learned && (L.lagged ? L.plain : !L.replaces);
  for (let at: usize = 0; at < row; at += 16) {
    const learned = L.learned ? gradients + L.learned + at : 0;
    if (L.full) unrollFull(P, L, at, v + at, gs + at, coefficients, times + at, weighted + at, summed + at, row, learned);
    else if (simple && coefficients) unroll<u8, u8>(P, L, at, v, gs, coefficients, times, weighted, summed, row, 0);
    else if (simple) unroll<u8, u16>(P, L, at, v, gs, coefficients, times, weighted, summed, row, 0);
    else if (coefficients) unroll<u16, u8>(P, L, at, v, gs, coefficients, times, weighted, summed, row, learned);
    else unroll<u16, u16>(P, L, at, v, gs, coefficients, times, weighted, summed, row, learned);
  }
}
