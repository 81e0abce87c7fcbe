import type { PieceContext } from "../cluster/executor.ts";
import { inputPath } from "../cluster/job.ts";
import { DsqnError } from "../errors.ts";
import { commands } from "./commands.ts";

/** A piece that is a smaller call of a command: what it prints with --json is the value. */
export interface CommandInput {
  readonly command: string;
  /** Its arguments; files in `inputs/` as such. */
  readonly args: readonly string[];
  /** As the command's parser gives them; what JSON has no word for is left out, as an option that was not given. */
  readonly options: object;
}

/** Those that only measure, and whose options are JSON. */
const allowed = new Set(["sweep", "pareto"]);

export async function performCommand(input: unknown, context: PieceContext): Promise<unknown> {
  const { command, args, options } = input as CommandInput;
  if (!allowed.has(command)) throw new DsqnError("COMMAND_UNKNOWN", `"${command}" does not run in pieces.`);
  const { default: own } = await commands[command].load();
  let result: unknown;
  const { signal, onProgress: progress, onWarning: log, job } = context;
  const paths = args.map((arg) => inputPath(job, arg));
  await own.run(paths, options as Record<string, never>, {
    ...{ json: true, verbose: false, signal, progress, log },
    print: (value) => (result = value),
  });
  signal.throwIfAborted();
  return result;
}
