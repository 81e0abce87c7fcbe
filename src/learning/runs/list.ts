import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { UsageError } from "../../errors.ts";
import { readJson } from "./folder.ts";
import { withRun } from "./lock.ts";

/** A run as its folder tells of it. */
export interface RunOverview {
  readonly path: string;
  /** finished: it has a summary. running: a process has it. stopped: it can be gone on with. */
  readonly state: "finished" | "running" | "stopped";
  readonly env: string | null;
  readonly method: string | null;
  readonly seed: number | null;
  readonly mean: number | null;
  readonly std: number | null;
  readonly episodes: number | null;
  readonly seconds: number | null;
  readonly bytes: number;
  /** When anything in it was written last, ISO 8601. */
  readonly changedAt: string;
  /** A page for people, where there is one. */
  readonly report: string | null;
}

const summarySchema = z.looseObject({
  env: z.string().optional(),
  method: z.string().optional(),
  seed: z.number().optional(),
  seconds: z.number().optional(),
  final: z.looseObject({ mean: z.number(), std: z.number(), episodes: z.number() }).optional(),
});
const configSchema = z.looseObject({
  method: z.string().optional(),
  seed: z.number().optional(),
  environment: z.looseObject({ id: z.string().optional(), game: z.string().optional() }).optional(),
});

/** The runs in a folder, the oldest first. */
export function listRuns(folder: string): RunOverview[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).sort();
  return names.map((name) => join(folder, name)).filter(isRun).map(overviewOf);
}

const isRun = (path: string): boolean => existsSync(join(path, "config.json")) || existsSync(join(path, "summary.json"));

/** One run; RUN_NOT_FOUND where there is none. */
export function overviewOf(path: string): RunOverview {
  if (!isRun(path))
    throw new UsageError("RUN_NOT_FOUND", `There is no run in "${path}".`, {
      hint: "dsqn runs lists those that there are.",
      facts: { path },
    });
  const config = parsed(join(path, "config.json"), configSchema);
  const summary = parsed(join(path, "summary.json"), summarySchema);
  const files = filesIn(path);
  const state = summary ? "finished" : existsSync(join(path, "run.lock")) ? "running" : "stopped";
  const report = files.map(({ file }) => file).find((file) => /(^|[\\/])(report|index)\.html$/.test(file));
  return {
    path,
    state,
    env: summary?.env ?? config?.environment?.id ?? config?.environment?.game ?? null,
    method: summary?.method ?? config?.method ?? null,
    seed: summary?.seed ?? config?.seed ?? null,
    mean: summary?.final?.mean ?? null,
    std: summary?.final?.std ?? null,
    episodes: summary?.final?.episodes ?? null,
    seconds: summary?.seconds ?? null,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    changedAt: new Date(Math.max(statSync(path).mtimeMs, ...files.map(({ changed }) => changed))).toISOString(),
    report: report ?? null,
  };
}

/** What a file says, if it is there and says it. */
function parsed<T>(file: string, schema: z.ZodType<T>): T | undefined {
  return existsSync(file) ? schema.safeParse(readJson(file)).data : undefined;
}

function filesIn(folder: string): { file: string; bytes: number; changed: number }[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).flatMap((name) => {
    const file = join(folder, name);
    const found = statSync(file, { throwIfNoEntry: false });
    return found?.isFile() ? [{ file, bytes: found.size, changed: found.mtimeMs }] : [];
  });
}

/** A field in which runs differ, "replay.capacity" for example, and what each has; undefined where it has none. */
export interface Difference {
  readonly field: string;
  readonly values: readonly unknown[];
}

/** The fields of their configs in which runs differ. */
export function differences(paths: readonly string[]): Difference[] {
  const configs = paths.map((path) => {
    overviewOf(path);
    const file = join(path, "config.json");
    return new Map(existsSync(file) ? leaves(readJson(file), "") : []);
  });
  const fields = [...new Set(configs.flatMap((config) => [...config.keys()]))].sort();
  return fields
    .map((field) => ({ field, values: configs.map((config) => config.get(field)) }))
    .filter(({ values }) => values.some((value) => JSON.stringify(value) !== JSON.stringify(values[0])));
}

function leaves(value: unknown, prefix: string): [string, unknown][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [[prefix, value]];
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, prefix === "" ? name : `${prefix}.${name}`));
}

/** Deletes a run's folder, but never one that a process works on (RUN_LOCKED), nor what is no run (RUN_NOT_FOUND). */
export async function removeRun(path: string): Promise<void> {
  overviewOf(path);
  await withRun(path, async () => undefined);
  rmSync(path, { recursive: true });
}
