/** One thing that dsqn looks for, and what to do when it is not there. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** Null when it is missing, or has none. */
  readonly version: string | null;
  /** What to do; null when all is well. */
  readonly hint: string | null;
  /** Without a required thing, the main job does not run. Others are wanted by single commands. */
  readonly required: boolean;
  /** The path that was looked at, where that helps. */
  readonly where?: string;
}

export const good = (name: string, version: string | null, required = true, where?: string): Check => ({
  name,
  ok: true,
  version,
  hint: null,
  required,
  where,
});

export const bad = (name: string, hint: string, required = true, version: string | null = null): Check => ({
  name,
  ok: false,
  version,
  hint,
  required,
});
