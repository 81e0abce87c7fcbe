import type { DenseNetwork } from "../../network/old/dense-network.ts";
import { saveModel } from "../../network/file/model.ts";
import type { SpikingNetwork } from "../../network/old/spiking-network.ts";
import type { MakeEnvironments } from "../../environments/worlds.ts";
import { evaluate, FIRST_SEED } from "../evaluate.ts";
import { policyOf, type Policy } from "../policy.ts";
import type { RunContext, TrainSummary } from "./method.ts";

type Trainee = DenseNetwork | SpikingNetwork;

/** The part of a config that every method has. */
export interface CommonConfig {
  readonly method: string;
  readonly seed: number;
  readonly environment: { readonly id: string };
  readonly final: { readonly episodes: number; readonly target?: number };
}

/** What a method hands over when its training is done. */
export interface Trained {
  readonly networks: { readonly best: Trainee; readonly initial: Trainee; readonly last?: Trainee };
  /** On the cards of all networks, and on the chosen one's. */
  readonly card: object;
  readonly bestCard?: object;
  /** Whose actions the chosen network's are compared with. */
  readonly compare?: Policy;
  readonly summary: Pick<TrainSummary, "episodesRun" | "solvedAt" | "best" | "seconds"> &
    Readonly<Record<string, unknown>>;
}

/** Scores the chosen network on seeds that training never saw, and saves the networks with their cards. */
export async function conclude(
  config: CommonConfig,
  { folder, signal, onProgress, command }: RunContext,
  makeEnvironments: MakeEnvironments,
  { networks, card, bestCard, compare, summary }: Trained,
): Promise<TrainSummary> {
  const { seed, method, environment, final: goal } = config;
  const { mean, std, ci95, episodes, similarity, similarityCi95 } = await evaluate(
    policyOf(networks.best),
    makeEnvironments,
    { episodes: goal.episodes, compare, signal, onProgress },
  );
  const final = { mean, std, ci95, episodes };
  const score = { ...final, firstSeed: FIRST_SEED, ...(compare && { similarity, similarityCi95 }) };
  for (const [part, network] of Object.entries<Trainee>(networks))
    await saveModel(folder.file(`${part}.safetensors`), network, {
      environment: environment.id,
      method,
      seed,
      part,
      command,
      config,
      ...card,
      ...(part === "best" && { ...bestCard, score }),
    });
  return {
    env: environment.id,
    method,
    seed,
    final,
    reached: goal.target === undefined || mean >= goal.target,
    target: goal.target ?? null,
    ...(compare && { similarity }),
    ...summary,
    model: folder.file("best.safetensors"),
  };
}
