import type { Engine, LocalEngine, RunResult, SpikeEvents } from "../network/engine.ts";
import { outputsOf } from "../network/layer.ts";
import type { Mapping } from "../network/mapping.ts";
import { observationSize, shapeOf, type SpikingNetwork } from "../network/network.ts";
import type { CertifyOptions, Column, Exhibit, NetworkCertificate, Subject } from "./certificate-form.ts";
import { compareRuns, type Comparison, type FirstMismatch, totalOf } from "./compare.ts";
import { inputEvidence, layerEvidence } from "./evidence.ts";
import { networkHash } from "./hash.ts";
import { decidedIn } from "./near-tie.ts";

/** Membranes of a run are kept for its near ties; more than this many values at once are not. */
const MEMBRANES = 20_000_000;

/** One network, in the engine and before one judge. */
export interface Trial extends Pick<CertifyOptions, "seed" | "generators" | "spikes"> {
  readonly judge: Engine;
  readonly engine: LocalEngine;
  readonly steps?: number;
  /** It ran elsewhere, in float32, before: a mismatch may be one of the order of sums. */
  readonly recorded?: boolean;
  /** By how much potentials may differ there. */
  readonly tolerance?: number;
}

export async function certifyNetwork(
  subject: Subject,
  mapping: Mapping,
  trial: Trial,
  offer: (exhibit: Exhibit) => void,
): Promise<NetworkCertificate> {
  const { name, network, source, inputs, sha256 = networkHash(network) } = subject;
  const { comparisons, spikes } = await compareInParts(subject, trial, offer);
  const { encoding, decoding } = network.coding;
  const steps = trial.steps ?? network.coding.steps;
  const neurons = network.layers.map(({ activation }) => activation);
  const total = totalOf(comparisons);
  const size = observationSize(network);
  const tiedActions = comparisons.reduce((sum, part) => sum + part.tiedActions, 0);
  return {
    name,
    sha256,
    shape: shapeOf(network),
    steps,
    neuron: commonOf(neurons.map(({ kind }) => kind)),
    reset: commonOf(neurons.map(({ reset }) => reset)),
    encoding,
    decoding,
    source,
    ...total,
    actionsEqual: comparisons.reduce((sum, { equalActions }) => sum + equalActions, 0) / total.states,
    ...(tiedActions > 0 && { tiedActions }),
    firstMismatch: earliest(comparisons.map((part) => part.firstMismatch)),
    mapping: mapping.name,
    input: inputEvidence(inputs, [...(subject.changing ? [steps] : []), total.states, size]),
    layers: spikes.map((parts, l) => layerEvidence(l, parts, trial.spikes === true)),
  };
}

/** What a judge says of all these networks together. `failed`: of another one it could say nothing. */
export function verdictOf(
  results: readonly NetworkCertificate[],
  potentialTolerance: number,
  failed: boolean,
): Omit<Column, "simulator" | "version" | "recorded" | "potentials" | "seconds" | "mapping"> {
  const total = totalOf(results);
  const actionsEqual = results.reduce((sum, r) => sum + r.actionsEqual * r.states, 0) / (total.states || 1);
  const tiedActions = results.reduce((sum, r) => sum + (r.tiedActions ?? 0), 0);
  const equal = total.mismatchedBins === 0 && total.maxPotentialError <= potentialTolerance;
  return {
    ...total,
    potentialTolerance,
    actionsEqual,
    ...(tiedActions > 0 && { tiedActions }),
    passed: equal && actionsEqual === 1 && !failed,
  };
}

/** Each such part of the states has a seed of its own (the seed plus its first state's number): who repeats a run repeats its parts. */
export function statesAtOnce(network: SpikingNetwork, steps: number): number {
  const neurons = network.layers.reduce((sum, layer) => sum + outputsOf(layer), 0);
  return Math.max(1, Math.floor(MEMBRANES / (neurons * steps)));
}

/** As many states at once as their membranes leave room for; `firstMismatch` counts states from the first part's first. */
async function compareInParts(subject: Subject, trial: Trial, offer: (exhibit: Exhibit) => void) {
  const { name, network, changing = false } = subject;
  const { judge, engine, seed = 0, generators, steps = network.coding.steps } = trial;
  const states = subject.inputs.length / observationSize(network) / (changing ? steps : 1);
  const room = Math.min(states, statesAtOnce(network, steps));
  // A recording is of all states.
  const atOnce = trial.recorded ? states : room;
  const [here, there] = [engine.load(network), await judge.load(network)];
  const comparisons: Comparison[] = [];
  const spikes: SpikeEvents[][] = [];
  try {
    for (let first = 0; first < states; first += atOnce) {
      const part = statesOf(subject, steps, states, first, Math.min(atOnce, states - first));
      const run = { steps, seed: seed + first, recordSpikes: true, changing };
      const theirs = await there.run(part, { ...run, generators });
      const ours = here.run(part, { ...run, recordPotentials: states <= room || !trial.recorded });
      const comparison = compareRuns(network, steps, ours, theirs, trial.tolerance);
      const local = comparison.firstMismatch?.state ?? 0;
      const mismatch = comparison.firstMismatch && explained(subject, comparison.firstMismatch, ours, trial, states);
      const own = mismatch && { ...mismatch, state: local + first };
      comparisons.push({ ...comparison, firstMismatch: own });
      theirs.spikes?.forEach((layer, l) => (spikes[l] ??= []).push(shifted(layer, first)));
      const shown = (of: readonly SpikeEvents[] = []) => of.map((layer) => ofState(layer, local, first));
      offer({
        name,
        state: local + first,
        steps,
        ours: shown(ours.spikes),
        theirs: shown(theirs.spikes),
        mismatch: own,
      });
    }
  } finally {
    here.close();
    await there.close();
  }
  return { comparisons, spikes };
}

/** The inputs of `count` states from `first` on, in the subject's own layout. */
export function statesOf(
  { inputs, network, changing }: Pick<Subject, "inputs" | "network" | "changing">,
  steps: number,
  states: number,
  first: number,
  count: number,
): Float32Array {
  const size = observationSize(network);
  if (!changing) return inputs.slice(first * size, (first + count) * size);
  const part = new Float32Array(steps * count * size);
  for (let t = 0; t < steps; t++)
    part.set(inputs.subarray((t * states + first) * size, (t * states + first + count) * size), t * count * size);
  return part;
}

/** Of a recording: both potentials around the mismatch, and whether the order of float32 sums is its cause. */
function explained(
  subject: Subject,
  mismatch: FirstMismatch,
  ours: RunResult,
  trial: Trial,
  states: number,
): FirstMismatch {
  if (!trial.recorded) return mismatch;
  const { network, changing = false } = subject;
  const { state, layer, neuron, step } = mismatch;
  const steps = trial.steps ?? network.coding.steps;
  const n = outputsOf(network.layers[layer]);
  const from = Math.max(0, step - 2);
  const shown = Array.from({ length: Math.min(steps, step + 3) - from }, (_, k) => from + k);
  const theirs = subject.recording?.potentials[layer];
  const around = {
    step: from,
    ours: shown.map((t) => ours.membranes?.[layer][(state * steps + t) * n + neuron] ?? NaN),
    theirs: shown.map((t) => theirs?.[(t * states + state) * n + neuron] ?? null),
  };
  const decided = decidedIn(network, statesOf(subject, steps, states, state, 1), mismatch, changing);
  if (!decided) return { ...mismatch, around };
  const { potential, distance, bound } = decided;
  const reason =
    distance <= bound
      ? `A near tie: our potential is ${distance.toExponential(2)} from the threshold, and the order of float32 sums can move it by ${bound.toExponential(2)}.`
      : `Our potential is ${distance.toPrecision(4)} from the threshold, which no order of float32 sums explains (it moves it by ${bound.toExponential(2)}): weights, neuron or input differ.`;
  return { ...mismatch, potential, reason, around };
}

/** The same spikes, their states counted from `first` on. */
export function shifted({ state, ...rest }: SpikeEvents, first: number): SpikeEvents {
  return { ...rest, state: first === 0 ? state : state.map((s) => s + first) };
}

function commonOf(words: readonly string[]): string {
  return words.every((word) => word === words[0]) ? words[0] : "mixed";
}

/** The spikes of one state, which is number `state + first` of all. */
function ofState(spikes: SpikeEvents, state: number, first: number): SpikeEvents {
  const own = Array.from(spikes.state.keys()).filter((k) => spikes.state[k] === state);
  const pick = (values: ArrayLike<number>): Int32Array => Int32Array.from(own, (k) => values[k]);
  return { state: pick(spikes.state).fill(state + first), step: pick(spikes.step), neuron: pick(spikes.neuron) };
}

function earliest(mismatches: readonly (FirstMismatch | null)[]): FirstMismatch | null {
  return mismatches.reduce((best, next) => (next && (!best || next.step < best.step) ? next : best), null);
}
