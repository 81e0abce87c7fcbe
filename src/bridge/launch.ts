import { execa, type ResultPromise } from "execa";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { delimiter, join } from "node:path";
import { curveKeyPair } from "zeromq";
import { managedHome, root } from "../setup/index.mjs";
import { DsqnError } from "../errors.ts";
import { atExit } from "./at-exit.ts";
import type { WorkerLog } from "./log.ts";
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
  readonly signal?: AbortSignal;
}

export interface Launched {
  readonly process: ResultPromise<{ buffer: false; reject: false }>;
  readonly work: string;
  readonly control: string;
  /** 32 bytes that only this client and this worker know. */
  readonly key: Buffer;
  /** Socket options: CURVE on tcp, where others could listen; nothing on ipc. */
  readonly security: { curveServerKey?: string; curvePublicKey?: string; curveSecretKey?: string };
  /** Removes the sockets' folder. Once both ends are connected nobody needs it, and then nothing can be left behind. */
  removeDirectory(): void;
}

/** Starts a worker and waits until it listens. Keys travel through its stdin, never on a command line. */
export async function launch(options: LaunchOptions, log: WorkerLog): Promise<Launched> {
  let directory: string | undefined;
  let child: Launched["process"] | undefined;
  const removeDirectory = (): void => {
    if (directory) rmSync(directory, { recursive: true, force: true });
  };
  // Before anything is there to be left behind: until a signal has a listener, it ends this process on the spot.
  const forget = atExit(() => {
    child?.kill("SIGKILL");
    removeDirectory();
  });
  try {
    directory = options.transport === "ipc" ? makeDirectory() : undefined;
    const key = randomBytes(32);
    const curve = directory ? undefined : { server: curveKeyPair(), client: curveKeyPair() };
    child = start(options);
    void child.then(forget);
    child.stderr.setEncoding("utf8").on("data", log.write);
    child.stdin.on("error", () => undefined); // a worker that is gone is reported by its exit
    const config = {
      work: directory ? `ipc://${join(directory, "work")}` : "tcp://127.0.0.1:*",
      control: directory ? `ipc://${join(directory, "control")}` : "tcp://127.0.0.1:*",
      directory,
      key: key.toString("hex"),
      ...curve?.server,
    };
    child.stdin.write(`${JSON.stringify(config)}\n`);
    const { work, control } = await listening(child, options, log);
    const security = curve && {
      curveServerKey: curve.server.publicKey,
      curvePublicKey: curve.client.publicKey,
      curveSecretKey: curve.client.secretKey,
    };
    return { process: child, work, control, key, security: security ?? {}, removeDirectory };
  } catch (error) {
    child?.kill("SIGKILL");
    await child;
    removeDirectory();
    forget();
    throw error;
  }
}

function start({ python, module, path, env }: LaunchOptions): Launched["process"] {
  return execa(python, ["-X", "faulthandler", "-m", module], {
    env: {
      // PyNN's and sPyNNaker's dependencies load matplotlib, which leaves its caches in the user's home unless told where to.
      MPLCONFIGDIR: process.env["MPLCONFIGDIR"] ?? join(managedHome(), "matplotlib"),
      ...env,
      PYTHONUNBUFFERED: "1",
      PYTHONPATH: [...path, PY_BRIDGE, process.env["PYTHONPATH"]].filter(Boolean).join(delimiter),
    },
    buffer: false,
    reject: false,
    cleanup: false,
    windowsHide: true,
  });
}

/** For the sockets: mode 0700. */
function makeDirectory(): string {
  try {
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

/** The addresses, which a worker says in one line on stdout when it listens. */
async function listening(
  child: Launched["process"],
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
      const timer = setTimeout(() => fail("WORKER_START_TIMEOUT", late), options.startTimeoutMs);
      const abort = (): void => reject(options.signal!.reason);
      options.signal?.addEventListener("abort", abort);
      cleanups.push(
        () => clearTimeout(timer),
        () => options.signal?.removeEventListener("abort", abort),
      );
      let said = "";
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
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
      void child.then(({ exitCode, signal, cause }) => {
        const how = signal ?? (exitCode === undefined ? String(cause) : `exit code ${exitCode}`);
        fail("WORKER_START_FAILED", `could not start (${how})`, cause);
      });
    });
  } finally {
    for (const cleanup of cleanups) cleanup();
  }
}
