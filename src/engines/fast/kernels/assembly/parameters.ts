import { Layer, LAYER_BYTES, Plan } from "./layout";

// Between flat parameters (layer by layer [inputs, outputs], then [outputs]) and padded rows.

/** Rows of `columns` float32 to rows of `width`; what lies beyond stays. */
export function pad(rows: i32, columns: i32, width: i32, from: usize, to: usize): void {
  if (columns == width) {
    memory.copy(to, from, <usize>rows * <usize>columns << 2);
    return;
  }
  for (let r = 0; r < rows; r++) {
    for (let k: usize = 0, end = <usize>columns << 2; k < end; k += 4) store<f32>(to + k, load<f32>(from + k));
    from += <usize>columns << 2;
    to += <usize>width << 2;
  }
}

/** Spreads flat parameters over the layers' padded weights and biases. */
export function spread(plan: usize, flat: usize): void {
  const P = changetype<Plan>(plan);
  for (let l = 0; l < P.depth; l++) {
    const L = changetype<Layer>(P.layers + <usize>l * LAYER_BYTES);
    pad(L.inputs, L.outputs, L.width, flat, L.weights);
    flat += <usize>L.inputs * <usize>L.outputs << 2;
    if (L.biases) {
      pad(1, L.outputs, L.width, flat, L.biases);
      flat += <usize>L.outputs << 2;
    }
  }
}

/** Transposes of the weights of all layers but the first: [outputs, width of the layer before]. */
export function transpose(plan: usize): void {
  const P = changetype<Plan>(plan);
  for (let l = 1; l < P.depth; l++) {
    const L = changetype<Layer>(P.layers + <usize>l * LAYER_BYTES);
    const before = changetype<Layer>(P.layers + <usize>(l - 1) * LAYER_BYTES);
    const row = <usize>before.width << 2;
    for (let i = 0; i < L.inputs; i++) {
      const from = L.weights + (<usize>i * <usize>L.width << 2);
      let to = L.transposed + (<usize>i << 2);
      for (let k: usize = 0, end = <usize>L.outputs << 2; k < end; k += 4) {
        store<f32>(to, load<f32>(from + k));
        to += row;
      }
    }
  }
}

/** Sums the gradients of all chunks in ascending order into flat ones. */
export function gather(plan: usize, flat: usize): void {
  const P = changetype<Plan>(plan);
  const chunks = (P.batch + P.chunk - 1) / P.chunk;
  const bytes = <usize>P.gradientBytes;
  for (let at: usize = 0; at < bytes; at += 16) {
    let sum = v128.load(P.gradients + at);
    let from = P.gradients + at;
    for (let c = 1; c < chunks; c++) {
      from += bytes;
      sum = f32x4.add(sum, v128.load(from));
    }
    v128.store(P.gradients + at, sum);
  }
  for (let l = 0; l < P.depth; l++) {
    const L = changetype<Layer>(P.layers + <usize>l * LAYER_BYTES);
    const rows = L.inputs + (L.biases ? 1 : 0);
    unpad(rows, L.outputs, L.width, P.gradients + L.gradient, flat);
    flat += <usize>rows * <usize>L.outputs << 2;
  }
}

/** Rows of `width` float32 to rows of `columns`. */
export function unpad(rows: i32, columns: i32, width: i32, from: usize, to: usize): void {
  if (columns == width) {
    memory.copy(to, from, <usize>rows * <usize>columns << 2);
    return;
  }
  for (let r = 0; r < rows; r++) {
    for (let k: usize = 0, end = <usize>columns << 2; k < end; k += 4) store<f32>(to + k, load<f32>(from + k));
    from += <usize>width << 2;
    to += <usize>columns << 2;
  }
}
