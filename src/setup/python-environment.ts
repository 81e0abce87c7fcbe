import { DsqnError } from "../errors.ts";
import type { OnProgress } from "../progress.ts";
// The set-up runs before there are any npm packages, so its modules are plain JavaScript outside src/ (and dist/).
import * as setup from "./index.mjs";

/** What the Python side can be asked to have: one hash-locked requirements file each, all fit into one environment. */
export type Extra =
  | "base"
  | "nest"
  | "pynn"
  | "spinnaker"
  | "atari"
  | "box2d"
  | "mujoco"
  | "minatar"
  | "envpool"
  | "ray"
  | "test"
  | "notebooks"
  | "lab";

export const extraNames = setup.extraNames as readonly Extra[];

export const isExtra = (name: string): name is Extra => (extraNames as readonly string[]).includes(name);

/** An interpreter that has what was asked for. */
export interface PythonEnvironment {
  /** The interpreter's path. */
  readonly python: string;
  /** "3.11.7" */
  readonly version: string;
  /** False for the user's own interpreter (DSQN_PYTHON), which is checked and never written to. */
  readonly managed: boolean;
}

/**
 * A Python interpreter that has `extras` ("base" always). Makes the managed environment, or installs into it what is missing:
 * seconds to a minute the first time, milliseconds afterwards. It lies in $DSQN_HOME, else .dsqn/ in a clone, else
 * ~/.cache/dsqn/<version>. With DSQN_PYTHON set, that interpreter is only checked.
 *
 * @throws DsqnError with the codes of docs/errors.md: PYTHON_MISSING, PYTHON_UNSUITABLE, PYTHON_VENV_MISSING,
 *   PYTHON_PACKAGES_MISSING, NETWORK_UNREACHABLE, CERTIFICATE_REJECTED, HASH_MISMATCH, PACKAGE_UNAVAILABLE, DISK_FULL,
 *   NOT_PERMITTED, SETUP_FAILED.
 *
 * @example
 * const { python } = await ensurePython(["nest"], { onProgress: ({ note }) => console.error(note) });
 */
export async function ensurePython(
  extras: readonly Extra[],
  options: { onProgress?: OnProgress; signal?: AbortSignal } = {},
): Promise<PythonEnvironment> {
  try {
    return await setup.ensurePython(extras, options);
  } catch (error) {
    throw asDsqnError(error);
  }
}

/** The interpreter that has `extras` already, or undefined; installs nothing. */
export async function readyPython(extras: readonly Extra[]): Promise<PythonEnvironment | undefined> {
  try {
    return await setup.readyPython(extras);
  } catch (error) {
    throw asDsqnError(error);
  }
}

/** The set-up's own errors, which are plain JavaScript, as those of the library. */
export function asDsqnError(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== "SetupError") return error;
  const { code, message, hint, facts, cause } = error as Error & {
    code: string;
    hint?: string;
    facts: Record<string, unknown>;
  };
  return new DsqnError(code, message, { hint, facts, cause });
}
