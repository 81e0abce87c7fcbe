import { openWorker, type Worker } from "../../bridge/index.ts";
import { DsqnError } from "../../errors.ts";
import { root } from "../../setup/index.mjs";
import { codeHash, program } from "../identity.ts";
import { packageCode } from "./code.ts";
import type { RayOptions } from "./options.ts";

/** A machine of the cluster. */
export interface RayNode {
  readonly id: string;
  readonly host: string;
  readonly address: string;
  readonly cpus: number;
}

/** A typed failure as the other side tells of it. */
export interface Told {
  readonly code?: string;
  readonly message: string;
  readonly hint?: string;
  readonly facts?: Record<string, unknown>;
}

/** What happens in the cluster. */
export type RayEvent =
  | {
      readonly kind: "piece";
      readonly piece: string;
      readonly host?: string;
      readonly error?: Told;
      readonly lost?: string;
      readonly stopped?: true;
      readonly files?: Uint8Array;
    }
  | { readonly kind: "worker"; readonly worker: string; readonly code: number | null; readonly tail: string }
  | {
      readonly kind: "nodes";
      readonly went: readonly string[];
      readonly came: readonly string[];
      readonly cpus: number;
    };

/** So long other calls may have to wait behind a look for events. */
const LOOK_MS = 100;

export const failureOf = ({ code, message, hint, facts }: Told): DsqnError =>
  new DsqnError(code ?? "INTERNAL", message, { hint, facts });

/** Ray's driver: a Python worker of this machine that is connected to a cluster, or has started one. */
export class RayDriver {
  readonly version: string;
  readonly #worker: Worker;
  readonly #options: RayOptions;
  readonly #listeners = new Map<(event: RayEvent) => void, (error: unknown) => void>();
  #pumping = false;

  private constructor(worker: Worker, options: RayOptions, version: string) {
    this.#worker = worker;
    this.#options = options;
    this.version = version;
  }

  /**
   * @throws DsqnError RAY_UNREACHABLE, CLUSTER_TOKEN, RAY_VERSION; without an address RAY_NOT_ISOLATED, RAY_START_FAILED; those of the set-up (Ray is the
   *   extra `ray`) and of workers
   */
  static async open(
    options: RayOptions,
    hooks: { signal?: AbortSignal; log?: (line: string) => void } = {},
  ): Promise<RayDriver> {
    const { signal, log } = hooks;
    const alone = options.address === undefined;
    if (process.env["RAY_AUTH_MODE"] === "disabled" && !alone)
      log?.("dsqn: RAY_AUTH_MODE=disabled: whoever reaches the cluster's network can run code on it.");
    const worker = await openWorker({
      name: "ray",
      module: "dsqn_bridge.cluster",
      extras: ["ray"],
      data: "zeromq",
      env: alone ? { DSQN_CLUSTER_ISOLATE: "1" } : {},
      // A process that the kernel keeps from Ray's threads is none that hangs.
      heartbeatMs: 5_000,
      graceMs: 20_000,
      signal,
    });
    try {
      const { result } = await worker.call(
        "cluster.connect",
        { address: options.address ?? null, cpus: options.cpus },
        {},
        { signal },
      );
      return new RayDriver(worker, options, result["ray"] as string);
    } catch (error) {
      await worker.close();
      throw error;
    }
  }

  /** What nodes are told of the code. */
  code(): Record<string, unknown> {
    const { code, address } = this.#options;
    if (code !== undefined) return { folder: code };
    return address === undefined ? { folder: root } : { ...packageCode() };
  }

  /** What a node has to know to do anything of ours. */
  task(): Record<string, unknown> {
    return {
      code: this.code(),
      program: program.slice(root.length + 1),
      node: this.#options.node,
      codeHash: codeHash(),
      env: {},
    };
  }

  async nodes(): Promise<RayNode[]> {
    return (await this.#worker.call("cluster.nodes")).result["nodes"] as RayNode[];
  }

  async check(task: object, signal?: AbortSignal): Promise<{ id: string; host: string; error?: Told }[]> {
    return (await this.#worker.call("cluster.check", { task }, {}, { signal })).result["nodes"] as {
      id: string;
      host: string;
      error?: Told;
    }[];
  }

  async submit(task: object, pieces: readonly object[], inputs?: readonly [string, readonly string[]]): Promise<void> {
    await this.#worker.call("cluster.submit", { task, pieces, inputs });
  }

  async stop(force: boolean): Promise<void> {
    await this.#worker.call("cluster.stop", { force });
  }

  async unpack(files: Uint8Array, folder: string): Promise<void> {
    await this.#worker.call(
      "cluster.unpack",
      { folder },
      { files: { dtype: "uint8", shape: [files.length], data: files } },
    );
  }

  /** Any other method of the driver. */
  async call(method: string, params: Record<string, unknown>, signal?: AbortSignal): Promise<Record<string, unknown>> {
    return (await this.#worker.call(`cluster.${method}`, params, {}, { signal })).result;
  }

  /** Has `heard` called with every event until what this returns is called; `lost`, once, where the cluster is gone. */
  listen(heard: (event: RayEvent) => void, lost: (error: unknown) => void): () => void {
    this.#listeners.set(heard, lost);
    if (!this.#pumping) void this.#pump();
    return () => void this.#listeners.delete(heard);
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    try {
      while (this.#listeners.size > 0) {
        const { result, arrays } = await this.#worker.call("cluster.events", { waitMs: LOOK_MS });
        for (const event of result["events"] as RayEvent[]) {
          const files = event.kind === "piece" ? arrays[event.piece]?.data : undefined;
          const whole = files ? { ...event, files: files as Uint8Array } : event;
          for (const heard of [...this.#listeners.keys()]) heard(whole);
        }
      }
    } catch (cause) {
      const error = new DsqnError("RAY_LOST", "The Ray cluster, or this machine's connection to it, is gone.", {
        hint: "What is done is kept: the same command with the same --out goes on once there is a cluster again.",
        cause,
      });
      for (const lost of [...this.#listeners.values()]) lost(error);
      this.#listeners.clear();
    } finally {
      this.#pumping = false;
    }
  }

  close(): Promise<void> {
    return this.#worker.close();
  }
}
