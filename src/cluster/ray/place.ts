import { randomBytes } from "node:crypto";
import { curveKeyPair } from "zeromq";
import type { Ending, Launched, Place, PlacedOptions, WorkerLog } from "../../bridge/index.ts";
import { DsqnError, UsageError } from "../../errors.ts";
import { RayDriver, type RayEvent } from "./driver.ts";
import { rayOptions } from "./options.ts";

/** What Node.js's own ZeroMQ and the worker's ask each other, and when a machine that says nothing is given up. */
const BEATS = { heartbeatInterval: 2_000, heartbeatTimeout: 15_000 } as const;
/** So long the cluster may take to say why, where a connection is gone. */
const REASON_MS = 2_000;

/** Workers of the bridge on the nodes of a cluster, for environments and judges. Close it when all of them are closed. */
export interface RayPlace extends Place {
  close(): Promise<void>;
}

/**
 * The place that `--workers-on ray:ADDRESS,workers=8` names.
 *
 * `withWorkersAt(place, use)` then opens workers there (docs/cluster.md has a program).
 *
 * Throws what `RayDriver.open` does, and BAD_ARGUMENT without an address: nobody reaches a cluster that has a network of its own.
 */
export async function openRayPlace(
  where: string,
  hooks: { signal?: AbortSignal; log?: (line: string) => void } = {},
): Promise<RayPlace> {
  const options = rayOptions(where);
  if (options.address === undefined)
    throw new UsageError("BAD_ARGUMENT", "Workers elsewhere need a cluster that can be reached.", {
      hint: "--workers-on ray:HOST:PORT,workers=8",
    });
  const driver = await RayDriver.open(options, hooks);
  const placed = new Map<string, (ending: Ending) => void>();
  const heard = (event: RayEvent): void => {
    if (event.kind === "worker") placed.get(event.worker)?.(endingOf(event.code, event.tail));
  };
  let lost: unknown;
  const unlisten = driver.listen(heard, (error) => {
    lost = error;
    for (const end of placed.values()) end({ cause: "is out of reach: the cluster's driver is gone" });
  });
  return {
    name: "ray",
    workers: options.workers ?? 1,
    async launch(wanted, log) {
      if (lost !== undefined) throw lost as Error;
      return launchOn(driver, placed, wanted, log);
    },
    async close() {
      unlisten();
      await driver.close();
    },
  };
}

/**
 * The worker makes its CURVE keys where it lives and tells the public one by way of Ray; our public one goes the same way, and nobody else is let in. What a
 * listener in the cluster's network hears opens nothing.
 */
async function launchOn(
  driver: RayDriver,
  placed: Map<string, (ending: Ending) => void>,
  { name, module, path, env, startTimeoutMs, signal }: PlacedOptions,
  log: WorkerLog,
): Promise<Launched> {
  const key = randomBytes(32);
  const client = curveKeyPair();
  const task = { ...driver.task(), env, path, module };
  const config = { key: key.toString("hex"), clientKey: client.publicKey };
  const said = await driver.call("place", { task, config, cpus: 1, name, timeoutMs: startTimeoutMs }, signal);
  const { work, control, publicKey, worker, pid } = said as Record<
    "work" | "control" | "publicKey" | "worker",
    string
  > & { pid: number };
  if (![work, control].every((address) => /^tcp:\/\//.test(address)) || typeof publicKey !== "string")
    throw new DsqnError("WORKER_PROTOCOL", `The worker "${name}" named no addresses to reach it by.`, {
      hint: "Install the same version of dsqn everywhere.",
    });
  let end: (ending: Ending) => void = () => undefined;
  const ended = new Promise<Ending>((resolve) => (end = resolve));
  const kill = (): void => {
    if (!placed.delete(worker)) return;
    void driver.call("worker_kill", { worker }).then(
      () => end({ signal: "SIGKILL" }),
      () => end({ cause: "is out of reach" }),
    );
  };
  placed.set(worker, (ending) => {
    if (typeof ending.cause === "string" && ending.exitCode === undefined && !ending.signal)
      log.write(`${ending.cause}\n`);
    end(ending);
    kill();
  });
  return {
    process: {
      pid,
      ended,
      kill,
      async state() {
        const { state } = await driver.call("worker_state", { worker }).catch(() => ({ state: undefined }));
        return (state ?? undefined) as { stopped: boolean; runnable: boolean; processorTime: number } | undefined;
      },
    },
    work,
    control,
    key,
    security: { curveServerKey: publicKey, curvePublicKey: client.publicKey, curveSecretKey: client.secretKey },
    beats: BEATS,
    disconnected() {
      setTimeout(() => {
        end({ cause: `is out of reach: the connection to ${new URL(work).hostname} is gone` });
        kill();
      }, REASON_MS).unref();
    },
    removeDirectory: () => undefined,
  };
}

/** Signals by their numbers, as Python tells of them. */
const SIGNALS: Readonly<Record<number, string>> = {
  6: "SIGABRT",
  7: "SIGBUS",
  9: "SIGKILL",
  11: "SIGSEGV",
  15: "SIGTERM",
};

function endingOf(code: number | null, tail: string): Ending {
  if (code === null) return { cause: `is gone with its machine (${tail.split("\n")[0].slice(0, 200)})` };
  return code < 0 ? { signal: SIGNALS[-code] ?? `signal ${-code}` } : { exitCode: code };
}
