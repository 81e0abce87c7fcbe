import { Layer } from "./layout";
import { multiplyRows } from "./matrix";

// Wide layers outside training: weights lie in panels [inputs, 128 bytes], so that a block of a panel's rows stays in the first-level cache for
// all steps. Sums go on from block to block: ascending order, as everywhere.

export const PANEL: usize = 128;
/** Rows of a panel that are used together: 16 KiB. */
const BLOCK: i32 = 128;

/** The first `count` vectors of a panel in one step: the rows listed, added to what is there unless `first`; then the bias where `biases`. */
// @ts-ignore: decorator
@inline
function addPanel<T>(list: usize, end: usize, weights: usize, biases: usize, out: usize, count: i32, first: bool): void {
  const zero = i64x2.splat(0);
  let a0 = zero, a1 = zero, a2 = zero, a3 = zero, a4 = zero, a5 = zero, a6 = zero, a7 = zero;
  if (!first) {
    a0 = v128.load(out);
    a1 = v128.load(out, 16);
    a2 = v128.load(out, 32);
    a3 = v128.load(out, 48);
    a4 = v128.load(out, 64);
    a5 = v128.load(out, 80);
    a6 = v128.load(out, 96);
    a7 = v128.load(out, 112);
  }
  for (; list < end; list += 4) {
    const p = weights + <usize>load<u32>(list);
    a0 = v128.add<T>(a0, v128.load(p));
    a1 = v128.add<T>(a1, v128.load(p, 16));
    a2 = v128.add<T>(a2, v128.load(p, 32));
    a3 = v128.add<T>(a3, v128.load(p, 48));
    a4 = v128.add<T>(a4, v128.load(p, 64));
    a5 = v128.add<T>(a5, v128.load(p, 80));
    a6 = v128.add<T>(a6, v128.load(p, 96));
    a7 = v128.add<T>(a7, v128.load(p, 112));
  }
  if (biases) {
    a0 = v128.add<T>(a0, v128.load(biases));
    a1 = v128.add<T>(a1, v128.load(biases, 16));
    a2 = v128.add<T>(a2, v128.load(biases, 32));
    a3 = v128.add<T>(a3, v128.load(biases, 48));
    a4 = v128.add<T>(a4, v128.load(biases, 64));
    a5 = v128.add<T>(a5, v128.load(biases, 80));
    a6 = v128.add<T>(a6, v128.load(biases, 96));
    a7 = v128.add<T>(a7, v128.load(biases, 112));
  }
  v128.store(out, a0);
  if (count > 1) v128.store(out, a1, 16);
  if (count > 2) v128.store(out, a2, 32);
  if (count > 3) v128.store(out, a3, 48);
  if (count > 4) v128.store(out, a4, 64);
  if (count > 5) v128.store(out, a5, 80);
  if (count > 6) v128.store(out, a6, 96);
  if (count > 7) v128.store(out, a7, 112);
}

/** How many panels a layer's weights lie in. */
export function panelsOf<T>(L: Layer): i32 {
  return <i32>((<usize>L.width * sizeof<T>() + PANEL - 1) / PANEL);
}

/** out [steps, width] = rows of W of the neurons that spiked + b, in the panels from `panel` to `last`. Scratch: [steps, blocks + 1] then every spike, 32-bit integers. */
export function eventPanels<T>(L: Layer, steps: i32, bits: usize, plane: i32, out: usize, scratch: usize, panel: i32, last: i32): void {
  const row = min(<usize>L.width * sizeof<T>(), <usize>last * PANEL);
  const blocks = (L.inputs + BLOCK - 1) / BLOCK;
  const ends = scratch;
  const list = ends + (<usize>(steps * blocks + 1) << 2);
  let to = list;
  for (let t = 0, end = ends; t < steps; t++)
    for (let k = 0; k < blocks; k++, end += 4) {
      for (let w = 0; w < BLOCK >> 6; w++) {
        const at = (k * (BLOCK >> 6) + w) << 3;
        if (at >= plane) break;
        let m = load<u64>(bits + <usize>(t * plane + at));
        while (m) {
          store<u32>(to, ((<u32>at << 3) + <u32>ctz(m)) * <u32>PANEL);
          to += 4;
          m &= m - 1;
        }
      }
      store<u32>(end, <u32>(to - list));
    }
  const stride = <usize>L.width * sizeof<T>();
  let weights = L.weights + <usize>panel * <usize>L.inputs * PANEL;
  for (let at = <usize>panel * PANEL; at < row; at += PANEL, weights += <usize>L.inputs * PANEL) {
    const count = <i32>min<usize>(8, (row - at) >> 4);
    for (let k = 0; k < blocks; k++) {
      const b = L.biases && k == blocks - 1 ? L.biases + at : 0;
      for (let t = 0; t < steps; t++) {
        const entry = t * blocks + k;
        const from = list + (entry ? <usize>load<u32>(ends + (<usize>(entry - 1) << 2)) : 0);
        const end = list + <usize>load<u32>(ends + (<usize>entry << 2));
        if (from < end || b || !k) addPanel<T>(from, end, weights, b, out + <usize>t * stride + at, count, !k);
      }
    }
  }
}

/** C [rows, width] = A [rows, inputs] W, without biases, in float32. */
export function multiplyPanels(L: Layer, rows: i32, a: usize, aRow: usize, c: usize): void {
  const row = <usize>L.width << 2;
  for (let at: usize = 0, weights = L.weights; at < row; at += PANEL, weights += <usize>L.inputs * PANEL)
    multiplyRows(rows, L.inputs, <i32>(min<usize>(PANEL, row - at) >> 2), a, aRow, 4, weights, PANEL, c + at, row);
}
