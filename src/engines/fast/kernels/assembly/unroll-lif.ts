import { Layer, Plan } from "./layout";
import { addLearned, afterReset, noted, price, surrogate } from "./surrogate";

// The way back through time for lif with all its options (equations in src/engines/reference/neuron-gradients.ts) but subtraction-late and several
// spikes: one vector of neurons, from m[t] alone. Where a reset comes late, the spike of the step before is that of m[t-1]: no lower bound lies above
// a threshold there. Attached (not detached) are resets by subtraction, in the same step or in the next.

const INPUT_FIRST: i32 = 2;
const DELAYED_LOST: i32 = 2;

/** As unroll.ts's, of v[t-1] the part above the resting potential; `neurons`: where the vector's parameters lie. */
export function unrollFull(
  P: Plan, L: Layer, neurons: usize, v: usize, gs: usize, coefficients: usize, times: usize, weighted: usize, summed: usize, row: usize, learned: usize,
): void {
  const none = i64x2.splat(0);
  const threshold = v128.load(L.threshold + neurons), beta = v128.load(L.beta + neurons), by = v128.load(L.resetBy + neurons);
  const gain = v128.load(L.gain + neurons), to = v128.load(L.resetTo + neurons), lowest = v128.load(L.lowest + neurons);
  const alpha = L.current ? v128.load(L.alpha + neurons) : none;
  const scale = f32x4.splat(<f32>P.scale);
  const attached = !P.detached;
  const q = v128.load(gs);
  const each = L.price > 0 ? price(P, L, threshold, v, row) : none;
  let gv = none, kept = none, bits = none, weight = none, sum = none, leaks = none, thresholds = none;
  let at = v + <usize>(L.steps - 1) * row;
  let from = gs + <usize>(L.steps - 1) * row;
  for (let t = L.steps - 1; t >= 0; t--) {
    const m = v128.load(at);
    const before = t > 0 ? v128.load(at - row) : v128.load(L.initial + neurons);
    const s = f32x4.gt(m, threshold);
    const r = L.late ? f32x4.gt(before, threshold) : none;
    if (coefficients) weight = f32x4.add(weight, v128.and(s, v128.load32_splat(coefficients + (<usize>t << 2))));
    else bits = noted(bits, s, t, times, row);
    const w = L.replaces ? v128.bitselect(to, m, s) : L.late ? m : f32x4.sub(m, v128.and(s, by));
    const gw = v128.and(gv, f32x4.gt(w, lowest));
    let g = coefficients ? f32x4.mul(q, v128.load32_splat(coefficients + (<usize>t << 2))) : v128.load(from);
    g = f32x4.add(g, each);
    if (attached && !L.late) g = f32x4.sub(g, f32x4.mul(by, gw));
    const through = L.replaces ? v128.andnot(gw, s) : gw;
    const atSpike = f32x4.mul(surrogate(P.surrogate, f32x4.sub(m, threshold), scale), g);
    const gm = f32x4.add(through, atSpike);
    const gu = L.late == DELAYED_LOST ? v128.andnot(gm, r) : gm;
    const all = f32x4.add(f32x4.mul(gain, gu), kept);
    const decayed = f32x4.mul(alpha, all);
    const gh = L.current == INPUT_FIRST ? decayed : all;
    kept = L.current ? decayed : none;
    v128.store(at, gh);
    sum = f32x4.add(sum, gh);
    gv = f32x4.mul(beta, gu);
    if (learned) {
      const left = t == 0 ? before : f32x4.max(L.late ? before : afterReset(L, before, threshold, by, to), lowest);
      leaks = f32x4.add(leaks, f32x4.mul(f32x4.sub(left, v128.load(L.leakTo + neurons)), gu));
      thresholds = f32x4.sub(thresholds, atSpike);
    }
    if (attached && L.late) {
      const distance = f32x4.sub(f32x4.max(before, lowest), threshold);
      const atLate = f32x4.mul(surrogate(P.surrogate, distance, scale), f32x4.mul(by, gm));
      gv = f32x4.sub(gv, atLate);
      thresholds = f32x4.add(thresholds, atLate);
    }
    at -= row;
    from -= row;
  }
  if (coefficients) v128.store(weighted, weight);
  v128.store(summed, sum);
  if (learned) addLearned(learned, row, leaks, thresholds);
}
