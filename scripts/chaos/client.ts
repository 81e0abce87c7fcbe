import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Random } from "../../src/numeric/random.ts";
import { gone, MISSED, readable, settled, signal } from "./bridge.ts";
import type { Outcome } from "./outcome.ts";
import { children } from "./patience.ts";

const PARENT = fileURLToPath(new URL("../../tests/fixtures/workers/parent.ts", import.meta.url));
const REGISTER = fileURLToPath(new URL("../register-ts.mjs", import.meta.url));

/** What the process that has the worker is doing when it is struck. */
export const clientStates = ["idle", "counts", "computes_without_release", "steps", "starting"] as const;
export const clientFaults = ["SIGKILL", "SIGTERM", "SIGINT", "SIGSTOP, SIGCONT, SIGTERM"] as const;

/** The client is struck: it ends, its worker ends too, and nothing lies around. */
export async function strikeClient(
  state: (typeof clientStates)[number],
  fault: (typeof clientFaults)[number],
  random: Random,
): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "dsqn-chaos-"));
  const starting = state === "starting";
  const args = ["dsqn_bridge", ...(state === "idle" || starting ? [] : [state])];
  const child = spawn(process.execPath, ["--import", REGISTER, PARENT, ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
  let complained = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (complained += chunk));
  // Before there is a worker nobody is left who could tidy up: the next start does, after a day.
  const begun = (): boolean => sockets(folder).length > 0 && children(child.pid).length > 0;
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;
  try {
    await settled(() => ended() || (starting ? begun() : said.includes("busy")), 60_000);
    await sleep(random.uniform() * 200);
    const workers = children(child.pid);
    if (ended()) {
      // A machine that is too busy to start anything is no fault of ours.
      const busy = /PYTHON_MISSING|WORKER_START_TIMEOUT/.test(complained);
      return { hang: 0, orphans: 0, leaked: 0, lost: 0, wrong: busy ? 0 : 1, code: busy ? MISSED : "ended by itself" };
    }
    for (const name of fault.split(", ")) {
      signal(child.pid!, name as NodeJS.Signals);
      await sleep(random.uniform() * 50);
    }
    const hang = (await settled(ended)) ? 0 : 1;
    const orphans = (await gone(workers)) ? 0 : 1;
    // Where it was killed in the middle of a start, the worker takes them away.
    await settled(() => sockets(folder).length === 0, 10_000);
    return { hang, orphans, leaked: sockets(folder).length, lost: 0, wrong: 0, code: "ended" };
  } finally {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

const sockets = (folder: string): string[] =>
  readable(folder).filter((name) => name.startsWith("dsqn-") && !name.startsWith("dsqn-logs"));
