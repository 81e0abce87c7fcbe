import type { Command as Parser } from "commander";
import { resolve } from "node:path";
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
  job?: string;
  /** The command's own flag. */
  dryRun?: boolean;
}

/** The flags of commands whose work is many independent pieces, called `unit`, and whose --out is not the job's folder unless `out` says so. */
export function onFlags(parser: Parser, unit: string, { out = false } = {}): Parser {
  const places = Object.entries(executors).map(([name, { summary }]) => `${name} (${summary})`);
  parser
    .option("--on <where>", `do ${unit} independently of each other, on ${places.join(", ")}: docs/cluster.md`)
    .option("--cpus <n>", "with --on: cores of each", integer(1));
  if (!out)
    parser.option("--job <folder>", "with --on: the job's folder, to go on there (default: runs/<time>-<command>)");
  const alone = parser.options.some(({ long }) => long === "--dry-run");
  if (!alone) parser.option("--dry-run", "with --on slurm: write the scripts, submit nothing");
  return parser.hook("preAction", (called) => {
    const { on, job, cpus, dryRun }: OnFlags = called.opts();
    const needs = { "--job": job, "--cpus": cpus, ...(!alone && { "--dry-run": dryRun }) };
    const given = Object.entries(needs).find(([, value]) => value !== undefined);
    if (on === undefined && given)
      throw new UsageError("BAD_ARGUMENT", `${given[0]} is of pieces that run elsewhere, and there is no --on.`, {
        hint: `Add --on WHERE, or leave ${given[0]} out.`,
      });
  });
}

/** A job to be described: `pieces` may add files that they read. */
export interface Described {
  readonly name: string;
  readonly unit: string;
  /** The job's folder; one below runs/ by time unless given. */
  readonly folder?: string;
  /** The option that leads to the folder, as it is given where results are collected: `["--out", "/runs/x"]`; "--out" with the folder unless given. */
  readonly collect?: readonly [flag: "--out" | "--job", value: string];
  readonly pieces: (inputs: JobInputs) => readonly Omit<Piece, "cpus">[] | Promise<readonly Omit<Piece, "cpus">[]>;
  readonly onResult?: (result: PieceResult, piece: Piece) => void;
}

/** The results of a job that runs where `--on` says, in the order of its pieces; undefined where it was only written down (--dry-run). */
export async function onExecutor(
  { on, cpus = 1, dryRun }: OnFlags,
  { name, unit, folder = defaultRunPath(name), collect, pieces: describe, onResult }: Described,
  { signal, progress, log }: Pick<Context, "signal" | "progress" | "log">,
): Promise<{ readonly folder: string; readonly results: readonly PieceResult[] } | undefined> {
  if (on === undefined) throw new RangeError("--on was not given.");
  const [flag, place] = collect ?? ["--out", resolve(folder)];
  const inputs = new JobInputs();
  const pieces = (await describe(inputs)).map((piece) => ({ ...piece, cpus }));
  const executor = await openExecutor(on);
  const command = collecting(process.argv.slice(2), flag, place);
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
        `Nothing was submitted. To do so: bash "${files.at(-1)}"; then the same command with ${flag} "${place}" collects.`,
      );
      return undefined;
    }
    const results = await runJob(executor, job);
    return { folder: resolve(folder), results };
  } finally {
    await executor.close();
  }
}

/** Where the job of a command lies whose --out is something else: as --job says. */
export function jobFolder({ job }: OnFlags, name: string): Pick<Described, "folder" | "collect"> {
  const folder = resolve(job ?? defaultRunPath(name));
  return { folder, collect: ["--job", folder] };
}

/**
 * The command that collects what another one has asked for: the same, on no executor, into the same folder.
 *
 * @example
 * collecting(["train", "cartpole-dqn", "--seeds", "20", "--on", "slurm"], "--out", "/runs/x");
 * // ["train", "cartpole-dqn", "--seeds", "20", "--on", "collect", "--out", "/runs/x"]
 */
export function collecting(command: readonly string[], flag: "--out" | "--job", folder: string): string[] {
  const words: string[] = [];
  for (let k = 0; k < command.length; k++) {
    const [name] = command[k].split("=");
    if (name !== "--on" && name !== flag && name !== "--dry-run") words.push(command[k]);
    else if (name !== "--dry-run" && name === command[k]) k++;
  }
  return [...words, "--on", "collect", flag, folder];
}
