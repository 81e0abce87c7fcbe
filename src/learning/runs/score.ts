import type { MakeEnvironments } from "../../environments/worlds.ts";
import { saveModel } from "../../network/file/model.ts";
import type { Network } from "../../network/network.ts";
import { withJudge } from "../config-environments.ts";
import { evaluate, FIRST_SEED } from "../evaluate.ts";
import { type Policy, policyOf } from "../policy.ts";
import type { AtariConfig, EnvironmentConfig } from "../schema.ts";
import type { RunContext, TrainSummary } from "./summary.ts";

/** The part of a config that every algorithm has. */
export interface CommonConfig {
  readonly method: string;
  readonly seed: number;
  readonly environment: EnvironmentConfig | AtariConfig;
  readonly final: {
    readonly episodes: number;
    readonly epsilon: number;
    readonly target?: number;
    readonly worlds?: "gymnasium" | "native";
  };
}

/** What an algorithm hands over when its training is done. */
export interface Result {
  readonly networks: { readonly best: Network; readonly initial: Network; readonly last?: Network };
  /** On the cards of all networks, and on the chosen one's. */
  readonly card: object;
  readonly bestCard?: object;
  /** Whose actions the chosen network's are compared with. */
  readonly compare?: Policy;
  readonly summary: Pick<TrainSummary, "episodesRun" | "solvedAt" | "best" | "seconds"> &
    Readonly<Record<string, unknown>>;
}

const environmentOf = ({ environment }: CommonConfig): string =>
  "id" in environment ? environment.id : environment.game;

/** What the cards of a run's networks have in common. */
export function cardOf(config: CommonConfig, { command }: RunContext, part: string): object {
  const { method, seed } = config;
  return { environment: environmentOf(config), method, seed, part, command, config };
}

/**
 * Scores the chosen network on seeds that training never saw, in the engine that users run, and saves the networks with their cards: whatever
 * trained it, the card says what `dsqn evaluate` repeats.
 */
export async function scoreAndSave(
  config: CommonConfig,
  context: RunContext,
  makeEnvironments: MakeEnvironments,
  { networks, card, bestCard, compare, summary }: Result,
): Promise<TrainSummary> {
  const { folder, signal, onProgress, onWarning } = context;
  const { episodes, epsilon, target, worlds } = config.final;
  const policy = policyOf(networks.best);
  const score = await withJudge(config, makeEnvironments, (judge) =>
    evaluate(policy, judge, { episodes, epsilon, compare, signal, onProgress, onWarning }),
  );
  await policy.close?.();
  const { mean, std, ci95, similarity, similarityCi95 } = score;
  const final = { mean, std, ci95, episodes };
  const scored = {
    ...final,
    firstSeed: FIRST_SEED,
    ...(epsilon > 0 && { epsilon }),
    ...(worlds === "native" && { worlds }),
    ...(compare && { similarity, similarityCi95 }),
  };
  for (const [part, network] of Object.entries<Network>(networks))
    await saveModel(folder.file(`${part}.safetensors`), network, {
      ...cardOf(config, context, part),
      ...card,
      ...(part === "best" && { ...bestCard, score: scored }),
    });
  return {
    env: environmentOf(config),
    method: config.method,
    seed: config.seed,
    final,
    reached: target === undefined || mean >= target,
    target: target ?? null,
    ...(compare && { similarity }),
    ...summary,
    model: folder.file("best.safetensors"),
  };
}
