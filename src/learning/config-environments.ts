import { withAtari } from "../environments/atari-worlds.ts";
import { type GymnasiumSpec, withGymnasium } from "../environments/gymnasium-worlds.ts";
import { nativeEnvironments } from "../environments/native/world.ts";
import type { MakeEnvironments } from "../environments/worlds.ts";
import { UsageError } from "../errors.ts";
import type { AtariConfig, EnvironmentConfig } from "./schema.ts";

/**
 * Opens the environments that a config names, lends their maker to `use`, and closes them whatever happens. Native worlds need no closing, and
 * no Python.
 */
export async function withEnvironments<T>(
  { environment }: { readonly environment: EnvironmentConfig | AtariConfig },
  use: (makeEnvironments: MakeEnvironments) => Promise<T>,
  { path, onLog }: Pick<GymnasiumSpec, "path" | "onLog"> = {},
): Promise<T> {
  const { count: _, ...whole } = environment;
  if ("id" in whole) {
    const { worlds, ...spec } = whole;
    return worlds === "native" ? use(nativeOf(spec)) : withGymnasium({ ...spec, path, onLog }, use);
  }
  const { maxSteps, ...game } = whole;
  return withAtari(maxSteps === undefined ? game : { ...game, maxFrames: maxSteps * game.frameSkip }, use);
}

/** The worlds in which a run's chosen network is scored: Gymnasium's, whoever played, unless the config has the native ones judge. */
export function withJudge<T>(
  config: { readonly environment: EnvironmentConfig | AtariConfig; readonly final: { readonly worlds?: string } },
  played: MakeEnvironments,
  use: (makeEnvironments: MakeEnvironments) => Promise<T>,
): Promise<T> {
  const { environment, final } = config;
  const native = "id" in environment && environment.worlds === "native";
  if (!native || final.worlds === "native") return use(played);
  return withEnvironments({ environment: { ...environment, worlds: "gymnasium" } }, use);
}

function nativeOf({ id, maxSteps, kwargs, wrappers }: Omit<EnvironmentConfig, "count" | "worlds">): MakeEnvironments {
  const make = nativeEnvironments(id, { maxSteps });
  if (Object.keys(kwargs).length === 0 && wrappers.length === 0) return make;
  throw new UsageError("CONFIG_INVALID", `Native worlds take no wrappers and no keyword arguments.`, {
    hint: "Leave them out, or let Gymnasium play (--worlds gymnasium).",
    facts: { environment: id },
  });
}
