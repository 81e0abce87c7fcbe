import { join } from "node:path";
import { managedHome } from "../../setup/index.mjs";
import { UsageError } from "../../errors.ts";
import type { InputOptions } from "./input-layer.ts";

/** Which board, and how long to wait for it. */
export interface BoardOptions extends InputOptions {
  /** Address of the board, or "emulated": one in software, for this simulator alone; DSQN_SPINNAKER_HOST unless given. */
  readonly host?: string;
  /** 3 (4 chips) or 5 (48 chips); DSQN_SPINNAKER_VERSION unless given, else 5. */
  readonly boardVersion?: number;
  /** A spalloc server, host, host:port or URL; DSQN_SPINNAKER_SPALLOC unless given. */
  readonly spalloc?: string;
  /** Who asks it for boards. */
  readonly user?: string;
  /** How long the board may take for its first answer; DSQN_SPINNAKER_TIMEOUT_MS unless given, else 5000. */
  readonly timeoutMs?: number;
  /** The board that sPyNNaker simulates up to loading. */
  readonly virtual?: boolean;
  /** Membrane time constant in ms, instead of the one chosen for the network. */
  readonly tauM?: number;
  /** sPyNNaker's own IFCurDelta for all: what is reset by subtraction is reset to zero. */
  readonly hardReset?: boolean;
  /** How many times slower than 1 ms per step the board runs; what the network needs unless given. */
  readonly timeScaleFactor?: number;
}

/** The settings as the Python side takes them; sPyNNaker's own home lies in the managed one. */
export function boardSettings(
  options: BoardOptions = {},
  env: NodeJS.ProcessEnv = process.env,
): Record<string, unknown> {
  // A board that is named here is not mixed with one that the environment names.
  const named = options.host !== undefined || options.spalloc !== undefined;
  const settings = {
    ...(!named && { host: env.DSQN_SPINNAKER_HOST, spalloc: env.DSQN_SPINNAKER_SPALLOC }),
    boardVersion: number(env, "DSQN_SPINNAKER_VERSION", [3, 5]),
    timeoutMs: number(env, "DSQN_SPINNAKER_TIMEOUT_MS"),
    ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
  };
  const given = Object.entries(settings).filter(([, value]) => value !== undefined && value !== "");
  return { home: join(managedHome(), "spinnaker"), ...Object.fromEntries(given) };
}

/** A number of the environment; BAD_ARGUMENT for anything else. */
function number(env: NodeJS.ProcessEnv, name: string, allowed?: readonly number[]): number | undefined {
  const text = env[name];
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  if (allowed ? allowed.includes(value) : value > 0) return value;
  throw new UsageError("BAD_ARGUMENT", `${name} is "${text}", not ${allowed?.join(" or ") ?? "a number above 0"}.`);
}
