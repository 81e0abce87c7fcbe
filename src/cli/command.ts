import type { Command as Parser } from "commander";
import type { OnProgress } from "../progress.ts";

/** What a command is given besides its own arguments and options. */
export interface Context {
  readonly json: boolean;
  readonly verbose: boolean;
  /** Fires on the first Ctrl-C: stop at the next safe point and leave resumable state. */
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
  /** A remark for the person at the terminal (stderr). */
  log(line: string): void;
  /** The result, once: the JSON document with --json, else what `render` makes of it. */
  print<T>(result: T, render: (result: T) => string): void;
}

/** A command parses, calls the library and prints; it holds no logic that the library lacks. */
export interface Command {
  readonly name: string;
  /** Arguments, options, examples, on a parser that already has the name, the summary and the common options. */
  configure(parser: Parser): void;
  /** Returns the exit code: 0 done, 1 failed. Throws `DsqnError` for everything else. */
  run(args: readonly string[], options: Record<string, never>, context: Context): Promise<number>;
}

/** Gives `run` the types that `configure` declared. */
export function command<O extends object>(definition: {
  name: string;
  configure(parser: Parser): void;
  run(args: readonly string[], options: O, context: Context): Promise<number>;
}): Command {
  return definition as unknown as Command;
}
