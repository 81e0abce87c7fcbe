import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as immediate, setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openWorker, type Worker } from "../../src/bridge/index.ts";
import { makeEnvironment } from "../../src/environments/index.ts";
import { DsqnError } from "../../src/errors.ts";
import type { Random } from "../../src/numeric/random.ts";
import type { Outcome } from "./outcome.ts";
import { children, Patience } from "./patience.ts";

/** What a client is doing with its worker when the fault comes. */
export const states = ["opening", "greeting", "idle", "stepping by region", "stepping by ZeroMQ", "a long call", "closing"] as const; // prettier-ignore
export type State = (typeof states)[number];

/** What happens to it. The first are done to the worker, the next by it to itself, the last to what lies between the two. */
export const faults = [
  "SIGKILL", "SIGSTOP", "SIGSTOP, SIGCONT", "SIGTERM",
  "closes_sockets", "writes_garbage", "takes_descriptors", "takes_memory", "fills_the_disk",
  "strangers write to its sockets", "TMPDIR is removed",
] as const; // prettier-ignore
export type Fault = (typeof faults)[number];

const FIXTURES = fileURLToPath(new URL("../../tests/fixtures/workers", import.meta.url));
/** A call that takes longer is a hang; a start on a busy machine may take so long besides. */
const HANG_MS = 15_000;
const START_MS = 120_000;
const HEARTBEAT_MS = 500;
/** Steps after a fault that nobody need notice. */
const STEPS_AFTER = 60;

/** A fault of the worker itself needs a worker that serves calls. */
export function fits(state: State, fault: Fault): boolean {
  const serves = state === "idle" || state.startsWith("stepping");
  if (/_/.test(fault)) return serves;
  if (fault === "strangers write to its sockets") return state === "opening" || state === "greeting";
  return true;
}

/** One fault in one state: afterwards everything has been answered, nobody is left, nothing lies around, and no transition was lost. */
export async function strike(state: State, fault: Fault, random: Random): Promise<Outcome> {
  const before = { TMPDIR: process.env["TMPDIR"], handles: handles() };
  const folder = mkdtempSync(join(tmpdir(), "dsqn-chaos-"));
  process.env["TMPDIR"] = folder;
  const blow = new Blow(fault, random, folder);
  const seen = { steps: 0, lost: 0 };
  try {
    const code = await within(play(state, blow, seen), START_MS + 2 * HANG_MS);
    const orphans = (await gone(blow.workers)) ? 0 : 1;
    const left = readable(folder).filter((name) => name.startsWith("dsqn-") && !name.startsWith("dsqn-logs"));
    await settled(() => handles() <= before.handles);
    const leaked = left.length + Math.max(0, handles() - before.handles);
    return { hang: code === HUNG ? 1 : 0, orphans, leaked, lost: seen.lost, wrong: typed(code) ? 0 : 1, code };
  } finally {
    if (before.TMPDIR === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before.TMPDIR;
    rmSync(folder, { recursive: true, force: true });
  }
}

const HUNG = "no end";
/** The state was over before the fault came: not counted. */
export const MISSED = "missed";

/** The code that it ended with; "ok" where nobody noticed. */
async function play(state: State, blow: Blow, seen: { steps: number; lost: number }): Promise<string> {
  const early = state === "opening" || state === "greeting";
  const watching = early ? blow.whileStarting(state) : undefined;
  let worker: Worker | undefined;
  try {
    const data = state === "stepping by ZeroMQ" ? "zeromq" : "auto";
    const startTimeoutMs = early && blow.fault === "SIGSTOP" ? 8000 : START_MS;
    worker = await openWorker({ path: [FIXTURES], heartbeatMs: HEARTBEAT_MS, graceMs: 300, data, startTimeoutMs });
    blow.workers.push(worker.pid);
    blow.missed = early && !blow.struck;
    await watching;
    if (state.startsWith("stepping")) await stepping(worker, blow, seen);
    else if (state === "closing") await Promise.all([worker.close(), blow.soon(worker, 20)]);
    else if (state === "a long call") {
      const params = { total: 150, seconds: 0.002 };
      await Promise.all([worker.call("misbehaving:counts", params), blow.soon(worker, 200)]);
    } else if (state === "idle") await blow.soon(worker, 50);
    if (state !== "closing") await worker.call("core.echo", {}, {}, { timeoutMs: HANG_MS });
    return blow.missed ? MISSED : "ok";
  } catch (error) {
    // A machine that is too busy to start anything is no fault of ours.
    if (!blow.struck && error instanceof DsqnError) return MISSED;
    return error instanceof DsqnError ? error.code : String(error);
  } finally {
    await watching;
    await worker?.close();
  }
}

/** The same episodes again and again: each observation has to be that of the first time, or a step was lost, or came twice. */
async function stepping(worker: Worker, blow: Blow, seen: { steps: number; lost: number }): Promise<void> {
  const env = await makeEnvironment("CartPole-v1", { worker });
  const first: number[][] = [];
  let after = Infinity;
  const watched = (async () => {
    for (let episode = 0; after > 0; episode++) {
      let { observation } = await env.reset({ seed: 7 });
      for (let step = 0, over = false; !over && after > 0; step++, after--, seen.steps++) {
        const values = Array.from(observation);
        if (episode === 0) first.push(values);
        else if (values.some((value, k) => !Object.is(value, first[step]?.[k]))) seen.lost++;
        const next = await env.step(step % 2);
        [observation, over] = [next.observation, next.terminated || next.truncated];
      }
    }
  })();
  const struck = blow.soon(worker, 60).then(() => (after = STEPS_AFTER));
  await Promise.all([watched, struck]);
}

/** A fault, when its moment has come. */
class Blow {
  readonly fault: Fault;
  /** All that ever were: none of them may be left. */
  readonly workers: number[] = [];
  struck = false;
  /** What it was meant for was over before. */
  missed = false;
  private readonly random: Random;
  private readonly folder: string;

  constructor(fault: Fault, random: Random, folder: string) {
    this.fault = fault;
    this.random = random;
    this.folder = folder;
  }

  /** Some time within so many ms. */
  async soon(worker: Worker, ms: number): Promise<void> {
    await sleep(this.random.uniform() * ms);
    await this.strike(worker.pid, worker);
  }

  /** As soon as there is a process (or its sockets), before anybody has heard of it. */
  async whileStarting(state: State): Promise<void> {
    const old = new Set(children());
    const pid = await settled(() => children().find((one) => !old.has(one)), START_MS);
    if (pid === undefined) return;
    this.workers.push(pid);
    if (state === "opening") await sleep(this.random.uniform() * 300);
    else await this.firstSocket(pid);
    if (!this.missed) await this.strike(pid);
  }

  /** They are there for as long as the two greet, which is short. */
  private async firstSocket(pid: number): Promise<void> {
    for (const patience = new Patience(START_MS); !patience.over && !this.missed; await immediate())
      if (this.sockets().length > 0 || !isAlive(pid)) return;
  }

  private sockets(): string[] {
    const folders = readable(this.folder).filter((name) => /^dsqn-\w{6}$/.test(name));
    return folders.flatMap((name) => ["work", "control"].map((one) => join(this.folder, name, one)).filter((path) => readable(join(path, "..")).includes(path.split("/").at(-1)!))); // prettier-ignore
  }

  private async strike(pid: number, worker?: Worker): Promise<void> {
    const { fault, random } = this;
    this.struck = true;
    if (fault === "SIGSTOP, SIGCONT") {
      signal(pid, "SIGSTOP");
      await sleep(random.uniform() * 2 * HEARTBEAT_MS);
      signal(pid, "SIGCONT");
    } else if (fault.startsWith("SIG")) signal(pid, fault as NodeJS.Signals);
    else if (fault === "TMPDIR is removed") rmSync(this.folder, { recursive: true, force: true });
    else if (fault === "strangers write to its sockets")
      await Promise.all(this.sockets().map((path) => write(path, noise(random)))); // prettier-ignore
    else {
      const params = { bytes: Buffer.from(noise(random)).toString("hex"), folder: this.folder };
      // What it does may well end the call that does it.
      await worker!.call(`chaotic:${fault}`, params, {}, { timeoutMs: 5000 }).catch(() => undefined);
    }
  }
}

/** A frame of ZeroMQ that says it is longer than it is, or what no frame begins with. */
function noise(random: Random): Uint8Array {
  const bytes = Uint8Array.from({ length: 1 + random.integer(80) }, () => random.integer(256));
  const frame = [0x02, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
  if (random.uniform() < 0.5) bytes.set(frame.slice(0, bytes.length));
  return bytes;
}

/** To a socket that may be gone by then; half of the strangers leave at once. */
function write(path: string, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(path, () => socket.end(bytes));
    socket.on("error", () => resolve());
    socket.on("close", () => resolve());
    setTimeout(() => socket.destroy(), 300);
  });
}

export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it was quicker
  }
}

const typed = (code: string): boolean =>
  code === "ok" || code === MISSED || code === HUNG || /^[A-Z][A-Z_]+$/.test(code);

export function readable(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** What this process holds open besides its own: sockets of files and regions of memory. */
function handles(): number {
  const names = readable("/proc/self/fd").map((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`);
    } catch {
      return "";
    }
  });
  return names.filter((name) => name.startsWith("socket:") || name.includes("memfd:dsqn")).length;
}

/** Whether a process still runs: one that has ended and is not buried yet does not. */
export function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !stat.slice(stat.lastIndexOf(")")).startsWith(") Z");
  } catch {
    return false;
  }
}

export const gone = async (pids: readonly number[]): Promise<boolean> =>
  (await settled(() => (pids.some(isAlive) ? undefined : true))) === true;

/** What `look` finds, as soon as it finds something; undefined after a while. */
export async function settled<T>(look: () => T | undefined | false, ms = HANG_MS): Promise<T | undefined> {
  for (const patience = new Patience(ms); ; await sleep(5)) {
    const found = look();
    if (found) return found;
    if (patience.over) return undefined;
  }
}

async function within(what: Promise<string>, ms: number): Promise<string> {
  let ended = false;
  const late = settled(() => ended, ms).then(() => HUNG);
  try {
    return await Promise.race([what, late]);
  } finally {
    ended = true;
  }
}
