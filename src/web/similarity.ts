import { fastEngine } from "../engines/fast/index.ts";
import { UsageError } from "../errors.ts";
import { type Network, observationSize, type SpikingNetwork } from "../network/network.ts";

/** How alike a spiking network and its source act after T steps. */
export interface SimilarityRow {
  readonly steps: number;
  /** Share of states in which both choose the same action. */
  readonly similarity: number;
  readonly spikesPerDecision: number;
}

export interface SimilarityOptions {
  /** Each T to look at. */
  readonly steps: readonly number[];
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * The share of equal actions on `states` [n, observationSize] at each T: of one spiking network, or of one that `at` makes for each T
 * (a conversion may depend on it).
 *
 * @throws UsageError OBSERVATION_MISMATCH
 */
export function similarity(
  source: Network,
  at: SpikingNetwork | ((steps: number) => SpikingNetwork),
  states: Float32Array,
  { steps, onProgress }: SimilarityOptions,
): SimilarityRow[] {
  const size = observationSize(source);
  if (states.length === 0 || states.length % size !== 0)
    throw new UsageError("OBSERVATION_MISMATCH", `${states.length} values are no states of ${size} values each.`);
  const wanted = run(source, states).actions;
  return steps.map((t, k) => {
    onProgress?.(k, steps.length);
    const { actions, work } = run(typeof at === "function" ? at(t) : at, states, t);
    const equal = actions.filter((action, i) => action === wanted[i]).length;
    return { steps: t, similarity: equal / actions.length, spikesPerDecision: work?.spikes ?? 0 };
  });
}

function run(network: Network, states: Float32Array, steps?: number) {
  const loaded = fastEngine().load(network);
  try {
    return loaded.run(states, { steps });
  } finally {
    loaded.close();
  }
}
