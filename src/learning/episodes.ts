import { Random } from "../numeric/random.ts";
import type { Environments } from "../environments/worlds.ts";
import type { Act } from "./algorithm.ts";

export interface EpisodesOptions {
  /** One per environment; episode i runs in environment i from `seeds[i]`. */
  readonly seeds: readonly number[];
  /** Probability of a random action, drawn per episode from a stream of its own. */
  readonly epsilon?: number;
  /** Ends episodes here whatever the environment says. */
  readonly maxSteps?: number;
  readonly signal?: AbortSignal;
  /** Whether enough is known, though some episodes (`running`) are not over: asked after every step. */
  readonly enough?: (running: Int32Array) => boolean;
  /** A remark for the user. */
  readonly onWarning?: (message: string) => void;
  /** Sees every decision that was not random: observations [batch, n], actions [batch], and the episode of each row. */
  readonly onDecisions?: (
    observations: Float32Array,
    actions: Int32Array,
    episodes: Int32Array,
  ) => void | Promise<void>;
  readonly onStep?: (facts: { step: number; running: number }) => void;
}

/** Episodes as long as no usual environment's: whoever waits for them is told. */
export const LONG = 20_000;

/** What is said of `running` episodes that have taken as many steps. */
export function unending(running: number, id: string): string {
  return `${running} episode(s) of ${id} have not ended after ${LONG} steps: they may never. A time limit ends them (--max-steps N).`;
}

/**
 * Runs one episode in each environment side by side, and returns each one's undiscounted return and length. Only running
 * episodes are decided for, so the cost falls as they end.
 */
export async function runEpisodes(
  environments: Environments,
  act: Act,
  options: EpisodesOptions,
): Promise<{ returns: number[]; lengths: number[] }> {
  const { count, observationSize } = environments;
  const { seeds, epsilon = 0, maxSteps = Infinity, signal } = options;
  const returns = new Array<number>(count).fill(0);
  const lengths = new Array<number>(count).fill(0);
  const explorers = epsilon > 0 ? seeds.map((seed) => Random.stream(seed, "evaluation exploration")) : [];
  const actions = new Int32Array(count);
  let running = Int32Array.from({ length: count }, (_, i) => i);
  let observations = await environments.reset({ seed: seeds });
  for (let step = 1; running.length > 0; step++) {
    signal?.throwIfAborted();
    const greedy = running.filter((i) => {
      if (epsilon === 0 || explorers[i].uniform() >= epsilon) return true;
      actions[i] = explorers[i].integer(environments.actions);
      return false;
    });
    if (greedy.length > 0) {
      const rows = gatherRows(observations, greedy, observationSize);
      const decided = await act(rows, greedy.length, greedy);
      await options.onDecisions?.(rows, decided, greedy);
      greedy.forEach((i, row) => (actions[i] = decided[row]));
    }
    const result = await environments.step(actions);
    observations = result.observations;
    running = running.filter((i) => {
      returns[i] += result.rewards[i];
      lengths[i] = step;
      return !result.terminated[i] && !result.truncated[i] && step < maxSteps;
    });
    options.onStep?.({ step, running: running.length });
    if (step === LONG && running.length > 0 && maxSteps === Infinity)
      options.onWarning?.(unending(running.length, environments.id));
    if (running.length > 0 && options.enough?.(running)) break;
  }
  return { returns, lengths };
}

function gatherRows(values: Float32Array, rows: Int32Array, width: number): Float32Array {
  if (rows.length * width === values.length) return values;
  const gathered = new Float32Array(rows.length * width);
  rows.forEach((row, k) => gathered.set(values.subarray(row * width, (row + 1) * width), k * width));
  return gathered;
}
