import { DsqnError } from "../errors.ts";
import type { Network } from "../network/network.ts";
import type { Replay } from "../formats/replay.ts";
import type { OnProgress } from "../progress.ts";
import { fastEngine } from "../engines/fast/index.ts";
import { FIRST_SEED } from "./evaluate.ts";
import { fitted } from "./fits.ts";
import type { MakeEnvironments } from "../environments/worlds.ts";
import { runEpisodes } from "./episodes.ts";
import { policyOf, type Policy } from "./policy.ts";

/** How many states, from which episodes. */
export interface CollectOptions {
  /** Number of states. */
  readonly size: number;
  readonly firstSeed?: number;
  /** Probability of a random action; the states that follow one are kept too. */
  readonly epsilon?: number;
  /** Of an episode's states every so many-th one is kept, from the first on; 1 unless given. Frames hardly differ from the next: few then tell of many games. */
  readonly every?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** A remark for the user: episodes that do not end. */
  readonly onWarning?: (message: string) => void;
}

/** Environments that step side by side while states are collected; of pictures a few, for whole episodes are held. */
const sideBySide = (observationSize: number): number => (observationSize > 4096 ? 4 : 20);

/**
 * The first `size` states that `policy` visits in greedy episodes (or every so many-th), [size, observationSize]: in the order of episodes
 * and, within one, of time, so that a smaller set is the beginning of a larger one.
 */
export async function collectStates(
  policy: Policy,
  makeEnvironments: MakeEnvironments,
  options: CollectOptions,
): Promise<Float32Array> {
  const { size, firstSeed = FIRST_SEED, epsilon = 0, every = 1, signal, onProgress, onWarning } = options;
  const n = policy.observationSize;
  const states = new Float32Array(size * n);
  const count = sideBySide(n);
  const opened = await makeEnvironments(count);
  try {
    const environments = fitted(policy, opened);
    for (let filled = 0, first = firstSeed; filled < size; first += count) {
      const visited: Float32Array[][] = Array.from({ length: count }, () => []);
      const seen = new Int32Array(count);
      await runEpisodes(environments, (observations, batch) => policy.act(observations, batch), {
        seeds: Array.from({ length: count }, (_, i) => first + i),
        epsilon,
        signal,
        onWarning,
        enough: (running) => beforeUnfinished(visited, running) >= size - filled,
        onDecisions: (observations, _actions, rows) =>
          rows.forEach((row, k) => {
            if (seen[row]++ % every === 0 && visited[row].length < size - filled)
              visited[row].push(observations.slice(k * n, (k + 1) * n));
          }),
      });
      const found = visited.flat();
      if (found.length === 0)
        throw new DsqnError("NOTHING_COLLECTED", "Every decision was random: nothing was collected.", {
          hint: "Lower --epsilon.",
        });
      for (const state of found) if (filled < size) states.set(state, n * filled++);
      onProgress?.({ stage: "collect", done: filled, total: size, unit: "states" });
    }
    return states;
  } finally {
    await opened.close();
  }
}

/** States that no later step of an episode can come before: those up to the first one that is not over. */
function beforeUnfinished(visited: readonly (readonly unknown[])[], running: Int32Array): number {
  return visited.slice(0, running[0] + 1).reduce((sum, { length }) => sum + length, 0);
}

/** States that `network` visits, with the Q-values it gives them: what conversions and classifiers are made from. */
export async function collectReplay(
  network: Network,
  makeEnvironments: MakeEnvironments,
  options: CollectOptions,
): Promise<Replay> {
  const policy = policyOf(network);
  const states = await collectStates(policy, makeEnvironments, options);
  const loaded = fastEngine().load(network);
  const { outputs } = loaded.run(states);
  loaded.close();
  return { size: options.size, observationSize: policy.observationSize, states, outputs: Float32Array.from(outputs) };
}
