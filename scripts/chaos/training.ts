import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Random } from "../../src/numeric/random.ts";
import { gone, MISSED, settled, signal } from "./bridge.ts";
import type { Outcome } from "./outcome.ts";
import { children } from "./patience.ts";

const DSQN = fileURLToPath(new URL("../dsqn.mjs", import.meta.url));
/** Far more than a run of a few seconds takes. */
const HANG_MS = 60_000;

/** A run of a few seconds with everything in it that has a state of its own. */
const config = {
  method: "dqn",
  seed: 7,
  environment: { id: "CartPole-v1", count: 3 },
  network: { kind: "dense", hidden: [24] },
  episodes: 70,
  nStep: 2,
  epsilon: { kind: "linear", start: 1, end: 0.2, steps: 1200 },
  replay: { capacity: 1000, prioritisation: {} },
  batchSize: 32,
  optimizer: { kind: "adam", learningRate: { kind: "constant", value: 0.0005 } },
  target: { kind: "soft", tau: 0.02 },
  evaluation: { every: 500, episodes: 4, settle: { mean: 20, factor: 0.9 } },
  final: { episodes: 4 },
  checkpointSeconds: 0.05,
};

export const trainingFaults = ["SIGKILL", "SIGTERM", "SIGSTOP, SIGCONT", "SIGKILL of the worker"] as const;

/** The run that nothing happens to, which others are compared with. */
export interface Whole {
  readonly folder: string;
  readonly ms: number;
}

/** Trains once in peace; `folder` then holds the config and the run. */
export async function trainWhole(folder: string): Promise<Whole> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  const started = performance.now();
  const { exitCode } = await train(folder, "whole", false).ended;
  if (exitCode !== 0) throw new Error(`the run that nothing happens to ended with ${exitCode}`);
  return { folder, ms: performance.now() - started };
}

/** The environment of processes whose time of day jumps about. */
export const jumpingClock = {
  NODE_OPTIONS: `--import=${new URL("./clock/jumps.mjs", import.meta.url).href}`,
  PYTHONPATH: fileURLToPath(new URL("./clock", import.meta.url)),
};

/** Struck at a random moment, once or twice, and gone on with: the same curve, networks and all, bit for bit. `env`: what its processes get besides. */
export async function strikeTraining(
  { folder, ms }: Whole,
  fault: (typeof trainingFaults)[number],
  random: Random,
  env: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const name = `struck-${random.uint32().toString(36)}`;
  let [orphans, hang, struck] = [0, 0, 0];
  let codes = "";
  try {
    for (let blows = 1 + random.integer(2); ; blows--) {
      const run = train(folder, name, existsSync(join(folder, name, "config.json")), env);
      if (blows > 0) {
        await Promise.race([sleep(random.uniform() * ms), run.ended]);
        if (run.running()) {
          struck++;
          const workers = await blow(run.pid, fault, random);
          if (fault !== "SIGSTOP, SIGCONT" && !(await gone(workers))) orphans++;
        }
      }
      const ended = await settled(() => !run.running(), HANG_MS);
      const exitCode = ended ? (await run.ended).exitCode : NaN;
      codes += `${codes && " "}${exitCode ?? "killed"}`;
      if (Number.isNaN(exitCode)) {
        signal(run.pid, "SIGKILL");
        hang++;
      }
      if (exitCode === 0 || Number.isNaN(exitCode) || blows <= 0) break;
    }
    const same = isSame(join(folder, name), join(folder, "whole"));
    const leaked = readdirSync(join(folder, name)).filter((file) => file.endsWith(".tmp")).length;
    return { hang, orphans, leaked, lost: 0, wrong: same ? 0 : 1, code: struck > 0 ? codes : MISSED };
  } finally {
    rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** Returns the workers that the run had. */
async function blow(pid: number, fault: (typeof trainingFaults)[number], random: Random): Promise<number[]> {
  const workers = children(pid);
  if (fault === "SIGKILL of the worker") workers.forEach((worker) => signal(worker, "SIGKILL"));
  else
    for (const name of fault.split(", ")) {
      signal(pid, name as NodeJS.Signals);
      await sleep(random.uniform() * 300);
    }
  return workers;
}

/** Whether two runs have the same curve and the same networks, bit for bit. */
export function isSame(one: string, other: string): boolean {
  const files = ["progress.jsonl", "best.safetensors", "last.safetensors", "initial.safetensors"];
  return files.every((file) => read(one, file)?.equals(read(other, file)!));
}

function read(...names: string[]): Buffer | undefined {
  return existsSync(join(...names)) ? readFileSync(join(...names)) : undefined;
}

function train(folder: string, name: string, resume: boolean, env: Readonly<Record<string, string>> = {}) {
  const args = resume ? ["--resume", join(folder, name)] : [join(folder, "config.json"), "--out", join(folder, name)];
  const child = spawn(process.execPath, [DSQN, "train", ...args, "--json"], { stdio: "ignore", env: { ...process.env, ...env } }); // prettier-ignore
  const ended = new Promise<{ exitCode: number | null }>((resolve) =>
    child.on("exit", (exitCode) => resolve({ exitCode })),
  );
  return { pid: child.pid!, ended, running: () => child.exitCode === null && child.signalCode === null };
}
