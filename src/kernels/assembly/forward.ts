import { analog, event } from "./current";
import { integrate } from "./dynamics";
import { multiply } from "./matrix";
import { addScaled } from "./weights";
import { Layer, LAYER_BYTES, Plan } from "./layout";

/** All steps of one state, layer by layer: a layer needs no more than its predecessor's spikes of the same step. */
export function forwardState<T>(P: Plan, b: i32, slot: i32, scratch: usize): void {
  let bitsBefore: usize = P.inputBits ? P.inputBits + <usize>(slot * P.steps * P.inputPlane) : 0;
  let planeBefore = P.inputPlane;
  let stepsBefore = P.steps;
  for (let l = 0; l < P.depth; l++) {
    const L = changetype<Layer>(P.layers + <usize>l * LAYER_BYTES);
    const steps = L.steps;
    const row = <usize>L.width * sizeof<T>();
    const v = L.values + <usize>slot * <usize>steps * row;
    const bits = L.bits + <usize>slot * <usize>(steps * L.plane);
    const final = L.final + <usize>slot * row;
    if (l == 0 && !bitsBefore) {
      analog<T>(P.observations + <usize>b * <usize>L.inputs * sizeof<T>(), L.inputs, L.width, L.weights, L.biases, scratch);
      integrate<T>(L, steps, scratch, 0, v, row, bits, final);
    } else {
      // The input of the last step reaches the current, but no potential any more.
      const count = min(stepsBefore, L.finalCurrents ? steps : steps - 1);
      if (sizeof<T>() == 4 && (P.dense || crowded(L, count, bitsBefore, planeBefore))) denseSteps(L, count, bitsBefore, planeBefore, v, scratch);
      else event<T>(count, bitsBefore, planeBefore, L.width, L.weights, L.biases, v, scratch);
      integrate<T>(L, steps, v, row, v, row, bits, final);
    }
    bitsBefore = bits;
    planeBefore = L.plane;
    stepsBefore = steps;
  }
}

/** Whether a wide layer gets so many spikes that blocked multiplication is faster than adding rows that pass through memory. */
function crowded(L: Layer, steps: i32, bits: usize, plane: i32): bool {
  if (L.width <= 128) return false;
  let spikes: i64 = 0;
  for (let at = bits, end = bits + <usize>(steps * plane); at < end; at += 8) spikes += popcnt(load<i64>(at));
  return 2 * spikes > <i64>steps * <i64>L.inputs;
}

/** Currents of all steps as one dense product, with the same bits as the event-driven sums. Scratch: [steps, inputs]. */
function denseSteps(L: Layer, steps: i32, bits: usize, plane: i32, v: usize, scratch: usize): void {
  const row = <usize>L.width << 2;
  let to = scratch;
  for (let t = 0; t < steps; t++)
    for (let i = 0; i < L.inputs; i++) {
      store<f32>(to, <f32>((load<u8>(bits + <usize>(t * plane) + <usize>(i >> 3)) >> <u8>(i & 7)) & 1));
      to += 4;
    }
  multiply(steps, L.inputs, L.width, scratch, <usize>L.inputs << 2, 4, L.weights, v, row);
  if (!L.biases) return;
  for (let t = 0; t < steps; t++) addScaled(v + <usize>t * row, L.biases, 1, L.width);
}

export function forwardChunk(plan: usize, chunk: i32, scratch: usize): void {
  const P = changetype<Plan>(plan);
  const end = min((chunk + 1) * P.chunk, P.batch);
  const L = changetype<Layer>(P.layers + <usize>(P.depth - 1) * LAYER_BYTES);
  for (let b = chunk * P.chunk; b < end; b++) {
    forwardState<f32>(P, b, b, scratch);
    const to = P.outputs + <usize>(b * L.outputs << 2);
    const from = L.final + <usize>(b * L.width << 2);
    for (let k: usize = 0; k < <usize>L.outputs << 2; k += 4) store<f32>(to + k, load<f32>(from + k));
  }
}
