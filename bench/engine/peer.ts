import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { managedHome } from "../../src/setup/index.mjs";
import { UsageError } from "../../src/errors.ts";

/** A peer's script (engine/<name>_peer.py) running in the environment that setup.mjs made, or in DSQN_BENCH_PYTHON. */
export interface Peer {
  /** Seconds per call of a piece of work. */
  seconds(work: string, calls: number): Promise<number>;
  close(): void;
}

export function openPeer(name: string, signal?: AbortSignal): Peer {
  const python = process.env.DSQN_BENCH_PYTHON ?? join(managedHome(), "bench", "bin", "python");
  if (!existsSync(python))
    throw new UsageError("BENCH_SETUP", "The peers' Python environment is missing.", {
      hint: "Make it with `node bench/engine/setup.mjs`.",
    });
  const script = fileURLToPath(new URL(`${name}_peer.py`, import.meta.url));
  const child = spawn(python, [script], { stdio: ["pipe", "pipe", "ignore"], signal });
  const lines = createInterface({ input: child.stdout });
  const waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];
  const fail = (error: Error): void => waiting.splice(0).forEach(({ reject }) => reject(error));
  let ended: Error | undefined;
  lines.on("line", (line) => waiting.shift()?.resolve(line));
  child.on("error", fail);
  child.on("exit", (code) => fail((ended = new Error(`${name}_peer.py ended with exit code ${code}`))));
  child.stdin.on("error", fail);
  return {
    async seconds(work, calls) {
      if (ended) throw ended;
      const reply = await new Promise<string>((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify({ name: work, calls })}\n`);
      });
      const { seconds, error } = JSON.parse(reply) as { seconds?: number; error?: string };
      if (seconds === undefined) throw new Error(error);
      return seconds;
    },
    close: () => void child.kill(),
  };
}
