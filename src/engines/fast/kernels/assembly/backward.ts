import { Layer, LAYER_BYTES, Plan } from "./layout";
import { together } from "./forward";
import { multiply, multiplyRows } from "./matrix";
import { spikeGradients } from "./unroll";
import { addEventProduct, addOuterProduct, addScaled } from "./weights";

/**
 * Gradients of one state through time, layer by layer from the output: dh of a layer (in the place of its potentials), then the weights
 * above it, then the product that carries dh down. The output layer is linear, so all it takes is a coefficient per step.
 *
 * Scratch: gs [steps, width], spike times [blocks, width], weighted spikes [width], summed dh [width].
 */
function backwardState(P: Plan, b: i32, gradients: usize, scratch: usize): void {
  const last = P.depth - 1;
  const top = changetype<Layer>(P.layers + <usize>last * LAYER_BYTES);
  const g = P.outputGradients + <usize>(b * top.width << 2);
  const wide = <usize>P.widest << 2;
  const gs = scratch;
  const times = gs + <usize>P.steps * wide;
  const weighted = times + <usize>((P.steps + 31) >> 5) * wide;
  let summed = weighted + wide;
  if (top.biases) addScaled(gradients + top.gradient + <usize>(top.inputs * top.width << 2), g, <f32>P.coefficientSum, top.width);

  if (last == 0) {
    addOuterProduct(gradients + top.gradient, P.observations + <usize>(b * top.inputs << 2), top.inputs, g, top.width, <f32>P.coefficientSum);
    return;
  }
  for (let l = last - 1; l >= 0; l--) {
    const L = changetype<Layer>(P.layers + <usize>l * LAYER_BYTES);
    const above = changetype<Layer>(P.layers + <usize>(l + 1) * LAYER_BYTES);
    const row = <usize>L.width << 2;
    const v = L.values + <usize>b * <usize>L.steps * row;
    // Lagged neurons' spikes of the first two steps do not depend on any parameter.
    const skipped = L.lagged ? 2 : 0;
    const rows = max(L.steps - skipped, 0);
    if (l == last - 1) multiply(1, above.outputs, L.width, g, 0, 4, above.transposed, gs, row);
    else if (rows > 0) {
      const aboveRow = <usize>above.width << 2;
      const dh = above.values + <usize>b * <usize>above.steps * aboveRow;
      const first = <usize>skipped;
      multiply(rows, above.outputs, L.width, dh + first * aboveRow, aboveRow, 4, above.transposed, gs + first * row, row);
    }
    // The first layer's dh is needed no more: its sum waits in its place for the other states of the chunk.
    const wait = l == 0 && together(P, L);
    if (wait) summed = v;
    spikeGradients(P, L, gradients, v, gs, l == last - 1 ? P.coefficients : 0, times, weighted, summed);
    if (l == last - 1) addOuterProduct(gradients + above.gradient, weighted, above.inputs, g, above.width, 1);
    else {
      const aboveRow = <usize>above.width << 2;
      const dh = above.values + <usize>b * <usize>above.steps * aboveRow;
      addEventProduct(gradients + above.gradient, times, row, above.inputs, dh, above.width, L.steps);
    }
    if (L.biases) addScaled(gradients + L.gradient + <usize>(L.inputs * L.width << 2), summed, 1, L.width);
    if (l == 0 && !wait) addOuterProduct(gradients + L.gradient, P.observations + <usize>(b * L.inputs << 2), L.inputs, summed, L.width, 1);
  }
}

export function backwardChunk(plan: usize, chunk: i32, scratch: usize): void {
  const P = changetype<Plan>(plan);
  const gradients = P.gradients + <usize>chunk * <usize>P.gradientBytes;
  memory.fill(gradients, 0, P.gradientBytes);
  const end = min((chunk + 1) * P.chunk, P.batch);
  const first = chunk * P.chunk;
  for (let b = first; b < end; b++) backwardState(P, b, gradients, scratch);
  const L = changetype<Layer>(P.layers);
  if (!together(P, L)) return;
  const row = <usize>L.width << 2, x = <usize>L.inputs << 2;
  const state = <usize>L.steps * row;
  multiplyRows(L.inputs, end - first, L.width, P.observations + <usize>first * x, 4, x, L.values + <usize>first * state, state, gradients + L.gradient, row);
}
