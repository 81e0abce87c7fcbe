import type { RunResult, SpikeEvents } from "../network/engine.ts";
import { outputsOf, type SpikingLayer } from "../network/layer.ts";
import { spikingLayers, type SpikingNetwork } from "../network/network.ts";
import { neuronModels, valueOf } from "../network/neurons/index.ts";
import { simulated } from "./neurons/index.ts";

/**
 * Potentials closer to the threshold than this are near ties: another order of summation could decide them differently.
 */
export const NEAR_TIE = 1e-9;

/** Where the two first part. */
export interface FirstMismatch {
  readonly state: number;
  readonly layer: number;
  readonly neuron: number;
  /** The time bin. */
  readonly step: number;
  readonly spikes: { readonly ours: boolean; readonly theirs: boolean };
  /**
   * Ours that was compared with the threshold: of lagged-lif the one before that step, of lif the one with that step's
   * input, before the reset. Null where it was not recorded, or a reset to a value has left nothing of it.
   */
  readonly potential: number | null;
  readonly threshold: number;
  readonly reason: string;
  /** Of a recording: the potentials after the steps from `step` on, ours and, where they were kept, theirs. */
  readonly around?: {
    readonly step: number;
    readonly ours: readonly number[];
    readonly theirs: readonly (number | null)[];
  };
}

/** What was compared, and how much of it differs. */
export interface Counts {
  readonly states: number;
  /** states x steps x neurons that can spike. */
  readonly bins: number;
  /** Ours. */
  readonly spikes: number;
  readonly mismatchedBins: number;
  /** Over all output neurons and states. */
  readonly maxPotentialError: number;
  readonly nearTies: number;
}

/** What a network did in a simulator beside what it did in the engine. */
export interface Comparison extends Counts {
  /** States in which the actions are equal, or tie. */
  readonly equalActions: number;
  /** Of these the states in which the outputs that act here and there tie within the tolerance: rounding chooses. */
  readonly tiedActions: number;
  readonly firstMismatch: FirstMismatch | null;
}

/** Several of them as one. */
export function totalOf(parts: readonly Counts[]): Counts {
  const sum = (pick: (part: Counts) => number): number => parts.reduce((total, part) => total + pick(part), 0);
  return {
    states: sum(({ states }) => states),
    bins: sum(({ bins }) => bins),
    spikes: sum(({ spikes }) => spikes),
    mismatchedBins: sum(({ mismatchedBins }) => mismatchedBins),
    maxPotentialError: parts.reduce((most, { maxPotentialError }) => Math.max(most, maxPotentialError), 0),
    nearTies: sum(({ nearTies }) => nearTies),
  };
}

/**
 * Compares two runs bin for bin. Both need recorded spikes; with membranes of ours near ties are counted too.
 * `tolerance`: by how much potentials may differ, and so which outputs tie.
 */
export function compareRuns(
  network: SpikingNetwork,
  steps: number,
  ours: RunResult,
  theirs: RunResult,
  tolerance = 0,
): Comparison {
  const states = ours.actions.length;
  const layers = network.layers.slice(0, spikingLayers(network));
  let [bins, spikes, mismatchedBins, nearTies] = [0, 0, 0, 0];
  let firstMismatch: FirstMismatch | null = null;
  layers.forEach((layer, l) => {
    const [mine, neurons] = [ours.spikes![l], outputsOf(layer)];
    const membranes = ours.membranes?.[l];
    const { words, compared } = simulated(layer.activation.kind);
    const potentials = membranes && compared(layer.activation, steps, neurons, membranes, mine);
    bins += states * steps * neurons;
    spikes += mine.state.length;
    if (potentials) nearTies += countNearTies(layer, steps, potentials);
    let last = -1;
    for (const { events, k, extra } of differences(mine, theirs.spikes?.[l] ?? none, steps, neurons)) {
      const step = events.step[k];
      // Where several spikes fall into a bin, two numbers of them differ once.
      const bin = (events.state[k] * steps + step) * neurons + events.neuron[k];
      if (bin === last) continue;
      last = bin;
      mismatchedBins++;
      if (firstMismatch && (firstMismatch.step < step || (firstMismatch.step === step && firstMismatch.layer <= l)))
        continue;
      const [state, neuron] = [events.state[k], events.neuron[k]];
      const potential = potentials?.[(state * steps + step) * neurons + neuron] ?? NaN;
      const threshold = valueOf(layer.activation.threshold, neuron);
      const seen = { potential: Number.isNaN(potential) ? null : potential, threshold };
      const reason = reasonOf(words, l, potential - threshold);
      firstMismatch = { state, layer: l, neuron, step, spikes: { ours: !extra, theirs: extra }, ...seen, reason };
    }
  });
  return {
    states,
    bins,
    spikes,
    mismatchedBins,
    // A recording may have none.
    maxPotentialError: theirs.potentials.length === 0 ? 0 : largestDifference(ours.potentials, theirs.potentials),
    ...actionsIn(network, ours, theirs, tolerance),
    nearTies,
    firstMismatch,
  };
}

/** Actions that differ between outputs that no allowed error tells apart are no difference. */
function actionsIn(
  { coding: { decoding, ties } }: SpikingNetwork,
  ours: RunResult,
  theirs: RunResult,
  tolerance: number,
): Pick<Comparison, "equalActions" | "tiedActions"> {
  const states = ours.actions.length;
  // Where a recording has no potentials it has no actions that potentials choose.
  if (theirs.potentials.length === 0 && decoding.endsWith("potential")) return { equalActions: states, tiedActions: 0 };
  const actions = ours.outputs.length / states;
  const apart = (values: Float64Array, s: number): number =>
    Math.abs(values[s * actions + ours.actions[s]] - values[s * actions + theirs.actions[s]]);
  let [equalActions, tiedActions] = [0, 0];
  for (let s = 0; s < states; s++) {
    const tied = [ours, theirs].every(({ outputs, potentials }) => {
      const chosenByPotential = ties === "potential" && apart(outputs, s) === 0;
      // Either value may be off by as much.
      return apart(chosenByPotential ? potentials : outputs, s) <= 2 * tolerance;
    });
    if (ours.actions[s] === theirs.actions[s]) equalActions++;
    else if (tied) [equalActions, tiedActions] = [equalActions + 1, tiedActions + 1];
  }
  return { equalActions, tiedActions };
}

const none: SpikeEvents = { state: new Int32Array(), step: new Int32Array(), neuron: new Int32Array() };

/**
 * Bins in which the potential is as near to the threshold. With a lag the first step, in which neurons start, is none.
 */
function countNearTies(layer: SpikingLayer, steps: number, potentials: Float64Array): number {
  const [neurons, { kind, threshold }] = [outputsOf(layer), layer.activation];
  const from = neuronModels[kind].lag > 0 ? neurons : 0;
  let count = 0;
  for (let first = 0; first < potentials.length; first += steps * neurons)
    for (let bin = from; bin < steps * neurons; bin++)
      if (Math.abs(potentials[first + bin] - valueOf(threshold, bin % neurons)) <= NEAR_TIE) count++;
  return count;
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

/** `margin`: of our potential above the threshold, NaN where it isn't known. */
function reasonOf(words: string, l: number, margin: number): string {
  if (Number.isNaN(margin)) return "Our potential was not recorded, or its reset has left nothing of it.";
  if (Math.abs(margin) <= NEAR_TIE)
    return `A near tie: our potential is ${margin.toExponential(2)} from the threshold, so rounding or the tie rule decides.`;
  const distance = `${words} is ${margin.toPrecision(4)} from the threshold`;
  return l === 0
    ? `${distance}: the input current, the weights or the neuron differ.`
    : `${distance}, and no earlier spike differs: weights, delay or neuron differ.`;
}

function largestDifference(a: Float64Array, b: Float64Array): number {
  let largest = a.length === b.length ? 0 : Infinity;
  for (let k = 0; k < a.length; k++) {
    const difference = Math.abs(a[k] - b[k]);
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference;
  }
  return largest;
}
