// Runs tools: output kept, lines passed on, killed with their children when the signal fires or this process is gone.
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
 * A shell that runs "$@", and kills its whole process group when the other end of descriptor 3 is closed: when this process has been killed, the next
 * set-up begins at once, and must not meet an npm that still writes the same files. A command that is not there ends it by a signal.
 */
const GUARD = `
command -v "$1" >/dev/null 2>&1 || { echo "$1: not found" >&2; kill -KILL $$; }
"$@" 3<&- & tool=$!
(read -r nothing <&3; kill -KILL 0) & guard=$!
wait $tool; code=$?
kill -KILL $guard
exit $code`;

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
    // What is limited in time is a short question, which needs no guard.
    const [program, ...rest] =
      detached && !timeoutMs ? ["/bin/sh", "-c", GUARD, "sh", command, ...args] : [command, ...args];
    const stdio = ["ignore", "pipe", "pipe", "pipe"];
    const child = spawn(program, rest, { cwd, env, shell, detached, stdio, windowsHide: true });
    let output = "";
    let stdout = "";
    let unfinished = "";
    const take = (chunk) => {
      output = (output + chunk).slice(-KEPT);
      if (!onLine) return;
      const lines = (unfinished + chunk).split(/\r?\n|\r/);
      unfinished = lines.pop() ?? "";
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
