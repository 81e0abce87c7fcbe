import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { collectStates } from "../learning/collect.ts";
import { evaluate } from "../learning/evaluate.ts";
import type { MakeEnvironments } from "../environments/worlds.ts";
import { withGymnasium } from "../environments/gymnasium-worlds.ts";
import { policyOf } from "../learning/policy.ts";
import { runTraining } from "../learning/runs/run.ts";
import { balancedConversion, convert } from "../conversion/convert.ts";
import { DsqnError } from "../errors.ts";
import { loadModel, saveModel, type Model } from "../network/file/model.ts";
import type { OnProgress } from "../progress.ts";

/** The networks that ship, in the order in which they rest on each other. */
const routes = {
  cartpole: {
    id: "CartPole-v1",
    target: 475,
    trained: ["dqn", "classifier", "snn-classifier", "dsqn", "reinforce"],
    converted: ["dqn", "classifier", "reinforce"],
  },
  mountaincar: {
    id: "MountainCar-v0",
    target: -115,
    trained: ["dqn", "classifier", "snn-classifier", "dsqn"],
    converted: ["dqn", "classifier"],
  },
} as const;

export type ModelEnvironment = keyof typeof routes;

/** Every network that ships, by the environment that it acts in. */
export const modelNames = Object.fromEntries(
  Object.entries(routes).map(([environment, { trained, converted }]) => [
    environment,
    [...trained, ...converted.map((route) => `${route}-converted`)].map((route) => `${environment}-${route}`),
  ]),
) as Record<ModelEnvironment, string[]>;

/** Scores on cards: seeds that nothing was trained, chosen or calibrated with. */
const SCORE = { episodes: 200, firstSeed: 300_000 } as const;
const REPLAY = { size: 20_000, firstSeed: 200_000 } as const;

export interface MadeModel {
  readonly name: string;
  readonly mean: number;
  readonly std: number;
  readonly ci95: readonly [number, number];
  readonly similarity: number | null;
}

export interface MakeModelsOptions {
  readonly folder?: string;
  /** Only these, such as `cartpole-dqn-converted`; all unless given. */
  readonly only?: readonly string[];
  /** Replace what is there already. */
  readonly anew?: boolean;
  readonly onProgress?: OnProgress;
  readonly onModel?: (model: MadeModel) => void;
  readonly signal?: AbortSignal;
}

/**
 * Makes the networks in models/ from their presets: trained ones from `dsqn train`, converted ones by the balanced conversion on states
 * that the source visits; each scored over 200 episodes, and refused below its target.
 */
export async function makeModels(environment: ModelEnvironment, options: MakeModelsOptions = {}): Promise<MadeModel[]> {
  const { folder = "models", onProgress, onModel, signal } = options;
  const { id, trained, converted } = routes[environment];
  const made: MadeModel[] = [];
  const due = (name: string): boolean =>
    (options.only?.includes(name) ?? true) &&
    (options.anew === true || !existsSync(join(folder, `${name}.safetensors`)));
  const done = (model: MadeModel): void => {
    made.push(model);
    onModel?.(model);
  };
  await withGymnasium({ id }, async (makeEnvironments) => {
    for (const route of trained) {
      const name = `${environment}-${route}`;
      if (due(name)) done(await train(name, environment, folder, makeEnvironments, options));
    }
    for (const route of converted) {
      const name = `${environment}-${route}-converted`;
      if (!due(name)) continue;
      const path = join(folder, `${environment}-${route}.safetensors`);
      const source = await loadModel(path);
      if (source.network.kind !== "dense") continue;
      onProgress?.({ stage: "convert", done: 0, unit: "models", note: name });
      const states = await collectStates(policyOf(source.network), makeEnvironments, { ...REPLAY, signal });
      const { network, scales } = convert(source.network, states, balancedConversion);
      const replay = `runs/${environment}-${route}-replay`;
      const score = await evaluate(policyOf(network), makeEnvironments, {
        ...SCORE,
        compare: policyOf(source.network),
        signal,
      });
      const { mean, std, ci95, similarity } = assertReached(name, environment, score);
      await saveModel(join(folder, `${name}.safetensors`), network, {
        environment: id,
        method: "conversion",
        command: `dsqn collect ${path} --env ${id} --out ${replay} && dsqn convert ${path} --replay ${replay} --calibrate`,
        source: { model: `${environment}-${route}.safetensors`, sha256: source.sha256 },
        conversion: balancedConversion,
        scales: scales.map((scale) => (scale.length === 1 ? scale[0] : Array.from(scale))),
        steps: network.steps,
        score: {
          ...SCORE,
          mean,
          std,
          ci95,
          similarity,
          similarityCi95: score.similarityCi95,
          decisions: score.decisions,
          spikesPerDecision: score.spikesPerDecision,
          synOpsPerDecision: score.synOpsPerDecision,
        },
      });
      done({ name, mean, std, ci95, similarity });
    }
  });
  return made;
}

async function train(
  name: string,
  environment: ModelEnvironment,
  folder: string,
  makeEnvironments: MakeEnvironments,
  { onProgress, signal }: MakeModelsOptions,
): Promise<MadeModel> {
  const run = mkdtempSync(join(tmpdir(), "dsqn-models-"));
  try {
    const imitates = name.endsWith("classifier");
    const source = join(folder, `${environment}-dqn.safetensors`);
    const changes = imitates && source !== `models/${environment}-dqn.safetensors` ? { source } : {};
    const { model: path } = await runTraining({ preset: name, changes, out: join(run, name), signal, onProgress });
    const model = await loadModel(path);
    const teacher = imitates ? await loadModel(source) : undefined;
    const score = await evaluate(policyOf(model.network), makeEnvironments, {
      ...SCORE,
      compare: teacher && policyOf(teacher.network),
      signal,
    });
    const { mean, std, ci95, similarity } = assertReached(name, environment, score);
    await saveModel(join(folder, `${name}.safetensors`), model.network, {
      ...cardFields(model),
      score: { ...SCORE, mean, std, ci95, similarity, similarityCi95: score.similarityCi95 },
    });
    return { name, mean, std, ci95, similarity };
  } finally {
    rmSync(run, { recursive: true, force: true });
  }
}

/** What the training run's card says, without what belongs to its file. */
export function cardFields({ card }: Model): Record<string, unknown> {
  const {
    format: _f,
    name: _n,
    kind: _k,
    shape: _s,
    sha256: _h,
    createdAt: _c,
    score: _score,
    part: _p,
    ...rest
  } = (card ?? {}) as Record<string, unknown>;
  return rest;
}

function assertReached<S extends { readonly mean: number }>(name: string, environment: ModelEnvironment, score: S): S {
  const { target } = routes[environment];
  if (score.mean >= target) return score;
  throw new DsqnError(
    "TARGET_MISSED",
    `${name} scores ${score.mean.toFixed(1)} over ${SCORE.episodes} episodes; a network that ships has at least ${target}.`,
    {
      hint: "Nothing was replaced. Train it from another seed, or change its preset.",
      facts: { name, mean: score.mean, target },
    },
  );
}
