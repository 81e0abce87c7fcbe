import { packageVersion } from "../setup/version.ts";
import type { OnProgress } from "../progress.ts";
import type { Engine, LocalEngine, SpikeEvents } from "../network/engine.ts";
import { outputsOf } from "../network/layer.ts";
import type { Mapping } from "../network/mapping.ts";
import { observationSize, shapeOf, type SpikingNetwork } from "../network/network.ts";
import { compareRuns, type Comparison, type Counts, type FirstMismatch, totalOf } from "./compare.ts";
import { networkHash } from "./hash.ts";

/** What is certified: a network, and the states it is shown. */
export interface Subject {
  readonly name: string;
  readonly network: SpikingNetwork;
  /** [states, observationSize] */
  readonly inputs: Float32Array;
  /** Where the states come from: visited ones (a replay folder) or random ones. */
  readonly source: "visited" | "random";
  /** Of the model's file; that of the network itself unless given. */
  readonly sha256?: string;
}

export interface NetworkCertificate extends Counts {
  readonly name: string;
  readonly sha256: string;
  readonly shape: readonly number[];
  readonly steps: number;
  /** "mixed" where layers differ; likewise reset. */
  readonly neuron: string;
  readonly reset: string;
  readonly encoding: string;
  readonly decoding: string;
  readonly source: Subject["source"];
  /** The share of states in which both choose the same action; 1: all. */
  readonly actionsEqual: number;
  readonly firstMismatch: FirstMismatch | null;
  readonly mapping: string;
}

/** "The same network", or where it stops being the same. */
export interface Certificate extends Counts {
  readonly format: 1;
  readonly date: string;
  readonly simulator: string;
  readonly version: string;
  readonly engine: { readonly name: string; readonly precision: string };
  readonly versions: Readonly<Record<string, string>>;
  readonly seed: number;
  /** How many. */
  readonly networks: number;
  /** Of every network, or null where they differ; likewise neuron and reset. */
  readonly steps: number | null;
  readonly neuron: string | null;
  readonly reset: string | null;
  /** The largest potential error that the mapping allows: 0 where it is exact. */
  readonly potentialTolerance: number;
  readonly actionsEqual: number;
  readonly passed: boolean;
  readonly seconds: number;
  /** The mapping of the first network, and in full. */
  readonly mapping: Mapping;
  readonly results: readonly NetworkCertificate[];
}

/** One decision on both sides, to be shown. */
export interface Exhibit {
  readonly name: string;
  readonly state: number;
  readonly steps: number;
  /** Per layer that spikes, of that state alone; `theirs` is empty where the simulator can't record. */
  readonly ours: readonly SpikeEvents[];
  readonly theirs: readonly SpikeEvents[];
  readonly mismatch: FirstMismatch | null;
}

/** The judge, our engine, and how long and from which seed both run. */
export interface CertifyOptions {
  readonly simulator: Engine;
  readonly engine: LocalEngine;
  /** Instead of each network's own. */
  readonly steps?: number;
  readonly seed?: number;
  /** Observations enter through weighted generators inside the simulator. */
  readonly generators?: boolean;
  /** Called with the first decision, and again with the first in which a spike differs. */
  readonly onExhibit?: (exhibit: Exhibit) => void;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** Membranes of a run are kept for its near ties; more than this many values at once are not. */
const MEMBRANES = 20_000_000;
const LEAKY_TOLERANCE = 1e-12;

/**
 * Runs each network in the simulator and in our engine, and compares them spike for spike. Takes subjects one at a
 * time.
 *
 * @example
 * const nest = await openSimulator("nest");
 * const subject = { name: "mine", network, inputs: states.slice(0, 4 * 3), source: "visited" as const };
 * const { passed, mismatchedBins } = await certifyNetworks([subject], 1, { simulator: nest, engine: referenceEngine });
 * await nest.close();
 */
export async function certifyNetworks(
  subjects: Iterable<Subject>,
  count: number,
  options: CertifyOptions,
): Promise<Certificate> {
  const { simulator, engine, seed = 0 } = options;
  const began = performance.now();
  const results: NetworkCertificate[] = [];
  let mapping: Mapping | undefined;
  let exact = true;
  let shown: Exhibit | undefined;
  const offer = (exhibit: Exhibit): void => {
    if (shown && (shown.mismatch || !exhibit.mismatch)) return;
    shown = exhibit;
    options.onExhibit?.(exhibit);
  };
  for (const subject of subjects) {
    options.signal?.throwIfAborted();
    options.onProgress?.({ stage: "certify", done: results.length, total: count, unit: "networks" });
    const own = await simulator.describe(subject.network);
    mapping ??= own;
    exact &&= own.exact;
    results.push(await certifyNetwork(subject, own, options, offer));
  }
  options.onProgress?.({ stage: "certify", done: count, total: count, unit: "networks" });
  const same = <T>(pick: (result: NetworkCertificate) => T): T | null =>
    results.every((result) => pick(result) === pick(results[0])) ? pick(results[0]) : null;
  const total = totalOf(results);
  const actionsEqual = results.reduce((sum, r) => sum + r.actionsEqual * r.states, 0) / total.states;
  const potentialTolerance = exact ? 0 : LEAKY_TOLERANCE;
  const equal = total.mismatchedBins === 0 && total.maxPotentialError <= potentialTolerance;
  return {
    format: 1,
    date: new Date().toISOString(),
    simulator: simulator.name,
    version: simulator.version,
    engine: { name: engine.name, precision: engine.precision },
    versions: { dsqn: packageVersion(), node: process.versions.node, [simulator.name]: simulator.version },
    seed,
    networks: results.length,
    steps: same((r) => r.steps),
    neuron: same((r) => r.neuron),
    reset: same((r) => r.reset),
    ...total,
    potentialTolerance,
    actionsEqual,
    passed: equal && actionsEqual === 1,
    seconds: (performance.now() - began) / 1000,
    mapping: mapping!,
    results,
  };
}

async function certifyNetwork(
  subject: Subject,
  mapping: Mapping,
  options: CertifyOptions,
  offer: (exhibit: Exhibit) => void,
): Promise<NetworkCertificate> {
  const { name, network, source, sha256 = networkHash(network) } = subject;
  const parts = await compareInParts(subject, options, offer);
  const { encoding, decoding, steps } = network.coding;
  const neurons = network.layers.map(({ activation }) => activation);
  const total = totalOf(parts);
  return {
    name,
    sha256,
    shape: shapeOf(network),
    steps: options.steps ?? steps,
    neuron: commonOf(neurons.map(({ kind }) => kind)),
    reset: commonOf(neurons.map(({ reset }) => reset)),
    encoding,
    decoding,
    source,
    ...total,
    actionsEqual: parts.reduce((sum, { equalActions }) => sum + equalActions, 0) / total.states,
    firstMismatch: earliest(parts.map((part) => part.firstMismatch)),
    mapping: mapping.name,
  };
}

/**
 * As many states at once as their membranes leave room for; `firstMismatch` counts states from the first part's first.
 */
async function compareInParts(
  { name, network, inputs }: Subject,
  { simulator, engine, seed = 0, generators, steps = network.coding.steps }: CertifyOptions,
  offer: (exhibit: Exhibit) => void,
): Promise<Comparison[]> {
  const size = observationSize(network);
  const states = inputs.length / size;
  const neurons = network.layers.reduce((sum, layer) => sum + outputsOf(layer), 0);
  const atOnce = Math.max(1, Math.min(states, Math.floor(MEMBRANES / (neurons * steps))));
  const [here, there] = [engine.load(network), await simulator.load(network)];
  const parts: Comparison[] = [];
  try {
    for (let first = 0; first < states; first += atOnce) {
      const part = inputs.slice(first * size, (first + atOnce) * size);
      const run = { steps, seed: seed + first, recordSpikes: true };
      const ours = here.run(part, { ...run, recordPotentials: true });
      const theirs = await there.run(part, { ...run, generators });
      const comparison = compareRuns(network, steps, ours, theirs);
      const local = comparison.firstMismatch?.state ?? 0;
      const mismatch = comparison.firstMismatch && { ...comparison.firstMismatch, state: local + first };
      parts.push({ ...comparison, firstMismatch: mismatch });
      const shown = (spikes: readonly SpikeEvents[] = []) => spikes.map((layer) => ofState(layer, local, first));
      offer({ name, state: local + first, steps, ours: shown(ours.spikes), theirs: shown(theirs.spikes), mismatch });
    }
  } finally {
    here.close();
    await there.close();
  }
  return parts;
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
