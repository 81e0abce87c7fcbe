import type { RunResult, SpikeEvents } from "../network/engine.ts";
import { outputsOf, type SpikingLayer } from "../network/layer.ts";
import { spikingLayers, type SpikingNetwork } from "../network/network.ts";
import { type Neuron, type NeuronKind, valueOf } from "../network/neurons/index.ts";

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
  /**
   * Ours that was compared with the threshold: of lagged-lif the one before that step, of lif the one with that step's input, before the reset.
   * Null where it was not recorded, or a reset to a value has left nothing of it.
   */
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

/** Compares a simulator's run with the engine's, bin for bin. Both need recorded spikes; with membranes of ours near ties are counted too. */
export function compareRuns(network: SpikingNetwork, steps: number, ours: RunResult, theirs: RunResult): Comparison {
  const states = ours.actions.length;
  const layers = network.layers.slice(0, spikingLayers(network));
  let spikes = 0;
  let mismatchedBins = 0;
  let nearTies = 0;
  let firstMismatch: FirstMismatch | null = null;
  layers.forEach((layer, l) => {
    const mine = ours.spikes![l];
    const neurons = outputsOf(layer);
    const potentialOf = comparedPotentials(layer, steps, mine, ours.membranes?.[l]);
    spikes += mine.state.length;
    for (const { events, k, extra } of differences(mine, theirs.spikes?.[l] ?? none, steps, neurons)) {
      mismatchedBins++;
      const [state, step, neuron] = [events.state[k], events.step[k], events.neuron[k]];
      if (firstMismatch && (firstMismatch.step < step || (firstMismatch.step === step && firstMismatch.layer <= l)))
        continue;
      const potential = potentialOf(state, step, neuron);
      const threshold = valueOf(layer.activation.threshold, neuron);
      const reason = reasonOf(layer.activation.kind, l, potential, threshold);
      firstMismatch = {
        state,
        layer: l,
        neuron,
        step,
        spikes: { ours: !extra, theirs: extra },
        potential,
        threshold,
        reason,
      };
    }
    if (ours.membranes) nearTies += countNearTies(layer, states, steps, potentialOf);
  });
  return {
    states,
    bins: states * steps * layers.reduce((sum, layer) => sum + outputsOf(layer), 0),
    spikes,
    mismatchedBins,
    maxPotentialError: largestDifference(ours.potentials, theirs.potentials),
    equalActions: ours.actions.reduce((sum, action, s) => sum + Number(action === theirs.actions[s]), 0),
    nearTies,
    firstMismatch,
  };
}

const none: SpikeEvents = { state: new Int32Array(), step: new Int32Array(), neuron: new Int32Array() };

/** What is recorded of a neuron around one step: its potential after the step before, and after it. */
interface Around {
  readonly before: number;
  readonly after: number;
  readonly spiked: boolean;
}

/** The potential that a neuron compared with its threshold; null where its reset has left nothing of it. `j`: which neuron. */
const compared: {
  readonly [K in NeuronKind]: (neuron: Extract<Neuron, { kind: K }>, around: Around, j: number) => number | null;
} = {
  "lagged-lif": (_, { before }) => before,
  "lif": ({ reset, resetBy }, { after, spiked }, j) => {
    if (!spiked) return after;
    return reset === "subtraction" ? after + valueOf(resetBy, j) : null;
  },
};
/** What it is, in words. */
const words: Readonly<Record<NeuronKind, string>> = {
  "lagged-lif": "Our potential",
  "lif": "Our potential with this step's input",
};

type PotentialOf = (state: number, step: number, neuron: number) => number | null;

/** The potential that a neuron compared with its threshold in a step; null where it is not known. */
function comparedPotentials(
  layer: SpikingLayer,
  steps: number,
  spikes: SpikeEvents,
  membranes: Float64Array | undefined,
): PotentialOf {
  const neurons = outputsOf(layer);
  const { activation } = layer;
  const of = compared[activation.kind] as (neuron: Neuron, around: Around, j: number) => number | null;
  const spiked = new Set<number>();
  spikes.state.forEach((state, k) => spiked.add((state * steps + spikes.step[k]) * neurons + spikes.neuron[k]));
  return (state, step, neuron) => {
    const bin = (state * steps + step) * neurons + neuron;
    const before = step === 0 ? (activation.initial?.[neuron] ?? 0) : membranes?.[bin - neurons];
    const around = { before: before ?? NaN, after: membranes?.[bin] ?? NaN, spiked: spiked.has(bin) };
    const potential = of(activation, around, neuron);
    return Number.isNaN(potential) ? null : potential;
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

function reasonOf(kind: NeuronKind, layer: number, potential: number | null, threshold: number): string {
  if (potential === null)
    return "Our potential at the comparison was not recorded, or its reset has left nothing of it.";
  const margin = potential - threshold;
  if (Math.abs(margin) <= NEAR_TIE)
    return `A near tie: our potential is ${margin.toExponential(2)} from the threshold, so rounding or the tie rule decides.`;
  const distance = `${words[kind]} is ${margin.toPrecision(4)} from the threshold`;
  return layer === 0
    ? `${distance}: the input current, the weights or the neuron differ.`
    : `${distance}, and no earlier spike differs: weights, delay or neuron differ.`;
}

/** Bins in which the potential is as near to the threshold; where a neuron starts is no bin. */
function countNearTies(layer: SpikingLayer, states: number, steps: number, potentialOf: PotentialOf): number {
  const { activation } = layer;
  let count = 0;
  for (let s = 0; s < states; s++)
    for (let t = activation.kind === "lagged-lif" ? 1 : 0; t < steps; t++)
      for (let j = 0; j < outputsOf(layer); j++) {
        const potential = potentialOf(s, t, j);
        if (potential !== null && Math.abs(potential - valueOf(activation.threshold, j)) <= NEAR_TIE) count++;
      }
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
