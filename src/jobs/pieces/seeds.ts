import { basename, join, resolve } from "node:path";
import type { Piece, PieceResult } from "../../cluster/executor.ts";
import type { JobInputs } from "../../cluster/run.ts";
import type { PlainObject } from "../../learning/config.ts";
import { loadConfig, presets } from "../../learning/presets/index.ts";
import { summariseSeeds, type SeedsSummary } from "../../learning/runs/run.ts";
import type { TrainSummary } from "../../learning/runs/summary.ts";
import type { TrainingInput } from "./train.ts";

/** What all seeds have in common. */
export interface SeedsRequest {
  /** A preset's name, or a config file, whose content travels. */
  readonly preset: string;
  readonly env?: string;
  readonly changes: PlainObject;
  readonly path?: readonly string[];
}

/** The same training from `count` seeds: a piece each. */
export async function seedPieces(
  { preset, env, changes, path }: SeedsRequest,
  first: number,
  count: number,
  inputs: JobInputs,
): Promise<Omit<Piece, "cpus">[]> {
  const isFile = !Object.hasOwn(presets, preset);
  const travels = async (): Promise<string> => {
    const { name, config } = await loadConfig(preset);
    return inputs.add(`${name}.json`, Buffer.from(JSON.stringify(config)));
  };
  const shared = {
    preset: isFile ? await travels() : preset,
    file: isFile,
    env,
    path: path?.map((one) => resolve(one)),
  };
  return Array.from({ length: count }, (_, k) => ({
    id: `seed-${first + k}`,
    kind: "train",
    input: { ...shared, changes: { ...changes, seed: first + k } } satisfies TrainingInput,
  }));
}

/** What the runs came to; their folders and models are where they lie now, whatever they were called on the node. */
export function seedsOf(folder: string, results: readonly PieceResult[]): SeedsSummary {
  return summariseSeeds(
    results.map((result) => {
      const run = result.value as TrainSummary;
      const own = join(folder, result.folder);
      return { ...run, model: join(own, basename(run.model)), folder: own };
    }),
  );
}
