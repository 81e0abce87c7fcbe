import { Command as Parser, CommanderError, Option } from "commander";
import { DsqnError, nearest, UsageError } from "../errors.ts";
import { plainArrays } from "../files/json.ts";
import { mayReplace, mustDiffer } from "../files/outputs.ts";
import { packageVersion } from "../setup/version.ts";
import type { Context } from "./command.ts";
import { commands } from "./commands.ts";
import { progressReporter } from "./progress.ts";

/**
 * Runs `dsqn` with `argv` (without node and script) and returns the exit code: 0 done, 1 failed or
 * interrupted, 2 bad arguments. With --json, stdout carries exactly one JSON document: the result, or `{"error": {...}}`.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const json = argv.includes("--json");
  const verbose = argv.includes("--verbose");
  const progress = progressReporter();
  const abort = new AbortController();
  const interrupt = (): void => {
    if (abort.signal.aborted) process.exit(130);
    process.stderr.write("\ndsqn: stopping (Ctrl-C again to stop at once)\n");
    abort.abort(new DsqnError("INTERRUPTED", "Interrupted."));
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  // It stays, since a pipe may turn out to be closed after the last write.
  if (!process.stdout.listeners("error").includes(ignoreClosedPipe)) process.stdout.on("error", ignoreClosedPipe);
  try {
    const code = await dispatch(argv, {
      json,
      verbose,
      progress,
      signal: abort.signal,
      log: (line) => {
        progress.clear();
        log(line);
      },
      print: printer(json, progress.clear),
    });
    return abort.signal.aborted ? 1 : code;
  } catch (error) {
    progress.clear();
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const failure = error instanceof CommanderError ? usageError(error) : error;
    if (json) process.stdout.write(`${JSON.stringify({ error: describe(failure) })}\n`);
    process.stderr.write(render(failure, verbose));
    return failure instanceof DsqnError ? failure.exitCode : 1;
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}

/** Who reads stdout may have seen enough (`dsqn ... | head`): the command goes on to its end, so that what it writes to files is whole. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

async function dispatch(argv: readonly string[], context: Context): Promise<number> {
  let exitCode = 0;
  const root = parser(new Parser("dsqn"))
    .description("Deep Spiking Q-Networks in TypeScript, judged spike for spike by the reference simulators")
    .version(packageVersion())
    .showHelpAfterError(false);
  const wanted = argv.find((word) => !word.startsWith("-"));
  for (const [name, { summary, load }] of Object.entries(commands)) {
    const sub = parser(root.command(name)).description(summary);
    if (name !== wanted) continue;
    const { default: command } = await load();
    command.configure(sub);
    sub
      .addOption(new Option("--json", "print exactly one JSON document on stdout, all else on stderr"))
      .addOption(new Option("--verbose", "show whole tracebacks"))
      .action(async (...given: unknown[]) => {
        // commander passes each declared argument, the options, and the command itself
        const args = given
          .slice(0, -2)
          .flat()
          .filter((arg) => arg !== undefined) as string[];
        const options = given.at(-2) as Record<string, never>;
        checkOutput(args, options);
        exitCode = await command.run(args, options, context);
      });
  }
  if (wanted !== undefined && wanted !== "help" && !Object.hasOwn(commands, wanted)) {
    const meant = nearest(wanted, Object.keys(commands));
    throw new UsageError("COMMAND_UNKNOWN", `There is no command "${wanted}".`, {
      hint: meant
        ? `Did you mean "dsqn ${meant}"? "dsqn --help" lists all commands.`
        : `"dsqn --help" lists all commands.`,
    });
  }
  if (argv.length === 0) {
    root.outputHelp();
    return 0;
  }
  await root.parseAsync(argv, { from: "user" });
  return exitCode;
}

/** What a command writes is never what it reads, nor what dsqn did not make; said before any work is done. */
function checkOutput(args: readonly string[], options: Readonly<Record<string, unknown>>): void {
  const { out, ...others } = options;
  if (typeof out !== "string") return;
  mustDiffer(out, [...args, ...Object.values(others).filter((value) => typeof value === "string")]);
  mayReplace(out);
}

function parser(command: Parser): Parser {
  return command.exitOverride().configureOutput({ writeErr: () => undefined });
}

function printer(json: boolean, clear: () => void) {
  return <T>(result: T, renderText: (result: T) => string): void => {
    clear();
    const text = json ? JSON.stringify(result, plainArrays) : renderText(result);
    process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  };
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

function usageError(error: CommanderError): UsageError {
  return new UsageError("BAD_ARGUMENT", error.message.replace(/^error: /, ""), {
    hint: "--help lists arguments and options.",
  });
}

function describe(error: unknown): Record<string, unknown> {
  return error instanceof DsqnError ? error.toJSON() : { code: "INTERNAL", message: String(error) };
}

function render(error: unknown, verbose: boolean): string {
  if (!(error instanceof DsqnError)) return `dsqn: INTERNAL  ${error instanceof Error ? error.stack : String(error)}\n`;
  const lines = [`dsqn: ${error.code}  ${error.message}`];
  if (error.hint) lines.push(`  what to do   ${error.hint}`);
  lines.push(
    `  see          docs/errors.md#${error.code.toLowerCase()}${error.cause ? "   (the cause: --verbose)" : ""}`,
  );
  for (
    let cause = error.cause;
    verbose && cause !== undefined;
    cause = cause instanceof Error ? cause.cause : undefined
  )
    lines.push("", cause instanceof Error ? (cause.stack ?? cause.message) : String(cause));
  return `${lines.join("\n")}\n`;
}
