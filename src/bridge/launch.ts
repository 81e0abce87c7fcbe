import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { lstatSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { curveKeyPair } from "zeromq";
import { managedHome, root, withoutCurrentFolder } from "../setup/index.mjs";
import { DsqnError } from "../errors.ts";
import { atExit } from "./at-exit.ts";
import type { WorkerLog } from "./log.ts";
import type { ProcessState } from "./process-state.ts";
import { temporaryFolder } from "./temporary.ts";

export const PY_BRIDGE = join(root, "py-bridge");

export interface LaunchOptions {
  readonly python: string;
  /** The Python module that speaks the protocol. */
  readonly module: string;
  /** Folders of Python modules of the user's own, in front of the search path. */
  readonly path: readonly string[];
  readonly transport: "ipc" | "tcp";
  readonly startTimeoutMs: number;
  readonly env: Readonly<Record<string, string>>;
  /** Memory to share: how large, and the descriptor that the worker inherits. */
  readonly region?: { readonly bytes: number; readonly descriptor: number };
  readonly signal?: AbortSignal;
}

/** How a process ended, or why it never began. */
export interface Ending {
  readonly exitCode?: number;
  readonly signal?: string;
  readonly cause?: unknown;
}

export interface WorkerProcess {
  readonly pid: number | undefined;
  readonly ended: Promise<Ending>;
  kill(): void;
  /** What the kernel says of it, where that is another machine's; undefined: that does not answer. */
  state?(): Promise<ProcessState | undefined>;
}

/** A worker that was started, here or elsewhere, and how to reach it. */
export interface Launched {
  readonly process: WorkerProcess;
  readonly work: string;
  readonly control: string;
  /** 32 bytes that only this client and this worker know. */
  readonly key: Buffer;
  /** Socket options: CURVE on tcp, where others could listen; nothing on ipc. */
  readonly security: { curveServerKey?: string; curvePublicKey?: string; curveSecretKey?: string };
  /** How often ZeroMQ itself looks whether the other side is there, in ms, where a machine may vanish without a word. */
  readonly beats?: { readonly heartbeatInterval: number; readonly heartbeatTimeout: number };
  /** The connection is gone: with it the worker, as what was under way is lost. */
  disconnected?(): void;
  /** Removes the sockets' folder. Once both ends are connected nobody needs it, and then nothing can be left behind. */
  removeDirectory(): void;
}

/** Starts a worker and waits until it listens. Keys travel through its stdin, never on a command line. */
export async function launch(options: LaunchOptions, log: WorkerLog): Promise<Launched> {
  let directory: string | undefined;
  let started: ReturnType<typeof start> | undefined;
  const removeDirectory = (): void => {
    if (directory) rmSync(directory, { recursive: true, force: true });
  };
  // Before anything is there to be left behind: until a signal has a listener, it ends this process on the spot.
  const forget = atExit(() => {
    started?.process.kill();
    removeDirectory();
  });
  try {
    directory = options.transport === "ipc" ? makeDirectory() : undefined;
    const key = randomBytes(32);
    const curve = directory ? undefined : { server: curveKeyPair(), client: curveKeyPair() };
    started = start(options, directory);
    const { child, process } = started;
    void process.ended.then(forget);
    child.stderr?.setEncoding("utf8").on("data", log.write);
    child.stdin?.on("error", () => undefined); // a worker that is gone is reported by its exit
    const config = {
      work: directory ? `ipc://${join(directory, "work")}` : "tcp://127.0.0.1:*",
      control: directory ? `ipc://${join(directory, "control")}` : "tcp://127.0.0.1:*",
      directory,
      key: key.toString("hex"),
      region: options.region && { bytes: options.region.bytes, descriptor: REGION_DESCRIPTOR },
      ...curve?.server,
    };
    child.stdin?.write(`${JSON.stringify(config)}\n`);
    const { work, control } = await listening(child, process.ended, options, log);
    const security = curve && {
      curveServerKey: curve.server.publicKey,
      curvePublicKey: curve.client.publicKey,
      curveSecretKey: curve.client.secretKey,
    };
    return { process, work, control, key, security: security ?? {}, removeDirectory };
  } catch (error) {
    started?.process.kill();
    await started?.process.ended;
    removeDirectory();
    forget();
    throw error;
  }
}

const LAST_WORDS_MS = 1000;

/** Where the worker finds the shared memory: behind its standard streams. */
const REGION_DESCRIPTOR = 3;

/** As `python -m`, but for the current folder, which is not on the search path: nobody asked for what lies there. */
const run = (module: string): string =>
  `${withoutCurrentFolder}import runpy; runpy.run_module(${JSON.stringify(module)}, run_name="__main__", alter_sys=True)`;

/** `directory`: named on the command line as well, for a client that is killed before it can write to the worker's stdin. */
function start(
  { python, module, path, env, region }: LaunchOptions,
  directory?: string,
): { child: ChildProcess; process: WorkerProcess } {
  const child = spawn(python, ["-X", "faulthandler", "-c", run(module), ...(directory ? [directory] : [])], {
    env: {
      ...process.env,
      // PyNN's and sPyNNaker's dependencies load matplotlib, which leaves its caches in the user's home unless told where to.
      MPLCONFIGDIR: process.env["MPLCONFIGDIR"] ?? join(managedHome(), "matplotlib"),
      ...env,
      PYTHONUNBUFFERED: "1",
      // An empty part of it would be the current folder.
      PYTHONPATH: [...path, PY_BRIDGE, ...(process.env["PYTHONPATH"] ?? "").split(delimiter)]
        .filter(Boolean)
        .join(delimiter),
    },
    stdio: ["pipe", "pipe", "pipe", ...(region ? [region.descriptor] : [])],
    windowsHide: true,
  });
  const ended = new Promise<Ending>((resolve) => {
    // Without a descriptor left there is no child at all, only this event.
    child.on("error", (cause) => child.pid === undefined && resolve({ cause }));
    const end = (exitCode: number | null, signal: string | null): void =>
      resolve({ exitCode: exitCode ?? undefined, signal: signal ?? undefined });
    // Its last words come before "close"; which never comes where a process that it started holds on to them.
    let timer: NodeJS.Timeout | undefined;
    child.on("exit", (...how) => (timer = setTimeout(end, LAST_WORDS_MS, ...how)));
    child.on("close", (...how) => {
      clearTimeout(timer);
      end(...how);
    });
  });
  return { child, process: { pid: child.pid, ended, kill: () => void child.kill("SIGKILL") } };
}

const FORGOTTEN_AFTER_MS = 86_400_000;

/** What is left where a client and its worker were killed while they greeted. Nobody needs so long; what is not ours, or no such folder, stays. */
function sweep(folder: string): void {
  for (const name of readdirSync(folder).filter((name) => /^dsqn-\w{6}$/.test(name))) {
    const path = join(folder, name);
    try {
      const { uid, mtimeMs } = lstatSync(path);
      if (uid !== process.getuid?.() || Date.now() - mtimeMs < FORGOTTEN_AFTER_MS) continue;
      for (const socket of ["work", "control"]) rmSync(join(path, socket), { force: true });
      rmdirSync(path);
    } catch {
      // somebody else's, or somebody else was quicker
    }
  }
}

/** For the sockets: mode 0700. */
function makeDirectory(): string {
  try {
    sweep(temporaryFolder());
    return mkdtempSync(join(temporaryFolder(), "dsqn-"));
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new DsqnError(
      "WORKER_START_FAILED",
      `${temporaryFolder()} has no place for the worker's sockets (${reason}).`,
      {
        cause,
        hint: "Name a folder for temporary files that you may write to in TMPDIR.",
      },
    );
  }
}

/** The time-out is counted in turns of this event loop: one that was busy or stopped itself has heard nobody. */
const START_TURNS = 20;

/** The addresses, which a worker says in one line on stdout when it listens. */
async function listening(
  child: ChildProcess,
  ended: Promise<Ending>,
  options: LaunchOptions,
  log: WorkerLog,
): Promise<{ work: string; control: string }> {
  const cleanups: (() => void)[] = [];
  try {
    return await new Promise((resolve, reject) => {
      const fail = (code: string, what: string, cause?: unknown): void => {
        const printed = log.tail() ? ` It said:\n${log.tail()}` : "";
        const hint = `"dsqn doctor" checks the Python environment.${log.file ? ` The worker's output is in ${log.file}.` : ""}`;
        reject(
          new DsqnError(code, `The Python worker (${options.python} -m ${options.module}) ${what}.${printed}`, {
            hint,
            cause,
          }),
        );
      };
      const late = `did not listen within ${options.startTimeoutMs / 1000} s`;
      let left = START_TURNS;
      const wait = (): void => void (left-- || fail("WORKER_START_TIMEOUT", late));
      const timer = setInterval(wait, options.startTimeoutMs / START_TURNS);
      const abort = (): void => reject(options.signal!.reason);
      options.signal?.addEventListener("abort", abort);
      cleanups.push(
        () => clearInterval(timer),
        () => options.signal?.removeEventListener("abort", abort),
      );
      let said = "";
      child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
        if (said.includes("\n")) return log.write(chunk);
        said += chunk;
        if (!said.includes("\n")) return;
        const line = said.slice(0, said.indexOf("\n"));
        try {
          const { work, control } = JSON.parse(line) as Record<string, unknown>;
          if (typeof work !== "string" || typeof control !== "string") throw new Error("no addresses");
          resolve({ work, control });
        } catch (cause) {
          fail(
            "WORKER_PROTOCOL",
            `printed something else than its addresses: ${JSON.stringify(line.slice(0, 200))}`,
            cause,
          );
        }
      });
      void ended.then(({ exitCode, signal, cause }) => {
        const how = signal ?? (exitCode === undefined ? String(cause) : `exit code ${exitCode}`);
        fail("WORKER_START_FAILED", `could not start (${how})`, cause);
      });
    });
  } finally {
    for (const cleanup of cleanups) cleanup();
  }
}
