import { analogConvolution, copiesOf, eventConvolution } from "./convolution";
import { integrateColumns } from "./dynamics";
import { runShared } from "./jobs";
import { Geometry, Layer, Plan, Task } from "./layout";
import { eventPanels, panelsOf } from "./panels";

// One state's work, shared by threads. A layer needs its predecessor's spikes of all steps, but within a layer the currents of a step need no
// other step's, those of a neuron no other neuron's, and a neuron's potential no other neuron's: pieces are ranges of rows, steps, panels of weights,
// or neurons. Every sum is made by one thread in the order that it always has, so that pieces change no bit.

/** Number of the job "a piece in float32"; the next one is in float64. */
export const SPLIT: i32 = 4;
const ROWS: i32 = 0, STEPS: i32 = 1, PANELS: i32 = 2, COLUMNS: i32 = 3;
/** Bytes of a piece's potentials in one step: a multiple of 128, so that no two pieces write to the same word of spike bits. */
const COLUMN_BYTES: usize = 4096;

/** A task for the threads, to be filled in; null where the work is this thread's alone. */
// @ts-ignore: decorator
@inline
function taskOf(P: Plan): Task | null {
  return P.task ? changetype<Task>(P.task) : null;
}

/** Whole vectors are stored, which may reach into the next position: only where they end with it may another thread write there. */
// @ts-ignore: decorator
@inline
function wholeVectors(G: Geometry): bool {
  return (G.filters & 3) == 0;
}

function share<T>(P: Plan, task: Task, L: Layer, kind: i32, pieces: i32): bool {
  task.kind = kind;
  task.layer = changetype<usize>(L);
  task.pieces = pieces;
  runShared(<usize>P.control, sizeof<T>() == 4 ? SPLIT : SPLIT + 1, changetype<usize>(P), pieces);
  return true;
}

/** The currents of a constant picture, row by row of the output. False: not shared, as below. */
export function splitRows<T>(P: Plan, L: Layer, x: usize, out: usize): bool {
  const task = taskOf(P), G = changetype<Geometry>(L.convolution);
  if (!task || !wholeVectors(G)) return false;
  task.from = x;
  task.to = out;
  return share<T>(P, task, L, ROWS, G.outputHeight);
}

/** The currents of a convolution, a few steps at a time. */
export function splitSteps<T>(P: Plan, L: Layer, steps: i32, bits: usize, plane: i32, out: usize): bool {
  const task = taskOf(P);
  if (!task || !wholeVectors(changetype<Geometry>(L.convolution))) return false;
  task.steps = steps;
  task.bits = bits;
  task.plane = plane;
  task.to = out;
  return share<T>(P, task, L, STEPS, min(steps, 8 * task.threads));
}

/** The currents of a wide dense layer: some panels each, since every thread makes the list of spikes anew. */
export function splitPanels<T>(P: Plan, L: Layer, steps: i32, bits: usize, plane: i32, out: usize): bool {
  const task = taskOf(P);
  if (!task) return false;
  task.steps = steps;
  task.bits = bits;
  task.plane = plane;
  task.to = out;
  return share<T>(P, task, L, PANELS, min(panelsOf<T>(L), task.threads));
}

/** All steps of some neurons each. */
export function splitColumns<T>(P: Plan, L: Layer, steps: i32, h: usize, hStride: usize, v: usize, vStride: usize, bits: usize, final: usize): bool {
  const task = taskOf(P), row = <usize>L.width * sizeof<T>();
  if (!task || row <= COLUMN_BYTES) return false;
  task.steps = steps;
  task.bits = bits;
  task.from = h;
  task.fromRow = hStride;
  task.to = v;
  task.toRow = vStride;
  task.final = final;
  return share<T>(P, task, L, COLUMNS, <i32>((row + COLUMN_BYTES - 1) / COLUMN_BYTES));
}

/** One piece of the task at hand, on any thread. */
export function runPiece<T>(plan: usize, piece: i32, scratch: usize): void {
  const P = changetype<Plan>(plan), task = changetype<Task>(P.task), L = changetype<Layer>(task.layer);
  const row = <usize>L.width * sizeof<T>();
  if (task.kind == ROWS) {
    const G = changetype<Geometry>(L.convolution);
    analogConvolution<T>(G, copiesOf(L, G), task.from, L.weights, L.biases, task.to, piece, piece + 1);
  } else if (task.kind == STEPS) {
    const G = changetype<Geometry>(L.convolution);
    const first = (piece * task.steps) / task.pieces, end = ((piece + 1) * task.steps) / task.pieces;
    const bits = task.bits + <usize>(first * task.plane), to = task.to + <usize>first * row;
    eventConvolution<T>(G, copiesOf(L, G), end - first, bits, task.plane, L.weights, L.biases, to, row, scratch);
  } else if (task.kind == PANELS) {
    const panels = panelsOf<T>(L);
    const first = (piece * panels) / task.pieces, end = ((piece + 1) * panels) / task.pieces;
    eventPanels<T>(L, task.steps, task.bits, task.plane, task.to, scratch, first, end);
  } else {
    const at = <usize>piece * COLUMN_BYTES, end = min(row, at + COLUMN_BYTES);
    integrateColumns<T>(L, task.steps, task.from, task.fromRow, task.to, task.toRow, task.bits, task.final, at, end);
  }
}
