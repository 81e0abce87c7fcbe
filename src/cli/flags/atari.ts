import type { Command as Parser } from "commander";
import { manyWorkers, withAtari } from "../../environments/atari-worlds.ts";
import type { MakeEnvironments } from "../../environments/worlds.ts";
import { withGymnasium } from "../../environments/gymnasium-worlds.ts";
import type { Policy } from "../../learning/policy.ts";
import {
  ATARI_PREPROCESSINGS,
  ATARI_WORLDS,
  type AtariOptions,
  type AtariPreprocessing,
  type AtariWorld,
} from "../../environments/atari.ts";
import { isAtariId } from "../../environments/atari-id.ts";
import { UsageError } from "../../errors.ts";
import type { Context } from "../command.ts";
import { gymnasiumFlags, type GymnasiumFlags, gymnasiumSpec } from "./gymnasium.ts";
import { choice, integer, real } from "./options.ts";

/** What `environmentFlags` adds to a command's options. */
export interface EnvironmentFlags extends GymnasiumFlags {
  /** Undefined only where a command needs none (`optional`). */
  env: string;
  maxSteps?: number;
  preprocessing?: AtariPreprocessing;
  world?: AtariWorld;
  frameSkip?: number;
  stickyActions?: number;
  noopMax?: number;
  /** False with --no-fire. */
  fire: boolean;
}

/** The flags of commands that act in an environment; `optional`: that may do without one. */
export function environmentFlags(parser: Parser, optional = false): Parser {
  const env = ["--env <id>", "environment: Gymnasium's id, or an Atari game (Breakout, ALE/Breakout-v5)"] as const;
  return gymnasiumFlags(
    (optional ? parser.option(...env) : parser.requiredOption(...env)).option(
      "--max-steps <n>",
      "time limit of an episode in steps, instead of the environment's own",
      integer(1),
    ),
  )
    .option(
      "--preprocessing <name>",
      `Atari: ${ATARI_PREPROCESSINGS.join(", ")} (default: as the model's card says)`,
      choice(...ATARI_PREPROCESSINGS),
    )
    .option("--world <name>", `Atari: who plays: ${ATARI_WORLDS.join(", ")} (default: games)`, choice(...ATARI_WORLDS))
    .option("--frame-skip <n>", "Atari: frames per action (default: as the id says, 4)", integer(1))
    .option("--sticky-actions <p>", "Atari: that a button stays pressed (default: as the id says)", real(0, 1))
    .option("--noop-max <n>", "Atari: a game starts with 1 to n idle frames (default 30)", integer())
    .option("--no-fire", "Atari: leave it to the model to press FIRE");
}

/** Who acts in an environment, and for whom. */
interface Setting {
  readonly policy: Pick<Policy, "observationSize">;
  readonly card?: object | null;
  readonly context: Pick<Context, "log" | "verbose">;
  /** Whether its copies `render`; Atari's games always do. */
  readonly renders?: boolean;
}

/**
 * Opens the environment that the flags name, an Atari game or one of Gymnasium's, lends its maker to `use`, and closes it. `card` is the
 * model's, which knows the preprocessing that it was trained with. Throws BAD_ARGUMENT where Atari's flags meet another environment.
 */
export async function withEnvironment<T>(
  flags: EnvironmentFlags,
  { policy, card, context, renders = false }: Setting,
  use: (makeEnvironments: MakeEnvironments) => Promise<T>,
): Promise<T> {
  const {
    env,
    maxSteps,
    preprocessing,
    world,
    frameSkip,
    stickyActions,
    noopMax,
    fire,
    envKwargs,
    wrapper = [],
  } = flags;
  if (!isAtariId(env)) {
    const given = Object.entries({ preprocessing, world, frameSkip, stickyActions, noopMax }).find(
      ([, v]) => v !== undefined,
    );
    if (given || !fire)
      throw new UsageError("BAD_ARGUMENT", `"${env}" is no Atari game, which ${given?.[0] ?? "noFire"} is for.`, {
        hint: "Leave the flag out, or name the game as in --env ALE/Breakout-v5.",
      });
    const renderMode = renders ? "rgb_array" : undefined;
    return withGymnasium({ ...gymnasiumSpec(env, flags, card, context), maxSteps, renderMode }, use);
  }
  if (wrapper.length > 0 || envKwargs !== undefined)
    throw new UsageError(
      "BAD_ARGUMENT",
      `"${env}" is an Atari game, which takes no wrappers and kwargs of Gymnasium.`,
      {
        hint: "The flags for Atari say how it is seen.",
      },
    );
  const options: Omit<AtariOptions, "worker" | "count"> = {
    game: env,
    preprocessing: preprocessing ?? preprocessingOf(card) ?? (policy.observationSize === 80 * 80 ? "patel" : "nature"),
    world,
    frameSkip,
    stickyActions,
    noopMax,
    fire,
    ...(maxSteps !== undefined && { maxFrames: maxSteps * (frameSkip ?? 4) }),
  };
  return withAtari({ ...options, workers: manyWorkers() }, use);
}

function preprocessingOf(card: object | null | undefined): AtariPreprocessing | undefined {
  const { preprocessing, config } = (card ?? {}) as {
    preprocessing?: unknown;
    config?: { environment?: { preprocessing?: unknown } };
  };
  return ATARI_PREPROCESSINGS.find((name) => name === (preprocessing ?? config?.environment?.preprocessing));
}
