import { DsqnError } from "../errors.ts";
import { packageVersion } from "../setup/version.ts";
import type { Engine } from "../network/engine.ts";
import type { Mapping } from "../network/mapping.ts";
import type { Certificate, CertifyOptions, Column, Exhibit, NetworkCertificate, Subject } from "./certificate-form.ts";
import { certifyNetwork, verdictOf } from "./certify-network.ts";
import { recordedJudge, type RecordedRun, refuseMismatch } from "./recorded.ts";

export type { Certificate, CertifyOptions, Column, Exhibit, NetworkCertificate, Subject } from "./certificate-form.ts";

const LEAKY_TOLERANCE = 1e-12;
/** Of a recording in float32, whose potentials are rounded in every step: they are shown, and judge nothing. */
const RECORDED_TOLERANCE = Number.MAX_VALUE;

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
  const { engine, seed = 0, simulator, others = [], assumed = [] } = options;
  const tally = new Tally(options);
  let judges: Judge[] | undefined;
  let done = 0;
  for (const subject of subjects) {
    judges ??= [
      ...(subject.recording ? [new Judge(recordedJudge(subject.recording), subject.recording)] : []),
      ...[...(simulator ? [simulator] : []), ...others].map((own) => new Judge(own)),
    ];
    options.signal?.throwIfAborted();
    options.onProgress?.({ stage: "certify", done: done++, total: count, unit: "networks" });
    for (const [k, judge] of judges.entries())
      await judge.try(subject, options, k === 0 ? tally.offer : () => {}, judges.length > 1);
  }
  options.onProgress?.({ stage: "certify", done: count, total: count, unit: "networks" });
  const [first, ...rest] = judges ?? [];
  if (!first) throw new RangeError("There is nothing to certify, or nobody who judges.");
  if (!first.mapping) throw first.error as Error;
  const { results } = first;
  const same = <T>(pick: (result: NetworkCertificate) => T): T | null =>
    results.every((result) => pick(result) === pick(results[0])) ? pick(results[0]) : null;
  const columns = [first, ...rest].map((judge) => judge.column());
  const { recorded: _recorded, potentials: _potentials, failure: _failure, ...summary } = columns[0];
  const versions = Object.fromEntries(columns.map(({ simulator: name, version }) => [name, version]));
  return {
    format: 2,
    date: new Date().toISOString(),
    ...summary,
    mapping: first.mapping,
    passed: columns.every(({ passed, failure }) => passed || failure),
    engine: { name: engine.name, precision: engine.precision },
    versions: { dsqn: packageVersion(), node: process.versions.node, ...options.versions, ...versions },
    seed,
    networks: results.length,
    steps: same((r) => r.steps),
    neuron: same((r) => r.neuron),
    reset: same((r) => r.reset),
    seconds: tally.seconds(),
    results,
    columns: columns.map((column, k) => (k === 0 ? column : { ...column, results: [first, ...rest][k].results })),
    ...(assumed.length > 0 && { assumed }),
  };
}

/** The time, and the decision to be shown. */
class Tally {
  readonly #began = performance.now();
  #shown: Exhibit | undefined;
  readonly #options: CertifyOptions;

  constructor(options: CertifyOptions) {
    this.#options = options;
  }

  readonly offer = (exhibit: Exhibit): void => {
    if (this.#shown && (this.#shown.mismatch || !exhibit.mismatch)) return;
    this.#shown = exhibit;
    this.#options.onExhibit?.(exhibit);
  };

  seconds(): number {
    return (performance.now() - this.#began) / 1000;
  }
}

/** One column in the making. */
class Judge {
  readonly results: NetworkCertificate[] = [];
  readonly #engine: Engine;
  readonly #recording: RecordedRun | undefined;
  mapping: Mapping | undefined;
  error: unknown;
  #exact = true;
  #seconds = 0;

  constructor(engine: Engine, recording?: RecordedRun) {
    this.#engine = engine;
    this.#recording = recording;
  }

  /** `tolerant`: a network that it can't run ends this column, not all. */
  async try(
    subject: Subject,
    options: CertifyOptions,
    offer: (exhibit: Exhibit) => void,
    tolerant: boolean,
  ): Promise<void> {
    if (this.error !== undefined) return;
    const began = performance.now();
    try {
      if (this.#recording) {
        const steps = options.steps ?? subject.network.coding.steps;
        refuseMismatch(subject.network, this.#recording, this.#recording.states, steps);
      }
      const own = await this.#engine.describe(subject.network);
      const { engine, seed, generators, spikes, steps } = options;
      const recorded = this.#recording !== undefined;
      const tolerance = recorded || own.exact ? 0 : LEAKY_TOLERANCE;
      const trial = { judge: this.#engine, engine, seed, generators, spikes, steps, recorded, tolerance };
      this.results.push(await certifyNetwork(subject, own, trial, offer));
      this.mapping ??= own;
      this.#exact &&= own.exact;
    } catch (error) {
      if (!tolerant || this.#recording || !(error instanceof DsqnError && REFUSALS.includes(error.code))) throw error;
      this.error = error;
    } finally {
      this.#seconds += (performance.now() - began) / 1000;
    }
  }

  column(): Column {
    const { name: simulator, version } = this.#engine;
    const recorded = this.#recording !== undefined;
    const tolerance = recorded ? RECORDED_TOLERANCE : this.#exact ? 0 : LEAKY_TOLERANCE;
    const failed = this.error instanceof DsqnError ? this.error : undefined;
    return {
      simulator,
      version,
      recorded,
      // Of the last layer: the others' are shown, and not compared.
      potentials: !recorded || Boolean(this.#recording.potentials[(this.results[0]?.shape.length ?? 0) - 2]),
      ...verdictOf(this.results, tolerance, failed !== undefined),
      seconds: this.#seconds,
      mapping: this.mapping ?? null,
      ...(failed && { failure: { code: failed.code, message: failed.message } }),
    };
  }
}

/** What a judge may lack, while others go on. */
const REFUSALS: readonly string[] = ["MAPPING_IMPOSSIBLE", "SIMULATOR_MISSING", "LAYER_UNSUPPORTED"];
