import { Layer, LAYER_BYTES, Plan } from "./layout";
import { multiply } from "./matrix";
import { unpad } from "./parameters";

// A dense network without neurons on a chunk of states. A layer's `values` are its activations [batch, width], its `final` the derivatives of the loss
// with respect to its inputs, [batch, width].

/** a = max(a + b, 0) (no maximum in a linear layer) for [rows, width]. */
function activate(L: Layer, a: usize, rows: i32): void {
  const row = <usize>L.width << 2, biases = L.biases;
  const floor = L.linear ? f32x4.splat(-Infinity) : f32x4.splat(0);
  for (let r = 0; r < rows; r++) {
    for (let at: usize = 0; at < row; at += 16) {
      let z = v128.load(a + at);
      if (biases) z = f32x4.add(z, v128.load(biases + at));
      v128.store(a + at, f32x4.max(z, floor));
    }
    a += row;
  }
}

export function denseForwardChunk(plan: usize, chunk: i32, scratch: usize): void {
  const P = changetype<Plan>(plan);
  const first = chunk * P.chunk;
  const rows = min(P.chunk, P.batch - first);
  let x = P.observations, xRow = <usize>changetype<Layer>(P.layers).inputs << 2;
  for (let l = 0; l < P.depth; l++) {
    const L = changetype<Layer>(P.layers + <usize>l * LAYER_BYTES);
    const row = <usize>L.width << 2;
    const a = L.values + <usize>first * row;
    multiply(rows, L.inputs, L.width, x + <usize>first * xRow, xRow, 4, L.weights, a, row);
    activate(L, a, rows);
    x = L.values;
    xRow = row;
    if (l == P.depth - 1) unpad(rows, L.outputs, L.width, a, P.outputs + <usize>(first * L.outputs << 2));
  }
}

export function denseBackwardChunk(plan: usize, chunk: i32, scratch: usize): void {
  const P = changetype<Plan>(plan);
  const gradients = P.gradients + <usize>chunk * <usize>P.gradientBytes;
  const first = chunk * P.chunk;
  const rows = min(P.chunk, P.batch - first);
  const top = changetype<Layer>(P.layers + <usize>(P.depth - 1) * LAYER_BYTES);
  let d = P.outputGradients + <usize>(first * top.width << 2);
  for (let l = P.depth - 1; l >= 0; l--) {
    const L = changetype<Layer>(P.layers + <usize>l * LAYER_BYTES);
    const row = <usize>L.width << 2;
    const before = changetype<Layer>(P.layers + <usize>max(l - 1, 0) * LAYER_BYTES);
    const xRow = <usize>(l ? before.width : L.inputs) << 2;
    const x = (l ? before.values : P.observations) + <usize>first * xRow;
    const G = gradients + L.gradient;
    multiply(L.inputs, rows, L.width, x, 4, xRow, d, G, row);
    if (L.biases) sumRows(d, rows, row, G + <usize>L.inputs * row);
    if (!l) break;
    const below = before.final + <usize>first * xRow;
    multiply(rows, L.outputs, before.width, d, row, 4, L.transposed, below, xRow);
    for (let at: usize = 0, end: usize = before.linear ? 0 : <usize>rows * xRow; at < end; at += 16)
      v128.store(below + at, v128.and(v128.load(below + at), f32x4.gt(v128.load(x + at), f32x4.splat(0))));
    d = below;
  }
}

/** out = the sum of `rows` rows of `row` bytes. */
function sumRows(d: usize, rows: i32, row: usize, out: usize): void {
  for (let at: usize = 0; at < row; at += 16) {
    let sum = i64x2.splat(0);
    for (let r = 0; r < rows; r++) sum = f32x4.add(sum, v128.load(d + <usize>r * row + at));
    v128.store(out + at, sum);
  }
}
