import type { RunResult, SpikeEvents } from "../network/engine.ts";
import { spikingLayers, type SpikingNetwork } from "../network/old/spiking-network.ts";
import type { SimulationResult } from "./simulator.ts";

/** Potentials closer to the threshold than this are near ties: another order of summation could decide them differently. */
export const NEAR_TIE = 1e-9;

/** Where the two first part. */
export interface FirstMismatch {
  readonly state: number;
  readonly layer: number;
  readonly neuron: number;
  /** The time bin. */
  readonly step: number;
  readonly spikes: { readonly ours: boolean; readonly theirs: boolean };
  /** Ours before that step, where it was recorded. */
  readonly potential: number | null;
  readonly threshold: number;
  readonly reason: string;
}

/** What a network did in a simulator beside what it did in the engine. */
export interface Comparison {
  readonly states: number;
  /** states x steps x neurons that can spike. */
  readonly bins: number;
  readonly spikes: number;
  readonly mismatchedBins: number;
  /** Over all output neurons and states. */
  readonly maxPotentialError: number;
  /** States in which the actions are equal. */
  readonly equalActions: number;
  readonly nearTies: number;
  readonly firstMismatch: FirstMismatch | null;
}

/** Compares a simulator's run with the engine's, bin for bin. `ours` needs recorded spikes; with membranes near ties are counted too. */
export function compareRuns(
  network: SpikingNetwork,
  steps: number,
  ours: RunResult,
  theirs: SimulationResult,
): Comparison {
  const states = ours.actions.length;
  const spiking = network.layers.slice(0, spikingLayers(network));
  let spikes = 0;
  let mismatchedBins = 0;
  let nearTies = 0;
  let firstMismatch: FirstMismatch | null = null;
  spiking.forEach((layer, l) => {
    const mine = ours.spikes![l];
    const other = theirs.spikes[l] ?? { state: new Int32Array(), step: new Int32Array(), neuron: new Int32Array() };
    spikes += mine.state.length;
    const potential = (state: number, step: number, neuron: number): number | null =>
      step === 0
        ? (layer.initialPotential?.[neuron] ?? 0)
        : (ours.membranes?.[l]?.[(state * steps + step - 1) * layer.outputs + neuron] ?? null);
    for (const { events, k, extra } of differences(mine, other, steps, layer.outputs)) {
      mismatchedBins++;
      const [state, step, neuron] = [events.state[k], events.step[k], events.neuron[k]];
      if (firstMismatch && (firstMismatch.step < step || (firstMismatch.step === step && firstMismatch.layer <= l)))
        continue;
      const v = potential(state, step, neuron);
      firstMismatch = {
        state,
        layer: l,
        neuron,
        step,
        spikes: { ours: !extra, theirs: extra },
        potential: v,
        threshold: layer.threshold,
        reason: reasonOf(l, v, layer.threshold),
      };
    }
    nearTies += countNearTies(ours.membranes?.[l], states, steps, layer.outputs, layer.threshold);
  });
  return {
    states,
    bins: states * steps * spiking.reduce((sum, layer) => sum + layer.outputs, 0),
    spikes,
    mismatchedBins,
    maxPotentialError: largestDifference(ours.potentials, theirs.potentials),
    equalActions: ours.actions.reduce((sum, action, s) => sum + Number(action === theirs.actions[s]), 0),
    nearTies,
    firstMismatch,
  };
}

/** Spikes that only one of two sorted lists has; `extra`: the second. */
function* differences(
  a: SpikeEvents,
  b: SpikeEvents,
  steps: number,
  neurons: number,
): Generator<{ events: SpikeEvents; k: number; extra: boolean }> {
  const key = (e: SpikeEvents, k: number): number =>
    k < e.state.length ? (e.state[k] * steps + e.step[k]) * neurons + e.neuron[k] : Infinity;
  let [i, j] = [0, 0];
  while (i < a.state.length || j < b.state.length) {
    const [x, y] = [key(a, i), key(b, j)];
    if (x === y) [i, j] = [i + 1, j + 1];
    else if (x < y) yield { events: a, k: i++, extra: false };
    else yield { events: b, k: j++, extra: true };
  }
}

function reasonOf(layer: number, potential: number | null, threshold: number): string {
  if (potential === null) return "Our potential was not recorded.";
  const margin = potential - threshold;
  if (Math.abs(margin) <= NEAR_TIE)
    return `A near tie: our potential is ${margin.toExponential(2)} from the threshold, so rounding or the tie rule decides.`;
  return layer === 0
    ? `Our potential is ${margin.toPrecision(4)} from the threshold: the input current, the weights or the neuron differ.`
    : `Our potential is ${margin.toPrecision(4)} from the threshold, and no earlier spike differs: weights, delay or neuron differ.`;
}

/** membranes [states, steps, neurons] after each step; the last one is never compared with the threshold. */
function countNearTies(
  membranes: Float64Array | undefined,
  states: number,
  steps: number,
  neurons: number,
  threshold: number,
): number {
  if (!membranes) return 0;
  let count = 0;
  for (let s = 0; s < states; s++)
    for (let k = s * steps * neurons; k < (s * steps + steps - 1) * neurons; k++)
      if (Math.abs(membranes[k] - threshold) <= NEAR_TIE) count++;
  return count;
}

function largestDifference(a: Float64Array, b: Float64Array): number {
  let largest = a.length === b.length ? 0 : Infinity;
  for (let k = 0; k < a.length; k++) {
    const difference = Math.abs(a[k] - b[k]);
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference;
  }
  return largest;
}
