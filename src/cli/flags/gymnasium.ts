import type { Command as Parser } from "commander";
import { resolve } from "node:path";
import type { Wrapper } from "../../environments/gymnasium.ts";
import type { GymnasiumSpec } from "../../environments/gymnasium-worlds.ts";
import { UsageError } from "../../errors.ts";
import { environmentOptionsOf } from "../../learning/environment-card.ts";
import type { Context } from "../command.ts";

/** What `gymnasiumFlags` adds to a command's options. */
export interface GymnasiumFlags {
  envKwargs?: Record<string, unknown>;
  /** Undefined unless given; empty with --wrapper none. */
  wrapper?: Wrapper[];
  path?: string[];
}

/** The flags of commands that open an environment of Gymnasium, which say how it is made. */
export function gymnasiumFlags(parser: Parser): Parser {
  return parser
    .option("--env-kwargs <json>", 'arguments of the environment: {"sutton_barto_reward":true}', kwargsOf)
    .option(
      "--wrapper <name[=json]...>",
      'Gymnasium wrappers by name, innermost first, with their kwargs, once for each: TimeLimit={"max_episode_steps":200}; none: without',
      (text: string, all: Wrapper[] = []) => (text === "none" ? [] : [...all, wrapperOf(text)]),
    )
    .option(
      "--path <folder>",
      "a folder of Python modules of your own, for --env my_module:MyEnv-v0; once for each",
      (text: string, all: string[] = []) => [...all, resolve(text)],
    );
}

function kwargsOf(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new UsageError("BAD_ARGUMENT", `"${text}" is not of the form {"argument": value}.`, {
    hint: "Give a JSON object: --env-kwargs '{\"gravity\": -5}'.",
  });
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

/** Wrappers that write files or open windows: a card, which may be a stranger's, does not bring them. */
const NOT_FROM_A_CARD = new Set(["RecordVideo", "HumanRendering"]);

type Told = Pick<Context, "log" | "verbose">;

/**
 * How the environment `id` is made: as the flags say, else as the card of a model that was trained in it. What comes from the card is told. An
 * id with a module of somebody's in it has to come from the user.
 */
export function gymnasiumSpec(
  id: string,
  { envKwargs, wrapper, path }: GymnasiumFlags,
  card: object | null | undefined,
  { log, verbose }: Told,
): GymnasiumSpec {
  const own = card !== null && card !== undefined && (card as { environment?: unknown }).environment === id;
  const said = own ? environmentOptionsOf(card) : {};
  const skipped = wrapper === undefined ? (said.wrappers ?? []).filter(({ name }) => NOT_FROM_A_CARD.has(name)) : [];
  if (skipped.length > 0)
    log(
      `dsqn: the card's wrapper(s) ${skipped.map(({ name }) => name).join(", ")} are left out: name them with --wrapper.`,
    );
  const wrappers = wrapper ?? said.wrappers?.filter((one) => !skipped.includes(one)) ?? [];
  const kwargs = envKwargs ?? said.kwargs;
  const used = [
    ...(envKwargs === undefined && said.kwargs ? [`kwargs ${JSON.stringify(said.kwargs)}`] : []),
    ...(wrapper === undefined && wrappers.length > 0
      ? [`wrappers ${wrappers.map(({ name }) => name).join(", ")}`]
      : []),
  ];
  if (used.length > 0)
    log(`dsqn: ${id} is made as the model's card says: ${used.join("; ")} (otherwise: --env-kwargs, --wrapper).`);
  return { id, kwargs, wrappers, path, onLog: printing({ log, verbose }) };
}

const LINES = 20;
const COLUMNS = 500;

/** Shows what an environment prints, and what Python warns of, up to a certain length. */
export function printing({ log, verbose }: Told): (line: string) => void {
  let lines = 0;
  return (line) => {
    if (verbose) return log(line);
    lines++;
    if (lines <= LINES) log(line.length > COLUMNS ? `${line.slice(0, COLUMNS)} ...` : line);
    else if (lines === LINES + 1) log("dsqn: the environment prints more, which --verbose shows.");
  };
}
