import type { OnProgress } from "../../src/progress.ts";

export interface Environment {
  readonly python: string;
  readonly version: string;
  readonly managed: boolean;
}
export function readyPython(wanted: readonly string[], env?: NodeJS.ProcessEnv): Promise<Environment | undefined>;
export function ensurePython(
  wanted: readonly string[],
  options?: { onProgress?: OnProgress; signal?: AbortSignal; env?: NodeJS.ProcessEnv },
): Promise<Environment>;
export function readState(
  home: string,
): { folder: string; version: string; base: string; extras: Record<string, string>; pending?: string[] } | undefined;
