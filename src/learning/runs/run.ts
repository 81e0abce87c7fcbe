import type { z } from "zod";
import { join, dirname, basename } from "node:path";
import { existsSync, statSync } from "node:fs";
import { loadConfig } from "../presets/index.ts";
import { DsqnError, UsageError } from "../../errors.ts";
import type { OnProgress } from "../../progress.ts";
import { mergeConfig, parseConfig, type PlainObject } from "../config.ts";
import { mean, standardDeviation } from "../../numeric/statistics.ts";
import { writeAtomically, sweepTemporary } from "../../files/atomic.ts";
import type { MakeEnvironments } from "../../environments/worlds.ts";
import { loadAlgorithm, withEnvironments, withObservedScaling } from "../algorithms/index.ts";
import { checkRunFolder, defaultRunPath, discardUnbegun, openRunFolder, readJson } from "./folder.ts";
import { withRun } from "./lock.ts";
import { type LoopConfig, runLoop } from "./loop-run.ts";
import type { RunContext, TrainSummary } from "./summary.ts";

/** What a run starts from, and where it goes. */
export interface RunOptions {
  /** A preset's name or a config file; with `resume` the run's own config counts. */
  readonly preset?: string;
  /** The environment instead of the preset's: `environment.id`, or of one over frames `environment.game`. */
  readonly env?: string;
  /** Laid over the preset, field by field. */
  readonly changes?: PlainObject;
  /** The run folder; `runs/<time>-<preset>` unless given. */
  readonly out?: string;
  /** A run folder to go on with, or one of its checkpoint files. */
  readonly resume?: string;
  /** Folders of Python modules of the user's own: a run does not keep them. */
  readonly path?: readonly string[];
  /** Each line that the environment prints, or that Python warns of. */
  readonly onLog?: (line: string) => void;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** A remark for the user. */
  readonly onWarning?: (message: string) => void;
}

/** Trains one agent as a run: everything it makes lies in one folder, from which it can be resumed after any end. */
export async function runTraining(options: RunOptions): Promise<TrainSummary & { folder: string }> {
  const { signal, onProgress, onWarning, resume } = options;
  // Parsed before anything is written: a wrong config leaves no folder behind.
  const { source, algorithm, parsed } = await prepared(options);
  const folder = openRunFolder(source.path, { resume: resume !== undefined });
  const context: RunContext = { folder, resume: source.checkpoint, command: source.command, signal, onProgress, onWarning };
  const run = async (makeEnvironments: MakeEnvironments): Promise<TrainSummary> => {
    const config = await withObservedScaling(parsed, makeEnvironments);
    if (resume === undefined) writeAtomically(folder.file("config.json"), `${JSON.stringify(config, null, 2)}\n`);
    return "run" in algorithm
      ? algorithm.run(config, context, makeEnvironments)
      : runLoop(algorithm, config, context, makeEnvironments);
  };
  try {
    return await withRun(folder.path, async () => {
      if (resume !== undefined) sweepTemporary(folder.path);
      const summary = await withEnvironments(parsed, run, options);
      writeAtomically(folder.file("summary.json"), `${JSON.stringify(summary, null, 2)}\n`);
      return { ...summary, folder: folder.path };
    });
  } catch (error) {
    if (!(error instanceof DsqnError) || error.code !== "INTERRUPTED") {
      if (resume === undefined) discardUnbegun(folder);
      throw error;
    }
    throw new DsqnError("INTERRUPTED", error.message, {
      hint: `Go on with it: dsqn train --resume ${folder.path}`,
      facts: { folder: folder.path },
    });
  }
}

async function prepared(options: RunOptions) {
  const source = options.resume === undefined ? await fromPreset(options) : fromFolder(options.resume, options);
  const algorithm = await loadAlgorithm(source.config.method, source.what);
  return { source, algorithm, parsed: parseConfig(algorithm.schema as z.ZodType<LoopConfig>, source.config, source.what) };
}

/** What `runTraining` would do with these options, as far as that is known without an environment; its errors. Nothing is written. */
export async function planTraining(options: RunOptions): Promise<{ folder: string; command: string; config: LoopConfig }> {
  const { source, parsed } = await prepared(options);
  checkRunFolder(source.path, { resume: options.resume !== undefined });
  return { folder: source.path, command: source.command, config: parsed };
}

interface Source {
  readonly config: PlainObject;
  readonly what: string;
  readonly path: string;
  readonly command: string;
  readonly checkpoint: boolean | string;
}

async function fromPreset({ preset, env, changes = {}, out }: RunOptions): Promise<Source> {
  if (preset === undefined)
    throw new UsageError("BAD_ARGUMENT", "Name a preset or a config file.", {
      hint: '"dsqn train --help" lists the presets.',
    });
  const { name, config } = await loadConfig(preset);
  const changed = env !== undefined || Object.keys(changes).length > 0;
  return {
    config: mergeConfig(env === undefined ? config : elsewhere(config, env), changes),
    what: changed ? `"${preset}" with the changes given` : `"${preset}"`,
    path: out ?? defaultRunPath(env === undefined ? name : `${name}-${env.replace(/\W+/g, "-")}`),
    command: `dsqn train ${preset}${env === undefined ? "" : ` --env ${env}`}${describeChanges(changes)}`,
    checkpoint: false,
  };
}

/** The config in another environment, where scores of its own one mean nothing: it ends by no score, and has no target. */
function elsewhere({ environment, evaluation, final, solve: _, ...rest }: PlainObject, env: string): PlainObject {
  const own = (environment ?? {}) as PlainObject;
  const { stop: __, settle: ___, ...evaluated } = (evaluation ?? {}) as PlainObject;
  const { target: ____, ...scored } = (final ?? {}) as PlainObject;
  return {
    ...rest,
    environment: { ...own, ..."game" in own ? { game: env } : { id: env } },
    ...(evaluation !== undefined && { evaluation: evaluated }),
    ...(final !== undefined && { final: scored }),
  };
}

function fromFolder(resume: string, { env, changes = {}, out, path: modules = [] }: RunOptions): Source {
  const isFile = existsSync(resume) && statSync(resume).isFile();
  const path = isFile ? dirname(resume) : resume;
  const file = join(path, "config.json");
  const config = existsSync(file) ? (readJson(file) as PlainObject) : undefined;
  const id = (config?.environment as PlainObject | undefined)?.id;
  if (Object.keys(changes).length > 0 || (env !== undefined && env !== id) || out !== undefined)
    throw new UsageError("BAD_ARGUMENT", "A resumed run keeps its config and its folder.", {
      hint: "Give --resume alone, or start a new run.",
    });
  if (!config)
    throw new UsageError("RUN_NOT_FOUND", `There is no run in "${path}".`, {
      hint: "Name the folder that holds the run's config.json.",
    });
  if (typeof id === "string" && id.includes(":") && env === undefined && modules.length === 0)
    throw new UsageError("ENV_MISSING", `"${file}" names "${id}", whose first part is a Python module that would be run.`, {
      hint: `If you trust it: --env ${id}`,
      facts: { environment: id },
    });
  return {
    config,
    what: `"${file}"`,
    path,
    command: `dsqn train ${file}`,
    checkpoint: isFile ? join(path, basename(resume)) : true,
  };
}

function describeChanges(changes: PlainObject, prefix = ""): string {
  return Object.entries(changes)
    .map(([name, value]) => {
      const path = `${prefix}${name}`;
      if (path === "seed" || path === "episodes") return ` --${path} ${String(value)}`;
      if (typeof value === "object" && value !== null && !Array.isArray(value))
        return describeChanges(value as PlainObject, `${path}.`);
      return ` --set ${path}=${JSON.stringify(value)}`;
    })
    .join("");
}

/** The same run from several seeds. */
export interface SeedsSummary {
  readonly env: string;
  readonly method: string;
  readonly seeds: number;
  /** How many reached the target. */
  readonly reached: number;
  /** Over seeds, of the final greedy means. */
  readonly final: { readonly mean: number; readonly std: number; readonly min: number; readonly max: number };
  readonly seconds: { readonly median: number; readonly max: number };
  readonly runs: readonly (TrainSummary & { folder: string })[];
}

/** The same run from `count` seeds, one after the other (a run keeps both its processes busy), and what they come to. */
export async function runSeeds(options: RunOptions, first: number, count: number): Promise<SeedsSummary> {
  if (options.resume !== undefined)
    throw new UsageError("BAD_ARGUMENT", "--seeds starts new runs; --resume goes on with one.");
  const out = options.out ?? defaultRunPath(`${basename(options.preset ?? "run").replace(/\.\w+$/, "")}-seeds`);
  const runs: SeedsSummary["runs"][number][] = [];
  for (let seed = first; seed < first + count; seed++)
    runs.push(await runTraining({ ...options, changes: { ...options.changes, seed }, out: join(out, `seed-${seed}`) }));
  const summary = summariseSeeds(runs);
  writeAtomically(join(out, "summary.json"), `${JSON.stringify(summary, null, 2)}\n`);
  return summary;
}

/** What runs of the same from several seeds come to, in the order of the seeds. */
export function summariseSeeds(runs: SeedsSummary["runs"]): SeedsSummary {
  const means = runs.map((run) => run.final.mean);
  const seconds = runs.map((run) => run.seconds).sort((a, b) => a - b);
  return {
    env: runs[0].env,
    method: runs[0].method,
    seeds: runs.length,
    reached: runs.filter((run) => run.reached).length,
    final: { mean: mean(means), std: standardDeviation(means), min: Math.min(...means), max: Math.max(...means) },
    seconds: { median: (seconds[(runs.length - 1) >> 1] + seconds[runs.length >> 1]) / 2, max: seconds[runs.length - 1] },
    runs,
  };
}
