import type { Command as Parser } from "commander";
import { manyWorkers, withAtari } from "../../environments/atari-worlds.ts";
import type { MakeEnvironments } from "../../environments/worlds.ts";
import type { Wrapper } from "../../environments/gymnasium.ts";
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
import { choice, integer, real } from "./options.ts";

/** What `environmentFlags` adds to a command's options. */
export interface EnvironmentFlags {
  env: string;
  maxSteps?: number;
  preprocessing?: AtariPreprocessing;
  world?: AtariWorld;
  frameSkip?: number;
  stickyActions?: number;
  noopMax?: number;
  /** False with --no-fire. */
  fire: boolean;
  wrapper: Wrapper[];
}

/** The flags of commands that act in an environment. */
export function environmentFlags(parser: Parser): Parser {
  return parser
    .requiredOption("--env <id>", "environment: Gymnasium's id, or an Atari game (Breakout, ALE/Breakout-v5)")
    .option("--max-steps <n>", "time limit of an episode in steps, instead of the environment's own", integer(1))
    .option(
      "--wrapper <name[=json]...>",
      'Gymnasium wrappers by name, innermost first, with their kwargs: TimeLimit={"max_episode_steps":200}',
      (text: string, all: Wrapper[]) => [...all, wrapperOf(text)],
      [],
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

function wrapperOf(text: string): Wrapper {
  const [, name, json] = /^([\w-]+)(?:=(.*))?$/s.exec(text) ?? [];
  try {
    if (name !== undefined) return { name, kwargs: json === undefined ? {} : (JSON.parse(json) as Wrapper["kwargs"]) };
  } catch {
    // Said below.
  }
  throw new UsageError("BAD_ARGUMENT", `"${text}" is not of the form NAME or NAME={"option": value}.`);
}

/**
 * Opens the environment that the flags name, an Atari game or one of Gymnasium's, lends its maker to `use`, and closes it. `card` is the
 * model's, which knows the preprocessing that it was trained with. Throws BAD_ARGUMENT where Atari's flags meet another environment.
 */
export async function withEnvironment<T>(
  flags: EnvironmentFlags,
  { policy, card }: { policy: Pick<Policy, "observationSize">; card?: object | null },
  use: (makeEnvironments: MakeEnvironments) => Promise<T>,
): Promise<T> {
  const { env, maxSteps, preprocessing, world, frameSkip, stickyActions, noopMax, fire, wrapper } = flags;
  if (!isAtariId(env)) {
    const given = Object.entries({ preprocessing, world, frameSkip, stickyActions, noopMax }).find(
      ([, v]) => v !== undefined,
    );
    if (given || !fire)
      throw new UsageError("BAD_ARGUMENT", `"${env}" is no Atari game, which ${given?.[0] ?? "noFire"} is for.`, {
        hint: "Leave the flag out, or name the game as in --env ALE/Breakout-v5.",
      });
    return withGymnasium({ id: env, maxSteps, wrappers: wrapper }, use);
  }
  if (wrapper.length > 0)
    throw new UsageError("BAD_ARGUMENT", `"${env}" is an Atari game, which no wrapper of Gymnasium goes around.`, {
      hint: "The flags for Atari say how it is seen.",
    });
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
