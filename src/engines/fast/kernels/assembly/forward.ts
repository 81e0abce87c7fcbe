import { analogConvolution, copiesOf, eventConvolution } from "./convolution";
import { analog, analogPanels, event } from "./current";
import { integrate } from "./dynamics";
import { multiply, multiplyRows } from "./matrix";
import { eventPanels, multiplyPanels, panelsOf } from "./panels";
import { largestOfStep, poolSpikes, poolValues, STEP_MAX } from "./pooling";
import { spreadUnits } from "./populations";
import { splitPanels, splitRows, splitSteps } from "./split";
import { addScaled } from "./weights";
import { Geometry, Layer, LAYER_BYTES, Plan } from "./layout";

/** All steps of one state, layer by layer: a layer needs no more than its predecessor's spikes of the same step. */
export function forwardState<T>(P: Plan, b: i32, slot: i32, scratch: usize, together: bool = false): void {
  let bitsBefore: usize = P.inputBits ? P.inputBits + <usize>(slot * P.steps * P.inputPlane) : 0;
  let planeBefore = P.inputPlane;
  let stepsBefore = P.steps;
  let sentBefore: usize = 0;
  for (let l = 0; l < P.depth; l++) {
    const L = changetype<Layer>(P.layers + <usize>l * LAYER_BYTES);
    const steps = L.steps;
    const row = <usize>L.width * sizeof<T>();
    const v = L.values + <usize>slot * <usize>steps * row;
    const bits = L.bits + <usize>slot * <usize>(steps * L.plane);
    const final = L.final + <usize>slot * row;
    if (l == 0 && together) integrate<T>(P, L, steps, v + <usize>(steps - 1) * row, 0, v, row, bits, final, scratch);
    else if (l == 0 && !bitsBefore) {
      let x = P.observations + <usize>b * <usize>L.inputs * sizeof<T>();
      if (L.pooling) {
        poolValues<T>(L, x);
        x = L.pooled;
      }
      const U = changetype<Layer>(L.unit ? L.unit : changetype<usize>(L));
      const currents = L.unit ? U.values : scratch;
      constantInput<T>(P, U, x, currents);
      if (L.unit) spreadUnits<T>(L, 1, currents, scratch);
      integrate<T>(P, L, steps, scratch, 0, v, L.kept ? row : 0, bits, final, scratch);
    } else {
      // Of lagged neurons the input of the last step reaches the current, but no potential any more.
      const count = min(stepsBefore, L.lagged && !L.finalCurrents ? steps - 1 : steps);
      const U = changetype<Layer>(L.unit ? L.unit : changetype<usize>(L));
      const currents = L.unit ? U.values : v;
      if (sentBefore) gradedInput<T>(P, L, U, count, sentBefore, currents);
      else if (L.pooling && L.windows && L.windows != STEP_MAX) averageInput<T>(P, L, U, count, bitsBefore, planeBefore, currents);
      else {
        if (L.pooling) {
          if (L.windows) largestOfStep(L, stepsBefore, bitsBefore, planeBefore);
          else poolSpikes(L, stepsBefore, bitsBefore, planeBefore);
          bitsBefore = L.pooled;
          planeBefore = L.poolPlane;
        }
        spikingInput<T>(P, U, count, bitsBefore, planeBefore, currents, scratch);
      }
      if (L.unit) spreadUnits<T>(L, count, currents, v);
      integrate<T>(P, L, steps, v, row, v, row, bits, final, scratch);
    }
    bitsBefore = bits;
    planeBefore = L.plane;
    stepsBefore = steps;
    sentBefore = L.sent;
  }
}

/** The currents of one step that is like all others. */
function constantInput<T>(P: Plan, L: Layer, x: usize, out: usize): void {
  if (L.convolution) {
    const G = changetype<Geometry>(L.convolution);
    if (!splitRows<T>(P, L, x, out)) analogConvolution<T>(G, copiesOf(L, G), x, L.weights, L.biases, out, 0, G.outputHeight);
  } else if (L.packed) analogPanels<T>(x, L.inputs, L.width, L.weights, L.biases, out);
  else analog<T>(x, L.inputs, L.width, L.weights, L.biases, out);
}

/** The currents of `steps` steps from numbers of spikes [steps, inputs padded to whole vectors]. U has the weights. */
function gradedInput<T>(P: Plan, L: Layer, U: Layer, steps: i32, sent: usize, out: usize): void {
  const row = <usize>U.width * sizeof<T>();
  for (let t = 0; t < steps; t++) {
    let x = sent;
    if (L.pooling) {
      poolValues<T>(L, x, 0, true);
      x = L.pooled;
    }
    constantInput<T>(P, U, x, out + <usize>t * row);
    sent += <usize>L.sentRow;
  }
}

/** The currents of `steps` steps from the means or sums of one step's spikes, which are no spikes any more. U has the weights. */
function averageInput<T>(P: Plan, L: Layer, U: Layer, steps: i32, bits: usize, plane: i32, out: usize): void {
  const row = <usize>U.width * sizeof<T>();
  for (let t = 0; t < steps; t++) {
    poolValues<T>(L, 0, bits + <usize>(t * plane));
    constantInput<T>(P, U, L.pooled, out + <usize>t * row);
  }
}

/** The currents of `steps` steps from spikes. */
function spikingInput<T>(P: Plan, L: Layer, steps: i32, bits: usize, plane: i32, v: usize, scratch: usize): void {
  if (L.convolution) {
    const G = changetype<Geometry>(L.convolution);
    if (splitSteps<T>(P, L, steps, bits, plane, v)) return;
    eventConvolution<T>(G, copiesOf(L, G), steps, bits, plane, L.weights, L.biases, v, <usize>L.width * sizeof<T>(), scratch);
  } else if (sizeof<T>() == 4 && (P.dense || crowded(L, steps, bits, plane))) denseSteps(L, steps, bits, plane, v, scratch);
  else if (L.packed) {
    if (!splitPanels<T>(P, L, steps, bits, plane, v)) eventPanels<T>(L, steps, bits, plane, v, scratch, 0, panelsOf<T>(L));
  } else event<T>(steps, bits, plane, L.width, L.weights, L.biases, v, scratch);
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
  if (L.packed) multiplyPanels(L, steps, scratch, <usize>L.inputs << 2, v);
  else multiply(steps, L.inputs, L.width, scratch, <usize>L.inputs << 2, 4, L.weights, v, row);
  if (!L.biases) return;
  for (let t = 0; t < steps; t++) addScaled(v + <usize>t * row, L.biases, 1, L.width);
}

/**
 * Whether the states of a chunk pass the first layer's weights together, since these don't fit into the second-level cache. The currents of a state then
 * lie in the last row of its potentials: all steps read them, the last one writes there.
 */
export function together(P: Plan, L: Layer): bool {
  return !P.inputBits && P.depth > 1 && L.steps > 0 && <usize>L.inputs * <usize>L.width << 2 > 1048576;
}

function constantInputs(P: Plan, L: Layer, first: i32, count: i32): void {
  const row = <usize>L.width << 2, x = <usize>L.inputs << 2;
  const state = <usize>L.steps * row;
  const out = L.values + <usize>first * state + state - row;
  multiplyRows(count, L.inputs, L.width, P.observations + <usize>first * x, x, 4, L.weights, row, out, state);
  if (L.biases) for (let k = 0; k < count; k++) addScaled(out + <usize>k * state, L.biases, 1, L.width);
}

export function forwardChunk(plan: usize, chunk: i32, scratch: usize): void {
  const P = changetype<Plan>(plan);
  const end = min((chunk + 1) * P.chunk, P.batch);
  const L = changetype<Layer>(P.layers + <usize>(P.depth - 1) * LAYER_BYTES);
  const first = changetype<Layer>(P.layers);
  const all = together(P, first);
  if (all) constantInputs(P, first, chunk * P.chunk, end - chunk * P.chunk);
  for (let b = chunk * P.chunk; b < end; b++) {
    forwardState<f32>(P, b, b, scratch, all);
    const to = P.outputs + <usize>(b * L.outputs << 2);
    const from = L.final + <usize>(b * L.width << 2);
    for (let k: usize = 0; k < <usize>L.outputs << 2; k += 4) store<f32>(to + k, load<f32>(from + k));
  }
}
