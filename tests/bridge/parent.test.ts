// tier: python
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isAlive, until } from "./helpers.ts";

const PARENT = fileURLToPath(new URL("../fixtures/workers/parent.ts", import.meta.url));
const REGISTER = fileURLToPath(new URL("../../scripts/register-ts.mjs", import.meta.url));

interface Parent {
  child: ChildProcess;
  folder: string;
  says(pattern: RegExp): Promise<RegExpMatchArray>;
}

/** A Node process with a worker, in a folder for temporary files of its own. */
const parent = (...args: string[]): Parent => parentWith([], ...args);

/** The same with a module that Node loads first. */
function parentWith(first: readonly string[], ...args: string[]): Parent {
  const folder = mkdtempSync(join(tmpdir(), "parent-test-"));
  const child = spawn(process.execPath, ["--import", REGISTER, ...first, PARENT, ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  return {
    child,
    folder,
    async says(pattern) {
      await until(() => pattern.test(output), 45_000);
      return output.match(pattern)!;
    },
  };
}

/** Orphans die at once; a crowded machine takes its time. Far below the 30 s after which the methods end by themselves. */
const ENDED = 15_000;

const sockets = (folder: string): string[] =>
  readdirSync(folder).filter((name) => name.startsWith("dsqn-") && !name.startsWith("dsqn-logs"));

describe("when the Node process ends", () => {
  it.each([
    ["by itself", "exit", undefined],
    ["by SIGINT", "", "SIGINT"],
    ["by SIGTERM", "", "SIGTERM"],
    ["by SIGKILL", "", "SIGKILL"],
    ["by SIGKILL during a call", "counts", "SIGKILL"],
    ["by SIGKILL during a call that holds the interpreter's lock", "computes_without_release", "SIGKILL"],
  ] as const)("%s, the worker ends too and leaves nothing", async (_how, call, signal) => {
    const { child, folder, says } = parent("dsqn_bridge", call);
    const pid = Number((await says(/^(\d+)\n/))[1]);
    if (signal) {
      expect(isAlive(pid)).toBe(true);
      await says(/busy/);
      child.kill(signal);
    }
    await until(() => child.exitCode !== null || child.signalCode !== null, ENDED);
    await until(() => !isAlive(pid), ENDED);
    expect(sockets(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  it.each(["parent", "worker"])(
    "by SIGKILL, as the worker does while they step (the %s first): nothing is left",
    async (first) => {
      const { child, folder, says } = parent("dsqn_bridge", "steps");
      const pid = Number((await says(/^(\d+)\n/))[1]);
      await says(/busy/);
      for (const one of first === "parent" ? [child.pid!, pid] : [pid, child.pid!]) {
        try {
          process.kill(one, "SIGKILL");
        } catch {
          // gone with the other one already
        }
      }
      await until(() => (child.exitCode !== null || child.signalCode !== null) && !isAlive(pid), ENDED);
      expect(sockets(folder)).toEqual([]);
      // The memory that they shared never had a name.
      if (existsSync("/dev/shm")) expect(readdirSync("/dev/shm").filter((name) => /dsqn/.test(name))).toEqual([]);
      rmSync(folder, { recursive: true });
    },
  );

  it("by SIGKILL before it has told its worker where the sockets' folder is, nothing is left", async () => {
    const early = fileURLToPath(new URL("../fixtures/workers/killed-at-spawn.mjs", import.meta.url));
    const { child, folder, says } = parentWith(["--import", early], "dsqn_bridge");
    await says(/dsqn-\w{6}( |\n)/);
    await until(() => child.signalCode !== null, ENDED);
    await until(() => sockets(folder).length === 0, ENDED);
    rmSync(folder, { recursive: true });
  });

  it.each(["SIGINT", "SIGTERM"] as const)("by %s while the worker starts, nothing is left either", async (signal) => {
    const { child, folder, says } = parent("never_listens");
    await says(/starting/);
    await until(() => sockets(folder).length > 0, 45_000);
    child.kill(signal);
    await until(() => child.exitCode !== null || child.signalCode !== null, ENDED);
    await until(() => sockets(folder).length === 0, ENDED);
    rmSync(folder, { recursive: true });
  });
});

describe("what a client that was killed while it greeted has left", () => {
  it("is swept away by the next start after a day; nothing else is", async () => {
    const { folder, child, says } = parent("dsqn_bridge", "exit");
    const make = (name: string, file: string | undefined, days: number): void => {
      mkdirSync(join(folder, name));
      if (file) writeFileSync(join(folder, name, file), "");
      const then = Date.now() / 1000 - days * 86_400;
      utimesSync(join(folder, name), then, then);
    };
    make("dsqn-aaaaaa", "work", 2);
    make("dsqn-bbbbbb", undefined, 0);
    make("dsqn-cccccc", "thesis.txt", 2);
    make("dsqn-notours", "work", 2);
    await says(/^\d+\n/);
    await until(() => child.exitCode !== null, ENDED);
    expect(sockets(folder).sort()).toEqual(["dsqn-bbbbbb", "dsqn-cccccc", "dsqn-notours"]);
    rmSync(folder, { recursive: true });
  });
});
