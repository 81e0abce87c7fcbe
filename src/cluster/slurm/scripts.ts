import { join } from "node:path";
import { program } from "../identity.ts";

/** What Slurm is given, as text: three jobs and the script that submits them. A person may read them, change them, and submit them by hand. */
export interface Batch {
  /** The job's folder, absolute. */
  readonly folder: string;
  /** Where the batch's scripts and logs lie, absolute. */
  readonly place: string;
  readonly name: string;
  /** Pieces of each task of the array. */
  readonly tasks: readonly (readonly string[])[];
  readonly cpus: number;
  readonly partition?: string;
  readonly code: string;
  readonly token: string;
  /** What collects the results, and where it was given. */
  readonly collect: readonly string[];
  readonly cwd: string;
}

/** By file name. */
export function scriptsOf(batch: Batch): Record<string, string> {
  return {
    "pieces.txt": `${batch.tasks.map((ids) => ids.join(" ")).join("\n")}\n`,
    "check.sh": checkScript(batch),
    "array.sh": arrayScript(batch),
    "collect.sh": collectScript(batch),
    "submit.sh": submitScript(batch),
  };
}

/** A word for the shell. */
export const quoted = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

const dsqn = (...words: readonly string[]): string => [process.execPath, program, ...words].map(quoted).join(" ");

/** A file below `place` as an option of sbatch: "%" begins a pattern there. */
const output = ({ place }: Batch, name: string): string =>
  `#SBATCH --output="${place.replaceAll("%", "%%").replaceAll('"', '\\"')}/${name}"`;

const header = ({ name, partition }: Batch, what: string, ...more: readonly string[]): string[] => [
  "#!/bin/bash",
  `#SBATCH --job-name=dsqn-${name}${what}`,
  ...(partition === undefined ? [] : [`#SBATCH --partition=${partition}`]),
  ...more,
];

/** Before any work: does a node see the folder, and has it the right versions? Its exit code says so even where nothing it writes is seen. */
function checkScript(batch: Batch): string {
  const { folder, token, code } = batch;
  return [
    ...header(batch, "-check", "#SBATCH --cpus-per-task=1", "#SBATCH --output=/dev/null"),
    "",
    `exec ${dsqn("piece", folder, "--probe", token, "--code", code)}`,
    "",
  ].join("\n");
}

function arrayScript(batch: Batch): string {
  const { folder, place, tasks, cpus, code } = batch;
  return [
    ...header(
      batch,
      "",
      `#SBATCH --array=0-${tasks.length - 1}`,
      `#SBATCH --cpus-per-task=${cpus}`,
      output(batch, "task-%a.log"),
      "#SBATCH --open-mode=append",
      "# A node that fails: the task begins again elsewhere, at its checkpoint.",
      "#SBATCH --requeue",
      "# Two minutes before its time is over a piece is told to leave a checkpoint.",
      "#SBATCH --signal=B:TERM@120",
    ),
    "",
    "# A task does the pieces of its line.",
    `pieces=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" ${quoted(join(place, "pieces.txt"))})`,
    `exec ${dsqn("piece", folder)} $pieces --code ${code}`,
    "",
  ].join("\n");
}

/** The command itself, which finds everything done. */
function collectScript(batch: Batch): string {
  return [
    ...header(batch, "-collect", "#SBATCH --cpus-per-task=1", output(batch, "collect.log")),
    "",
    `cd ${quoted(batch.cwd)}`,
    `exec ${dsqn(...batch.collect)}`,
    "",
  ].join("\n");
}

/** Leaves the numbers of the three jobs in `submitted.txt`. */
function submitScript({ place, collect }: Batch): string {
  const of = (name: string): string => quoted(join(place, name));
  return [
    "#!/bin/bash",
    "set -e",
    `check=$(sbatch --parsable ${of("check.sh")})`,
    "check=${check%%;*}",
    `array=$(sbatch --parsable --dependency=afterok:$check --kill-on-invalid-dep=yes ${of("array.sh")})`,
    "array=${array%%;*}",
    ...(collect.length > 0
      ? [`collect=$(sbatch --parsable --dependency=afterany:$array ${of("collect.sh")})`]
      : ["collect="]),
    `echo "$check $array \${collect%%;*}" > ${of("submitted.txt")}`,
    "",
  ].join("\n");
}
