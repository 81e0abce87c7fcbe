import type { OnProgress } from "../progress.ts";
import type { MakeEnvironments } from "../environments/worlds.ts";
import type { Cost } from "../network/cost.ts";
import type { Work } from "../network/engine.ts";
import { runEpisodes } from "./episodes.ts";
import { assertFits, fitted } from "./fits.ts";
import type { Policy, PolicyWork } from "./policy.ts";
import { mean, meanInterval, ratioInterval, standardDeviation } from "../numeric/statistics.ts";

/** Reset seeds of evaluation episodes unless others are given: episode i starts from 100000 + i, so that scores compare. */
export const FIRST_SEED = 100000;

/** Environments that step side by side; more episodes run in several rounds. */
const SIDE_BY_SIDE = 500;

/** How many episodes, from which seeds, against whom. */
export interface EvaluateOptions {
  readonly episodes?: number;
  readonly firstSeed?: number;
  /** Probability of a random action. */
  readonly epsilon?: number;
  /** Another policy, asked about every state that the first one visits. */
  readonly compare?: Policy;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** A remark for the user: episodes that do not end. */
  readonly onWarning?: (message: string) => void;
}

/** A policy's score, with its intervals. */
export interface Evaluation {
  readonly mean: number;
  /** Sample standard deviation over episodes. */
  readonly std: number;
  /** 95 % t interval of the mean. */
  readonly ci95: readonly [number, number];
  readonly episodes: number;
  /** Decisions that were not random. */
  readonly decisions: number;
  /** Share of equal actions with `compare`, on the states visited; null without one. */
  readonly similarity: number | null;
  /** 95 % interval of the similarity, episodes being the independent units. */
  readonly similarityCi95: readonly [number, number] | null;
  /** Of the decisions whose best two actions lie further apart, by the values of `compare`, than in a quarter or in half of all; null without values. */
  readonly similarityAbove: { readonly lowerQuartile: number; readonly median: number } | null;
  /** What deviating from `compare` costs by its own values; null without one, or where it has none. */
  readonly regret: Regret | null;
  /** Averages over decisions; null where the policy doesn't count. */
  readonly spikesPerDecision: number | null;
  readonly synOpsPerDecision: number | null;
  readonly cost: Cost | null;
  /** Undiscounted return of each episode, in seed order. */
  readonly returns: readonly number[];
  readonly lengths: readonly number[];
  readonly seconds: number;
}

/**
 * What a policy loses, by the values Q of another one: per state max_a Q(s, a) - Q(s, action taken), which is 0 where both act
 * alike. It tells near ties from mistakes, as a share of equal actions does not. In units of the values: of the discounted return
 * for a DQN, of the logits for a classifier.
 */
export interface Regret {
  /** Over decisions. */
  readonly mean: number;
  /** 95 % interval of the mean, episodes being the independent units. */
  readonly ci95: readonly [number, number];
  /** The largest of a single decision. */
  readonly largest: number;
  /** By how much the best action is better than the next one, on average over decisions: what the regret is to be held against. */
  readonly margin: number;
}

/**
 * Greedy episodes of `policy`, all side by side in one vector of environments.
 *
 * @example
 * const { mean, ci95 } = await withGymnasium({ id: "CartPole-v1" }, (make) => evaluate(policyOf(dqn), make, { episodes: 10 }));
 */
export async function evaluate(
  policy: Policy,
  makeEnvironments: MakeEnvironments,
  options: EvaluateOptions = {},
): Promise<Evaluation> {
  const { episodes = 100, firstSeed = FIRST_SEED, epsilon = 0, compare, signal, onProgress, onWarning } = options;
  const started = performance.now();
  const workBefore = policy.work && { ...policy.work };
  const [returns, lengths]: [number[], number[]] = [[], []];
  const tally = createTally(episodes, policy.actions, compare);
  for (let first = 0; first < episodes; first += SIDE_BY_SIDE) {
    const opened = await makeEnvironments(Math.min(SIDE_BY_SIDE, episodes - first));
    const { count } = opened;
    try {
      const environments = fitted(policy, opened);
      if (compare) assertFits(compare, environments);
      policy.begin?.(count);
      const part = await runEpisodes(environments, (...asked) => policy.act(...asked), {
        seeds: Array.from({ length: count }, (_, i) => firstSeed + first + i),
        epsilon,
        signal,
        onWarning,
        onDecisions: (observations, actions, rows) => tally.note(observations, actions, rows, first),
        onStep({ step, running }) {
          const done = first + count - running;
          onProgress?.({ stage: "evaluate", done, total: episodes, unit: "episodes", note: `step ${step}` });
        },
      });
      returns.push(...part.returns);
      lengths.push(...part.lengths);
    } finally {
      await opened.close();
    }
  }
  return {
    mean: mean(returns),
    std: standardDeviation(returns),
    ci95: meanInterval(returns),
    episodes,
    ...tally.result(),
    ...costs(policy, workBefore),
    returns,
    lengths,
    seconds: (performance.now() - started) / 1000,
  };
}

/** Counts decisions, and holds them against those of `compare`. */
function createTally(
  episodes: number,
  actions: number,
  compare: Policy | undefined,
): {
  note(observations: Float32Array, chosen: Int32Array, rows: Int32Array, first: number): Promise<void>;
  result(): Pick<Evaluation, "decisions" | "similarity" | "similarityCi95" | "similarityAbove" | "regret">;
} {
  const [equal, decided, lost] = [0, 1, 2].map(() => new Float64Array(episodes));
  let [largest, margins] = [0, 0];
  const [gaps, agreed]: [number[], boolean[]] = [[], []];
  return {
    async note(observations, chosen, rows, first) {
      const valued = await compare?.values?.(observations, rows.length);
      const others = valued?.actions ?? (await compare?.act(observations, rows.length));
      rows.forEach((row, k) => {
        decided[first + row]++;
        if (others && others[k] === chosen[k]) equal[first + row]++;
        if (!valued) return;
        const values = valued.values.subarray(k * actions, (k + 1) * actions);
        const [best, next = best] = values.slice().sort().reverse();
        const regret = best - values[chosen[k]];
        lost[first + row] += regret;
        largest = Math.max(largest, regret);
        margins += best - next;
        gaps.push(best - next);
        agreed.push(others![k] === chosen[k]);
      });
    },
    result() {
      const sorted = Float64Array.from(gaps).sort();
      /** The share of equal actions among decisions whose gap is above that of `share` of all. */
      const above = (share: number): number => {
        const least = sorted[Math.floor(share * (sorted.length - 1))];
        const clear = agreed.filter((_, k) => gaps[k] > least);
        return clear.length > 0 ? clear.filter((equal) => equal).length / clear.length : 1;
      };
      const decisions = decided.reduce((sum, n) => sum + n, 0);
      const similarity = compare && decisions > 0 ? ratioInterval(equal, decided, 1) : undefined;
      const regret = compare?.values && decisions > 0 ? ratioInterval(lost, decided) : undefined;
      return {
        decisions,
        similarity: similarity?.ratio ?? null,
        similarityCi95: similarity?.ci95 ?? null,
        similarityAbove: gaps.length > 0 ? { lowerQuartile: above(0.25), median: above(0.5) } : null,
        regret: regret ? { mean: regret.ratio, ci95: regret.ci95, largest, margin: margins / decisions } : null,
      };
    },
  };
}

/** What a decision has cost on average since `before`; null where nobody counted. */
function costs(
  { work, cost }: Policy,
  before: PolicyWork | undefined,
): Pick<Evaluation, "spikesPerDecision" | "synOpsPerDecision" | "cost"> {
  const decisions = work && before ? work.decisions - before.decisions : 0;
  if (decisions === 0) return { spikesPerDecision: null, synOpsPerDecision: null, cost: null };
  const { decisions: _, ...counts } = work!;
  const names = Object.keys(counts) as (keyof Work)[];
  const per = Object.fromEntries(names.map((name) => [name, (work![name] - before![name]) / decisions]));
  const perDecision = per as unknown as Work;
  const { spikes, synOps } = perDecision;
  return { spikesPerDecision: spikes, synOpsPerDecision: synOps, cost: cost?.(perDecision) ?? null };
}
