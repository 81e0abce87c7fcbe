import { analog } from "./current";
import { Layer, Plan } from "./layout";
import { bitmask, broadcast, lanes } from "./vector";

// lif with all its options (src/network/neurons/lif.ts), a vector of neurons at a time with their state in registers: what the variants of
// dynamics.ts leave out. Which option holds is the layer's, so that branches go the same way in every step.

const DECAY_FIRST: i32 = 1;
const DELAYED_LOST: i32 = 2, SUBTRACTION_LATE: i32 = 3;

/** A neuron's number of spikes in the step: how often its potential holds its threshold, at most `most`. */
// @ts-ignore: decorator
@inline
function held<T>(m: v128, threshold: v128, most: v128): v128 {
  return v128.min<T>(v128.max<T>(v128.floor<T>(v128.div<T>(m, threshold)), i64x2.splat(0)), most);
}

/** Adds the spikes of a step to the counts, 32-bit integers. */
// @ts-ignore: decorator
@inline
function countAll<T>(counts: usize, sent: usize): void {
  for (let k = 0; k < lanes<T>(); k++) {
    const at = counts + (<usize>k << 2);
    store<i32>(at, load<i32>(at) + <i32>load<T>(sent + <usize>k * sizeof<T>()));
  }
}

/** The current with what arrives, and what a membrane is charged to before a reset that comes late. */
// @ts-ignore: decorator
@inline
function currentOf<T>(kind: i32, i: v128, h: v128, alpha: v128): v128 {
  if (kind == 0) return h;
  return kind == DECAY_FIRST ? v128.add<T>(v128.mul<T>(alpha, i), h) : v128.mul<T>(alpha, v128.add<T>(i, h));
}

/** What a spike leaves of m. */
// @ts-ignore: decorator
@inline
function left<T>(L: Layer, m: v128, s: v128, r: v128, by: v128, to: v128): v128 {
  if (L.replaces) return v128.bitselect(to, m, s);
  if (L.late == 0) return v128.sub<T>(m, v128.and(s, by));
  if (L.late != SUBTRACTION_LATE) return m;
  return v128.add<T>(v128.sub<T>(m, v128.and(by, v128.andnot(s, r))), v128.and(by, v128.andnot(r, s)));
}

/** `steps` steps of the vector `at`; `shift`: its place in the half word of spike bits. `sent`: of layers that send several spikes. */
function vector<T>(L: Layer, from: usize, currents: usize, final: usize, finalCurrents: usize, steps: i32, at: usize, h: usize, hStride: usize, v: usize, vStride: usize, bits: usize, shift: i32, sent: usize): void {
  const none = i64x2.splat(0);
  const beta = v128.load(L.beta + at), gain = v128.load(L.gain + at), offset = v128.load(L.offset + at);
  const one = sizeof<T>() == 4 ? f32x4.splat(1) : f64x2.splat(1);
  const leak = v128.mul<T>(v128.sub<T>(one, beta), v128.load(L.leakTo + at));
  const threshold = v128.load(L.threshold + at), lowest = v128.load(L.lowest + at);
  const by = v128.load(L.resetBy + at), to = v128.load(L.resetTo + at);
  const alpha = L.current ? v128.load(L.alpha + at) : none;
  const most = broadcast<T>(L.maxSpikes);
  const row = <usize>L.width * sizeof<T>(), counts = L.counts ? L.counts + at / sizeof<T>() * 4 : 0;
  let v0 = v128.load(from + at);
  let i0 = L.current ? v128.load(currents + at) : none;
  let c0 = none;
  for (let t = 0; t < steps; t++) {
    i0 = currentOf<T>(L.current, i0, v128.load(h), alpha);
    const u = v128.add<T>(v128.add<T>(v128.mul<T>(beta, v0), leak), v128.mul<T>(gain, v128.add<T>(i0, offset)));
    let m = u, s = none, r = none;
    if (L.spikes) {
      if (L.late) {
        r = v128.gt<T>(v0, threshold);
        m = L.late == DELAYED_LOST ? v128.andnot(u, r) : v128.sub<T>(u, v128.and(r, by));
      }
      if (sent) {
        const n = held<T>(m, threshold, most);
        s = v128.gt<T>(n, none);
        v128.store(sent, n);
        if (counts) countAll<T>(counts, sent);
        sent += row;
        v0 = L.replaces ? v128.bitselect(to, m, s) : v128.sub<T>(m, v128.mul<T>(by, n));
      } else {
        s = v128.gt<T>(m, threshold);
        c0 = sizeof<T>() == 4 ? i32x4.sub(c0, s) : i64x2.sub(c0, s);
        v0 = left<T>(L, m, s, r, by, to);
      }
      store<u16>(bits, <u16>(<u32>load<u16>(bits) | (bitmask<T>(s) << shift)));
    } else v0 = m;
    v0 = v128.max<T>(v0, lowest);
    v128.store(v, L.after ? v0 : m);
    h += hStride;
    v += vStride;
    bits += <usize>L.plane;
  }
  v128.store(final + at, v0);
  if (finalCurrents) v128.store(finalCurrents + at, i0);
  if (!counts || sent) return;
  if (sizeof<T>() == 4) v128.store(counts, i32x4.add(v128.load(counts), c0));
  else {
    store<i32>(counts, load<i32>(counts) + <i32>i64x2.extract_lane(c0, 0));
    store<i32>(counts, load<i32>(counts, 4) + <i32>i64x2.extract_lane(c0, 1), 4);
  }
}

/**
 * All steps of the neurons in the columns from `at` to `end`, as `integrateColumns`; from the potentials and currents given, to the final ones (currents 0:
 * none, or not wanted).
 */
export function integrateLif<T>(L: Layer, from: usize, currents: usize, final: usize, finalCurrents: usize, steps: i32, h: usize, hStride: usize, v: usize, vStride: usize, bits: usize, at: usize, end: usize, sent: usize): void {
  for (; at < end; at += 16) {
    const neuron = <i32>(at / sizeof<T>());
    vector<T>(L, from, currents, final, finalCurrents, steps, at, h + at, hStride, v + at, vStride, bits + (<usize>(neuron >> 4) << 1), neuron & 15, sent ? sent + at : 0);
  }
}

/**
 * All steps of a layer with recurrent weights: what its spikes of the step before bring is summed on its own, then added to what arrived. `room`: of this
 * thread, four rows: the spikes of the step before, what they bring, a step's currents, the synaptic current.
 */
export function integrateRecurrent<T>(L: Layer, steps: i32, h: usize, hStride: usize, v: usize, vStride: usize, bits: usize, final: usize, sent: usize, room: usize): void {
  const row = <usize>L.width * sizeof<T>();
  const before = room, brought = room + row, arrives = room + 2 * row, currents = L.finalCurrents ? L.finalCurrents : room + 3 * row;
  memory.copy(before, L.before, row);
  memory.copy(final, L.initial, row);
  if (L.current) memory.copy(currents, L.currents, row);
  for (let t = 0; t < steps; t++) {
    analog<T>(before, L.outputs, L.width, L.recurrent, 0, brought);
    for (let at: usize = 0; at < row; at += 16) v128.store(arrives + at, v128.add<T>(v128.load(h + at), v128.load(brought + at)));
    integrateLif<T>(L, final, currents, final, L.current ? currents : 0, 1, arrives, 0, v, 0, bits, 0, row, sent);
    if (sent) {
      memory.copy(before, sent, row);
      sent += row;
    } else spread<T>(bits, before, L.outputs);
    h += hStride;
    v += vStride;
    bits += <usize>L.plane;
  }
}

/** Spike bits as values. */
function spread<T>(bits: usize, to: usize, n: i32): void {
  for (let j = 0; j < n; j++) store<T>(to + <usize>j * sizeof<T>(), <T>((load<u8>(bits + <usize>(j >> 3)) >> <u8>(j & 7)) & 1));
}
