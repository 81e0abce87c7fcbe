import type { TrainableNetwork } from "../../ann/trainable.ts";
import { Random } from "../../random.ts";
import { argmax } from "../../snn/decide.ts";
import type { Environments, MakeEnvironments } from "../environments.ts";
import { runEpisodes, type Act } from "../episodes.ts";
import { scaleObservations } from "../scaling.ts";
import { mean } from "../statistics.ts";
import type { DqnConfig } from "./config.ts";
import type { EvaluationEntry, TrainingState } from "./state.ts";

interface EvaluatorOptions {
  readonly makeEnvironments: MakeEnvironments;
  readonly onEvaluation?: (entry: EvaluationEntry) => void;
  readonly signal?: AbortSignal;
}

/** Greedy actions of `network` on raw observations. */
export function greedy(
  network: TrainableNetwork,
  scaling: DqnConfig["scaling"],
): (observations: Float32Array, batch: number) => Int32Array {
  const { observationSize: n, actions, maxBatch } = network;
  const scaled = new Float32Array(maxBatch * n);
  return (observations, batch) => {
    const chosen = new Int32Array(batch);
    for (let first = 0; first < batch; first += maxBatch) {
      const rows = Math.min(maxBatch, batch - first);
      const raw = observations.subarray(first * n, (first + rows) * n);
      const values = network.forward(
        scaling ? scaleObservations(scaling, raw, scaled.subarray(0, rows * n)) : raw,
        rows,
      );
      for (let k = 0; k < rows; k++) chosen[first + k] = argmax(values, k * actions, actions);
    }
    return chosen;
  };
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
