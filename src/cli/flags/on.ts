import type { Command as Parser } from "commander";
import { basename, join, resolve } from "node:path";
import { UsageError } from "../../errors.ts";
import { executors, openExecutor } from "../../cluster/open.ts";
import { JobInputs, planJob, runJob } from "../../cluster/run.ts";
import type { Piece, PieceResult } from "../../cluster/executor.ts";
import { defaultRunPath } from "../../learning/runs/folder.ts";
import type { Context } from "../command.ts";
import { integer } from "./options.ts";

/** What `onFlags` adds to a command's options. */
export interface OnFlags {
  on?: string;
  cpus?: number;
  /** The command's own flag. */
  dryRun?: boolean;
}

/** The flags of commands whose work is many independent pieces, called `unit`; `job`: the option that names the job's folder. */
export function onFlags(parser: Parser, unit: string): Parser {
  const places = Object.entries(executors).map(([name, { summary }]) => `${name} (${summary})`);
  parser
    .option("--on <where>", `do ${unit} independently of each other, on ${places.join(", ")}: docs/cluster.md`)
    .option("--cpus <n>", "with --on: cores of each", integer(1));
  if (!parser.options.some(({ long }) => long === "--dry-run"))
    parser.option("--dry-run", "with --on slurm: write the scripts, submit nothing");
  return parser;
}

/** A job to be described: `pieces` may add files that they read. */
export interface Described {
  readonly name: string;
  readonly unit: string;
  /** The job's folder; one below runs/ by time unless given. */
  readonly folder?: string;
  /** The command besides `--on` and `--out`, if the folder is not what --out names. */
  readonly command?: readonly string[];
  readonly pieces: (inputs: JobInputs) => readonly Omit<Piece, "cpus">[] | Promise<readonly Omit<Piece, "cpus">[]>;
  readonly onResult?: (result: PieceResult, piece: Piece) => void;
}

/** The results of a job that runs where `--on` says, in the order of its pieces; undefined where it was only written down (--dry-run). */
export async function onExecutor(
  { on, cpus = 1, dryRun }: OnFlags,
  { name, unit, folder = defaultRunPath(name), pieces: describe, onResult }: Described,
  { signal, progress, log }: Pick<Context, "signal" | "progress" | "log">,
): Promise<{ readonly folder: string; readonly results: readonly PieceResult[] } | undefined> {
  if (on === undefined) throw new RangeError("--on was not given.");
  const inputs = new JobInputs();
  const pieces = (await describe(inputs)).map((piece) => ({ ...piece, cpus }));
  const executor = await openExecutor(on);
  const command = process.argv.slice(2);
  const job = { folder, name, unit, command, pieces, inputs, signal, log, onProgress: progress, onResult };
  try {
    if (dryRun) {
      if (!executor.plan)
        throw new UsageError("BAD_ARGUMENT", `With --on ${executor.name} there are no scripts to be written.`, {
          hint: "--dry-run goes with --on slurm.",
        });
      const files = await planJob(executor, job);
      for (const file of files) log(file);
      log(
        `Nothing was submitted. To do so: bash ${files.at(-1)}; then the same command with --out ${folder} collects.`,
      );
      return undefined;
    }
    const results = await runJob(executor, job);
    return { folder: resolve(folder), results };
  } finally {
    await executor.close();
  }
}

/** A path within a piece's folder, here: what a node has said of it is a path of the node. */
export const broughtPath = (folder: string, result: PieceResult, path: string): string =>
  join(folder, result.folder, basename(path));
