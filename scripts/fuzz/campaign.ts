import { type ChildProcess, fork, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeAtomically } from "../../src/files/atomic.ts";
import { type Finding, inputOf, type Order, type Report } from "./loop.ts";
import { ensurePython } from "../../src/setup/index.mjs";
import { type Target, targetOf } from "./targets.ts";

/** What a folder of fuzzing remembers. */
export interface State {
  readonly seed: number;
  seconds: number;
  /** Per reader: inputs so far, how many of these were read and refused. */
  readonly targets: Record<string, { inputs: number; read: number; refused: number }>;
  readonly findings: Finding[];
}

export interface Campaign {
  readonly folder: string;
  readonly seed: number;
  /** Over all readers, with those that were tried before. */
  readonly inputs: number;
  readonly readers: readonly string[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (state: State) => void;
}

const BATCH = 2000;
/** Of a processor's time; or so many times as long on the clock, where it waits for something that never comes. */
const HANG_MS = 10_000;
const WAITING = 12;
/** What reading may take besides what the program itself has. */
const MOST_BYTES = 256 * 2 ** 20;
const WATCH_MS = 50;

/** Goes on where the folder's last one of that seed ended, reader by reader in stretches, until there are so many inputs. */
export async function fuzz({ folder, seed, inputs, readers, signal, onProgress }: Campaign): Promise<State> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "state.json");
  const state = opened(file, seed);
  const runner = new Runner((finding, bytes) => {
    state.findings.push(finding);
    const { target, index, fault, message } = finding;
    const name = `${target}-${index}-${fault}`;
    writeFileSync(join(folder, `${name}.bin`), bytes);
    writeFileSync(join(folder, `${name}.txt`), `${message}\n`);
  });
  const share = Math.ceil(inputs / readers.length);
  try {
    for (let more = true; more && !signal?.aborted;) {
      more = false;
      for (const target of readers) {
        const at = (state.targets[target] ??= { inputs: 0, read: 0, refused: 0 });
        const to = Math.min(share, at.inputs + BATCH);
        if (to <= at.inputs || signal?.aborted) continue;
        more = true;
        const started = performance.now();
        const { read, refused } = await runner.run({ target, seed, from: at.inputs, to });
        at.read += read;
        at.refused += refused;
        at.inputs = to;
        state.seconds += (performance.now() - started) / 1000;
        writeAtomically(file, `${JSON.stringify(state, null, 2)}\n`);
        onProgress?.(state);
      }
    }
  } finally {
    await runner.close();
  }
  return state;
}

function opened(file: string, seed: number): State {
  try {
    const state = JSON.parse(readFileSync(file, "utf8")) as State;
    if (state.seed === seed) return state;
  } catch {
    // the first time
  }
  return { seed, seconds: 0, targets: {}, findings: [] };
}

/** A process that reads what may never end or take all memory: it is ended then, and another one goes on behind that input. */
class Runner {
  private readonly found: (finding: Finding, bytes: Uint8Array) => void;
  private readonly scratch = mkdtempSync(join(tmpdir(), "dsqn-fuzz-"));
  private readonly place = join(mkdtempSync(join(tmpdir(), "dsqn-fuzz-")), "place");
  private child: ChildProcess | undefined;
  private python: boolean | undefined;
  private base = 0;

  constructor(found: (finding: Finding, bytes: Uint8Array) => void) {
    this.found = found;
  }

  async run(order: Order): Promise<{ read: number; refused: number }> {
    let [read, refused, from] = [0, 0, order.from];
    while (from < order.to) {
      const result = await this.stretch({ ...order, from });
      if ("read" in result) return { read: read + result.read, refused: refused + result.refused };
      // What was read before the process ended is not told; the input itself counts as refused.
      refused += result.index + 1 - from;
      await this.judge(order, result);
      from = result.index + 1;
    }
    return { read, refused };
  }

  /** An input that ended a process: tried again alone, since memory may be that of those before it, and time that of others. */
  private async judge(order: Order, stopped: Stopped): Promise<void> {
    const again = await this.stretch({ ...order, from: stopped.index, to: stopped.index + 1 });
    if ("read" in again) return;
    const bytes = await inputOf(targetOf(order.target), order.seed, stopped.index);
    this.found({ target: order.target, ...again }, bytes);
  }

  private async stretch(order: Order): Promise<{ read: number; refused: number } | Stopped> {
    const target = targetOf(order.target);
    const sent = target.python ? { ...order, inputs: await inputsOf(target, order) } : order;
    // Somebody else may have ended it while it had nothing to do.
    if (this.child && (this.python !== target.python || isOver(this.child))) await this.end();
    this.child ??= await this.begin(target);
    const { child } = this;
    writeFileSync(this.place, Float64Array.of(order.from, Date.now()));
    let timer: NodeJS.Timeout | undefined;
    const outcome = await new Promise<{ read: number; refused: number } | Stopped>((resolve) => {
      const stop = (fault: Finding["fault"], message: string): void => resolve({ index: this.at()[0], fault, message });
      child.on("message", (report: Report) => {
        if (report.kind === "finding") this.found(report.finding, Buffer.from(report.bytes, "base64"));
        if (report.kind === "done") resolve(report);
      });
      // Node itself ends where its heap is full.
      child.on("exit", (code, signal) => stop("memory", `ended by ${signal ?? code}`));
      let [index, spent] = [-1, 0];
      timer = setInterval(() => {
        const [now, since] = this.at();
        if (now !== index) [index, spent] = [now, processorMs(child.pid!)];
        const more = residentBytes(child.pid!) - this.base;
        if (processorMs(child.pid!) - spent > HANG_MS || Date.now() - since > WAITING * HANG_MS)
          stop("hang", `no end after ${HANG_MS} ms`);
        else if (more > MOST_BYTES) stop("memory", `${Math.round(more / 2 ** 20)} MB`);
      }, WATCH_MS);
      child.send(sent, (error) => error && stop("memory", `cannot be reached: ${error.message}`));
    });
    clearInterval(timer);
    for (const event of ["message", "exit"]) child.removeAllListeners(event);
    if ("fault" in outcome) await this.end();
    return outcome;
  }

  /** Which input it is at, and since when. */
  private at(): Float64Array {
    const bytes = readFileSync(this.place);
    return bytes.length < 16 ? Float64Array.of(0, Date.now()) : new Float64Array(Uint8Array.from(bytes).buffer);
  }

  private async begin(target: Target): Promise<ChildProcess> {
    const { python } = target;
    this.python = python;
    const child = python ? await this.pythonLoop() : this.nodeLoop();
    await new Promise<void>((resolve, reject) => {
      const fail = (why: unknown): void =>
        reject(new Error(`the process that reads (${target.name}) did not start: ${String(why)}`));
      child.once("message", () => resolve());
      // It stays: an error that nobody listens for would end this process as well.
      child.on("error", fail);
      child.on("exit", (code, signal) => fail(signal ?? `exit code ${code}`));
    });
    this.base = residentBytes(child.pid!);
    return child;
  }

  private nodeLoop(): ChildProcess {
    const register = new URL("../register-ts.mjs", import.meta.url).href;
    return fork(fileURLToPath(new URL("./loop.ts", import.meta.url)), [this.scratch, this.place], {
      execArgv: ["--import", register, "--max-old-space-size=256"],
    });
  }

  /** It speaks as a forked Node does: JSON in lines, on the descriptor that Node names. */
  private async pythonLoop(): Promise<ChildProcess> {
    const { python } = await ensurePython([]);
    const bridge = fileURLToPath(new URL("../../py-bridge", import.meta.url));
    const script = fileURLToPath(new URL("./worker.py", import.meta.url));
    return spawn(python, [script, this.scratch, this.place], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      env: { ...process.env, PYTHONPATH: bridge },
    });
  }

  private async end(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (!child || isOver(child)) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  async close(): Promise<void> {
    await this.end();
    for (const folder of [this.scratch, dirname(this.place)]) rmSync(folder, { recursive: true, force: true });
  }
}

const isOver = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null;

async function inputsOf(target: Target, { seed, from, to }: Order): Promise<string[]> {
  const inputs: string[] = [];
  for (let index = from; index < to; index++)
    inputs.push(Buffer.from(await inputOf(target, seed, index)).toString("base64"));
  return inputs;
}

/** What a process has used of the processors; 0 where the system does not say (not Linux). */
function processorMs(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [user, system] = stat.slice(stat.lastIndexOf(")")).split(" ").slice(12, 14).map(Number);
    return 10 * (user + system);
  } catch {
    return 0;
  }
}

/** Of a process; 0 where the system does not say (not Linux). */
function residentBytes(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * 4096;
  } catch {
    return 0;
  }
}

interface Stopped {
  readonly index: number;
  readonly fault: Finding["fault"];
  readonly message: string;
}
