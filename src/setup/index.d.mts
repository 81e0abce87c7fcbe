import type { OnProgress } from "../progress.ts";

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

export interface Need {
  readonly module: string;
  readonly distribution: string;
  readonly minimum: string | null;
}
export const extras: Readonly<Record<string, { summary: string; megabytes: number; needs: readonly Need[] }>>;
export const extraNames: readonly string[];

export const root: string;
export const isClone: boolean;
export const manifest: { readonly version: string };
export function managedHome(env?: NodeJS.ProcessEnv): string;

export function checkNode(version?: string): void;
export function missingPackages(folder?: string): string[];
export function kernelsStale(env?: NodeJS.ProcessEnv): boolean;

export function findPython(options?: {
  env?: NodeJS.ProcessEnv;
  needVenv?: boolean;
}): Promise<{ version: string; executable: string }>;
export function inspectPython(
  python: string,
  wanted: readonly string[],
  env?: NodeJS.ProcessEnv,
): Promise<{ version: string; packages?: Record<string, string | null> }>;
export function compareVersions(a: string, b: string): number;

export function isLocked(file: string): Promise<boolean>;
export function withLock<T>(
  file: string,
  task: () => Promise<T>,
  options?: { signal?: AbortSignal; onWait?: (holder: string) => void },
): Promise<T>;

export const withoutCurrentFolder: string;
export function run(
  command: string,
  args: readonly string[],
  options?: {
    cwd?: string;
    env?: NodeJS.ProcessEnv;
    signal?: AbortSignal;
    timeoutMs?: number;
    onLine?: (line: string) => void;
  },
): Promise<{ code: number | null; signal: string | null; output: string; stdout: string }>;

export function checkTfjsPlatform(platform?: string, arch?: string): void;
export const tfjsVersion: string;
export function tryTfjs(folder: string, env?: NodeJS.ProcessEnv): Promise<string | undefined>;
export function readyTfjs(env?: NodeJS.ProcessEnv): string | undefined;
export function ensureTfjs(options?: {
  onProgress?: OnProgress;
  signal?: AbortSignal;
  env?: NodeJS.ProcessEnv;
}): Promise<string>;
