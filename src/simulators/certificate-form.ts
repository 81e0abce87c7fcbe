import type { OnProgress } from "../progress.ts";
import type { Engine, LocalEngine, SpikeEvents } from "../network/engine.ts";
import type { Mapping } from "../network/mapping.ts";
import type { SpikingNetwork } from "../network/network.ts";
import type { Counts, FirstMismatch } from "./compare.ts";
import type { InputEvidence, LayerEvidence } from "./evidence.ts";
import type { RecordedRun } from "./recorded.ts";

/** What is certified: a network, and the states it is shown. */
export interface Subject {
  readonly name: string;
  readonly network: SpikingNetwork;
  /** [states, observationSize], or where they change [steps, states, observationSize]. */
  readonly inputs: Float32Array;
  readonly changing?: boolean;
  /** Where the states come from: visited ones (a replay folder), random ones, or those of a recording. */
  readonly source: "visited" | "random" | "recorded";
  /** What another framework, or a chip, did with it: the first judge. */
  readonly recording?: RecordedRun;
  /** Of the model's file; that of the network itself unless given. */
  readonly sha256?: string;
}

/** What one judge says of one network. */
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
  /** The share of states in which both choose the same action, or outputs that tie; 1: all. */
  readonly actionsEqual: number;
  /** States in which they choose outputs that tie within the tolerance, so that rounding chooses; left out where there are none. */
  readonly tiedActions?: number;
  readonly firstMismatch: FirstMismatch | null;
  readonly mapping: string;
  /** The states; of certificates of format 1 unknown, as `layers`. */
  readonly input?: InputEvidence;
  /** What each layer that spikes did in the simulator. */
  readonly layers?: readonly LayerEvidence[];
}

/** What one judge says of all networks. */
export interface Column extends Counts {
  readonly simulator: string;
  readonly version: string;
  /** It ran before, elsewhere: its spikes were read from a file. */
  readonly recorded: boolean;
  /** Whether potentials were compared: a recording may hold none. */
  readonly potentials: boolean;
  /** The largest potential error that the mapping allows: 0 where it is exact. */
  readonly potentialTolerance: number;
  readonly actionsEqual: number;
  /** Of all its networks, as there. */
  readonly tiedActions?: number;
  readonly passed: boolean;
  readonly seconds: number;
  /** The mapping of the first network, and in full; null where it could not be run. */
  readonly mapping: Mapping | null;
  /** Why it could not be run: MAPPING_IMPOSSIBLE, SIMULATOR_MISSING... */
  readonly failure?: { readonly code: string; readonly message: string };
  /** Of each network; of the first column they stand in the certificate itself. */
  readonly results?: readonly NetworkCertificate[];
}

/** "The same network", or where it stops being the same. What stands here is the first judge's; `columns` has all. */
export interface Certificate extends Omit<Column, "recorded" | "potentials" | "mapping" | "results" | "failure"> {
  readonly format: 1 | 2;
  readonly date: string;
  readonly engine: { readonly name: string; readonly precision: string };
  readonly versions: Readonly<Record<string, string>>;
  readonly seed: number;
  /** How many. */
  readonly networks: number;
  /** Of every network, or null where they differ; likewise neuron and reset. */
  readonly steps: number | null;
  readonly neuron: string | null;
  readonly reset: string | null;
  readonly mapping: Mapping;
  readonly results: readonly NetworkCertificate[];
  /** Of format 2. */
  readonly columns?: readonly Column[];
  /** What was taken for granted where the network or the recording was read. */
  readonly assumed?: readonly string[];
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

/** The judges, our engine, and how long and from which seed all run. */
export interface CertifyOptions {
  /** None where a recording is the only judge. */
  readonly simulator?: Engine;
  /** More of them: a column each. One that can't express a network is named with the reason, and the others go on. */
  readonly others?: readonly Engine[];
  readonly engine: LocalEngine;
  /** Instead of each network's own. */
  readonly steps?: number;
  readonly seed?: number;
  /** Observations enter through weighted generators inside the simulator. */
  readonly generators?: boolean;
  /** Keep the simulator's spikes, not their hashes alone. */
  readonly spikes?: boolean;
  /** Further versions, of what made a recording. */
  readonly versions?: Readonly<Record<string, string>>;
  readonly assumed?: readonly string[];
  /** Called with the first decision of the first judge, and again with the first in which a spike differs. */
  readonly onExhibit?: (exhibit: Exhibit) => void;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}
