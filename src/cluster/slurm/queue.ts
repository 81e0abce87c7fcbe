import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { DsqnError } from "../../errors.ts";

const call = promisify(execFile);

/** Jobs that have not ended are in one of these (squeue's %T). */
const alive =
  /^(PENDING|RUNNING|COMPLETING|CONFIGURING|SUSPENDED|REQUEUED|REQUEUE_FED|REQUEUE_HOLD|RESIZING|SIGNALING|STAGE_OUT|STOPPED)$/;

/** @throws DsqnError SLURM_MISSING, SLURM_REFUSED with Slurm's own words */
async function slurm(name: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await call(name, args, { encoding: "utf8", maxBuffer: 2 ** 26, env: process.env });
    return stdout;
  } catch (cause) {
    const { code, stderr = "" } = cause as NodeJS.ErrnoException & { stderr?: string };
    if (code === "ENOENT")
      throw new DsqnError("SLURM_MISSING", `There is no ${name} on this machine.`, {
        hint: "Give the command on a login node of the cluster, or with --dry-run, which writes the scripts alone.",
        cause,
      });
    throw refused(stderr.trim() || (cause as Error).message, cause);
  }
}

export function refused(words: string, cause?: unknown): DsqnError {
  return new DsqnError("SLURM_REFUSED", `Slurm says: ${words}`, {
    hint: "A partition: --on slurm:PARTITION; an account or a time limit: sbatch's own variables (SBATCH_ACCOUNT, SBATCH_TIMELIMIT).",
    cause,
  });
}

/** @throws DsqnError SLURM_MISSING */
export const slurmVersion = async (): Promise<string> => (await slurm("sbatch", ["--version"])).trim();

/** Runs the script that submits. */
export async function submit(script: string): Promise<void> {
  await slurm("bash", [script]);
}

/** Of each job that has not ended, its state and why it waits. A job that Slurm has forgotten has ended. */
export async function unfinished(job: string): Promise<{ readonly state: string; readonly reason: string }[]> {
  try {
    const lines = (await slurm("squeue", ["--noheader", "--array", `--jobs=${job}`, "--format=%T|%r"])).split("\n");
    return lines.flatMap((line) => {
      const [state, reason = ""] = line.trim().split("|");
      return alive.test(state) ? [{ state, reason }] : [];
    });
  } catch (error) {
    if (error instanceof DsqnError && /invalid job id/i.test(error.message)) return [];
    throw error;
  }
}

/** How a job ended: undefined where it has not, or where Slurm has forgotten it. */
export async function endOf(job: string): Promise<{ readonly state: string; readonly exitCode: number } | undefined> {
  let text: string;
  try {
    text = await slurm("scontrol", ["--oneliner", "show", "job", job]);
  } catch (error) {
    if (error instanceof DsqnError && /invalid job id/i.test(error.message)) return undefined;
    throw error;
  }
  const state = /JobState=(\w+)/.exec(text)?.[1] ?? "";
  if (alive.test(state)) return undefined;
  return { state, exitCode: Number(/ExitCode=(\d+):/.exec(text)?.[1] ?? 0) };
}

/** The most tasks that an array may have here. */
export async function largestArray(): Promise<number> {
  const text = await slurm("scontrol", ["show", "config"]);
  return Math.max(1, Number(/MaxArraySize\s*=\s*(\d+)/.exec(text)?.[1] ?? 1001) - 1);
}

/** Ends jobs, as far as they are there. */
export async function cancel(...jobs: readonly string[]): Promise<void> {
  if (jobs.length > 0) await slurm("scancel", jobs).catch(() => undefined);
}
