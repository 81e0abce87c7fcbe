// Runs tools: output kept, lines passed on, killed with their children when the signal fires.
import { spawn } from "node:child_process";

const KEPT = 200_000;

/**
 * Python code that goes before any other import of what runs by `python -c`: what lies in the current folder, which may have been downloaded with a
 * model, must not be imported for a module of Python's own. (-P and PYTHONSAFEPATH do it from Python 3.11 on only, -I takes PYTHONPATH away too.)
 */
export const withoutCurrentFolder = "import sys; sys.path[:] = [folder for folder in sys.path if folder]\n";
/** npm, for one, finishes what it is at after a SIGTERM; nothing here is harmed by being killed. */
const GRACE_MS = 1_000;

/**
 * @typedef {{ code: number | null, signal: string | null, output: string, stdout: string }} Outcome
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, signal?: AbortSignal, timeoutMs?: number, onLine?: (line: string) => void }} [options]
 * @returns {Promise<Outcome>} never rejects for the tool's own failure; a command that cannot be started has code null and
 *   the reason as output.
 */
export function run(command, args, { cwd, env = process.env, signal, timeoutMs, onLine } = {}) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    // npm.cmd and the like only start through a shell on Windows; no argument of ours needs quoting there.
    const shell = process.platform === "win32" && /\.(cmd|bat)$/i.test(command);
    // Its own process group, so that stopping it stops what it started.
    const detached = process.platform !== "win32";
    const child = spawn(command, args, {
      cwd,
      env,
      shell,
      detached,
      stdio: ["ignore", "pipe", "pipe"],
      windowsHide: true,
    });
    let output = "";
    let stdout = "";
    let rest = "";
    const take = (chunk) => {
      output = (output + chunk).slice(-KEPT);
      if (!onLine) return;
      const lines = (rest + chunk).split(/\r?\n|\r/);
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.trim()) onLine(line.trim());
    };
    child.stdout.setEncoding("utf8").on("data", (chunk) => {
      stdout = (stdout + chunk).slice(-KEPT);
      take(chunk);
    });
    child.stderr.setEncoding("utf8").on("data", take);
    const kill = (name) => {
      try {
        if (detached && child.pid) process.kill(-child.pid, name);
        else child.kill(name);
      } catch {
        // already gone
      }
    };
    let insisting;
    const onAbort = () => {
      kill("SIGTERM");
      insisting = setTimeout(() => kill("SIGKILL"), GRACE_MS);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    const timer = timeoutMs ? setTimeout(() => kill("SIGKILL"), timeoutMs) : undefined;
    const finish = (outcome) => {
      clearTimeout(timer);
      clearTimeout(insisting);
      signal?.removeEventListener("abort", onAbort);
      if (signal?.aborted) reject(signal.reason);
      else resolve(outcome);
    };
    child.on("error", (error) => finish({ code: null, signal: null, output: `${output}\n${error.message}`, stdout }));
    child.on("close", (code, killedBy) => finish({ code, signal: killedBy, output, stdout }));
  });
}
