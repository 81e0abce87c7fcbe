import { Random } from "../../numeric/random.ts";
import type { Environments, MakeEnvironments } from "../../environments/worlds.ts";
import { runEpisodes, type Act } from "../episodes.ts";
import { greedy } from "../greedy.ts";
import { mean } from "../../numeric/statistics.ts";
import type { DqnConfig } from "./config.ts";
import type { EvaluationEntry, TrainingState } from "./state.ts";

interface EvaluatorOptions {
  readonly makeEnvironments: MakeEnvironments;
  readonly onEvaluation?: (entry: EvaluationEntry) => void;
  readonly signal?: AbortSignal;
}

/** Scores the current weights greedily, keeps them when they are the best yet, and confirms a score that may end the run. */
export function createEvaluator(
  config: DqnConfig,
  state: TrainingState,
  { makeEnvironments, onEvaluation, signal }: EvaluatorOptions,
): (() => Promise<void>) & { close(): Promise<void> } {
  const { evaluation } = config;
  const { progression } = state;
  const network = evaluation.of === "target" ? state.target : state.policy;
  const act: Act = greedy(network, config.scaling);
  const seeds = Random.stream(config.seed, "evaluation");
  const draw = (n: number): number[] => Array.from({ length: n }, () => seeds.integer(2 ** 31));
  // The same starts for every checkpoint: the difference between two scores is then the networks', not the starts'.
  const first = { seeds: draw(evaluation.episodes), environments: undefined as Environments | undefined };
  const second = { seeds: draw(evaluation.stop?.episodes ?? 0), environments: undefined as Environments | undefined };
  const score = async (group: typeof first): Promise<number[]> => {
    group.environments ??= await makeEnvironments(group.seeds.length);
    return (await runEpisodes(group.environments, act, { seeds: group.seeds, signal })).returns;
  };

  const evaluate = async (): Promise<void> => {
    let returns = await score(first);
    const { settle } = evaluation;
    if (settle && mean(returns) >= settle.mean) progression.settled *= settle.factor;
    if (evaluation.stop && mean(returns) >= evaluation.stop.mean) {
      const confirmation = await score(second);
      progression.confirmed = mean(confirmation) >= evaluation.stop.mean;
      returns = [...returns, ...confirmation];
    }
    const entry: EvaluationEntry = {
      environmentSteps: progression.environmentSteps,
      episode: progression.curve.length,
      mean: mean(returns),
      min: Math.min(...returns),
      episodes: returns.length,
    };
    progression.evaluations.push(entry);
    // Of equal scores the later: it has learned from more.
    if (!progression.chosen || entry.mean >= progression.chosen.mean || progression.confirmed) {
      progression.chosen = entry;
      state.chosenParameters.set(network.parameters);
    }
    onEvaluation?.(entry);
  };
  return Object.assign(evaluate, {
    close: async () => {
      await first.environments?.close();
      await second.environments?.close();
    },
  });
}
