import { withOptions } from "../engines/forward.ts";
import { referenceEngine } from "../engines/reference/index.ts";
import type { SpikeEvents } from "../network/engine.ts";
import { isSpiking, type Network, observationSize, type SpikingNetwork } from "../network/network.ts";
import { nextTurn } from "../platform/node.ts";
import type { OnProgress } from "../progress.ts";
import type { Certificate, NetworkCertificate } from "../simulators/certificate-form.ts";
import { shifted, statesAtOnce, statesOf } from "../simulators/certify-network.ts";
import { eventsIn, type LayerEvidence, layerEvidence, statesIn } from "../simulators/evidence.ts";
import { networkHash } from "../simulators/hash.ts";

/** A model, by the hash that certificates know it by. */
export interface KnownModel {
  readonly network: Network;
  /** Of its file. */
  readonly sha256?: string;
}

/** One layer: what the certificate says of the simulator's spikes, and ours, computed anew. */
export interface CheckedLayer {
  readonly layer: number;
  readonly theirs: { readonly spikes: number; readonly sha256: string };
  readonly ours: { readonly spikes: number; readonly sha256: string };
  readonly equal: boolean;
  /** The first spike that one side alone has; known only where the certificate holds the spikes themselves. */
  readonly firstDifference?: {
    readonly state: number;
    readonly step: number;
    readonly neuron: number;
    readonly only: "ours" | "theirs";
  };
}

/** One network of a certificate. */
export interface CheckedNetwork {
  readonly name: string;
  readonly sha256: string;
  readonly states: number;
  readonly steps: number;
  readonly bins: number;
  readonly layers: readonly CheckedLayer[];
  /** Every spike of every layer is the simulator's. */
  readonly equal: boolean;
  /** Why it could not be computed again: its model is not there, or its states are not in the certificate. */
  readonly missing?: string;
  /** Our spikes of the first states, layer by layer, to be shown. */
  readonly shown: readonly SpikeEvents[];
  readonly shownStates: number;
}

/** What came of computing a certificate again. */
export interface CheckedCertificate {
  /** All networks were there, and all their spikes are the simulator's. */
  readonly equal: boolean;
  readonly networks: readonly CheckedNetwork[];
}

export interface CheckOptions {
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
  /** Of how many states spikes are kept to be shown; 24 unless given. */
  readonly show?: number;
}

/**
 * Runs every network of a certificate again, in the engine that defines the dynamics, on the states that it holds, and compares number
 * and SHA-256 of every layer's spikes with those of the simulator. Nothing that the certificate says of our own side is believed.
 * Parts of the states begin with the seeds that they had when it was made.
 */
export async function checkCertificate(
  certificate: Certificate,
  models: readonly KnownModel[],
  { onProgress, signal, show = 24 }: CheckOptions = {},
): Promise<CheckedCertificate> {
  const known = new Map(models.flatMap((model) => hashesOf(model).map((hash) => [hash, model.network] as const)));
  const networks: CheckedNetwork[] = [];
  for (const result of certificate.results) {
    const network = known.get(result.sha256);
    const runnable = network && isSpiking(network) ? network : null;
    const missing = whyNot(certificate, result, network);
    if (missing !== null || runnable === null) {
      networks.push(unchecked(result, missing ?? "The model with this hash does not spike."));
      continue;
    }
    networks.push(
      await checkNetwork(result, asCertified(runnable, result), { seed: certificate.seed, onProgress, signal, show }),
    );
  }
  return { equal: networks.every(({ equal }) => equal), networks };
}

const hashesOf = ({ network, sha256 }: KnownModel): string[] => [networkHash(network), ...(sha256 ? [sha256] : [])];

function whyNot(
  { format }: Certificate,
  { input, layers }: NetworkCertificate,
  network: Network | undefined,
): string | null {
  if (format === 1 || !input || !layers) return "The certificate is of format 1, which holds no states and no hashes.";
  if (network === undefined) return "No model with this hash was given.";
  if (input.values === null) return "Its states are too many for the certificate to hold them.";
  if (layers.length === 0) return "The simulator recorded no spikes.";
  return null;
}

/** `dsqn certify --reset` judges a network with another reset than its file's. */
function asCertified(network: SpikingNetwork, { reset }: NetworkCertificate): SpikingNetwork {
  const own = network.layers.every(({ activation }) => activation.reset === reset);
  return own || reset === "mixed" ? network : withOptions(network, { reset: reset === "subtraction" ? reset : "zero" });
}

interface Task extends Required<Pick<CheckOptions, "show">>, Omit<CheckOptions, "show"> {
  readonly seed: number;
}

async function checkNetwork(
  { name, sha256, steps, bins, input, layers = [] }: NetworkCertificate,
  network: SpikingNetwork,
  { seed, onProgress, signal, show }: Task,
): Promise<CheckedNetwork> {
  const inputs = statesIn(input!)!;
  const changing = input!.shape.length === 3;
  const states = inputs.length / observationSize(network) / (changing ? steps : 1);
  const subject = { network, inputs, changing };
  // Small enough for progress to be seen; a part of the certificate's own where Poisson seeds depend on it.
  const own = statesAtOnce(network, steps);
  const atOnce = network.coding.encoding === "poisson" ? Math.min(states, own) : Math.min(states, own, 16);
  const parts: SpikeEvents[][] = [];
  const engine = referenceEngine.load(network);
  for (let first = 0; first < states; first += atOnce) {
    signal?.throwIfAborted();
    onProgress?.({ stage: `recompute ${name}`, done: first, total: states, unit: "states" });
    await nextTurn();
    const part = statesOf(subject, steps, states, first, Math.min(atOnce, states - first));
    const { spikes = [] } = engine.run(part, { steps, seed: seed + first, recordSpikes: true, changing });
    spikes.forEach((layer, l) => (parts[l] ??= []).push(shifted(layer, first)));
  }
  engine.close();
  onProgress?.({ stage: `recompute ${name}`, done: states, total: states, unit: "states" });
  const checked = layers.map((theirs) => checkLayer(theirs, parts[theirs.layer] ?? []));
  const shownStates = Math.min(show, states);
  return {
    name,
    sha256,
    states,
    steps,
    bins,
    layers: checked,
    equal: checked.length === parts.length && checked.every(({ equal }) => equal),
    shown: parts.map((layer) => below(layer, shownStates)),
    shownStates,
  };
}

function unchecked({ name, sha256, states, steps, bins }: NetworkCertificate, missing: string): CheckedNetwork {
  return { name, sha256, states, steps, bins, layers: [], equal: false, missing, shown: [], shownStates: 0 };
}

function checkLayer(theirs: LayerEvidence, parts: readonly SpikeEvents[]): CheckedLayer {
  const { spikes, sha256 } = layerEvidence(theirs.layer, parts, false);
  const equal = sha256 === theirs.sha256 && spikes === theirs.spikes;
  const recorded = equal ? null : eventsIn(theirs);
  return {
    layer: theirs.layer,
    theirs: { spikes: theirs.spikes, sha256: theirs.sha256 },
    ours: { spikes, sha256 },
    equal,
    ...(recorded && { firstDifference: firstDifference(parts, recorded) }),
  };
}

/** Both are sorted by state, step and neuron. */
function firstDifference(parts: readonly SpikeEvents[], theirs: SpikeEvents): CheckedLayer["firstDifference"] {
  const ours = joined(parts);
  const at = (e: SpikeEvents, k: number) => [e.state[k], e.step[k], e.neuron[k]] as const;
  for (let k = 0; k < Math.max(ours.state.length, theirs.state.length); k++) {
    const [a, b] = [at(ours, k), at(theirs, k)];
    const by = a.findIndex((value, c) => value !== b[c]);
    if (by < 0) continue;
    const mine = k >= theirs.state.length || (k < ours.state.length && a[by] < b[by]);
    const [state, step, neuron] = mine ? a : b;
    return { state, step, neuron, only: mine ? "ours" : "theirs" };
  }
  return undefined;
}

function joined(parts: readonly SpikeEvents[]): SpikeEvents {
  const column = (pick: (part: SpikeEvents) => Int32Array): Int32Array =>
    Int32Array.from(parts.flatMap((part) => [...pick(part)]));
  return { state: column((p) => p.state), step: column((p) => p.step), neuron: column((p) => p.neuron) };
}

/** The spikes of the first `states` states. */
function below(parts: readonly SpikeEvents[], states: number): SpikeEvents {
  const kept = parts.filter(({ state }) => state.length > 0 && state[0] < states);
  const all = joined(kept);
  const end = all.state.findIndex((state) => state >= states);
  const until = end < 0 ? all.state.length : end;
  return { state: all.state.slice(0, until), step: all.step.slice(0, until), neuron: all.neuron.slice(0, until) };
}
