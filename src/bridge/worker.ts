import { Dealer } from "zeromq";
import { DsqnError } from "../errors.ts";
import type { OnProgress } from "../progress.ts";
import { decodeArrays, encodeArrays, type NdArray } from "./arrays.ts";
import { pack, parse } from "./codec.ts";
import { failureOf, WorkerLostError } from "./errors.ts";
import { type Heartbeat, startHeartbeat } from "./heartbeat.ts";
import { type Channel, greeting } from "./greeting.ts";
import type { Launched } from "./launch.ts";
import type { WorkerLog } from "./log.ts";
import { openOutbox } from "./outbox.ts";
import { processState } from "./process-state.ts";
import type { CallOptions, CallResult, DataPath, WorkerOptions } from "./options.ts";
import type { Message } from "./schema.ts";
import { SharedMemory } from "./shared/memory.ts";
import type { Port } from "./shared/port.ts";
import type { Region } from "./shared/region.ts";

type Send = (message: Message, frames?: readonly Uint8Array[]) => void;

interface Pending {
  resolve(result: CallResult): void;
  reject(error: unknown): void;
  readonly onProgress?: OnProgress;
  readonly method: string;
  release(): void;
  /** The caller no longer wants the answer. */
  give(error: unknown): void;
}

const idle = (): void => undefined;

/** Ids of the greetings among the pending calls, which count from 1. An error that concerns no call has id 0 as well. */
const WORK_HELLO = 0;
const CONTROL_HELLO = -1;

/** One Python process that serves calls, in order. */
export class Worker {
  readonly name: string;
  /** The interpreter that runs it. */
  readonly executable: string;
  readonly pid: number;
  readonly log: string | undefined;
  readonly #launched: Launched;
  readonly #output: WorkerLog;
  readonly #work: Dealer;
  readonly #control: Dealer;
  readonly #sendWork: Send;
  readonly #sendControl: Send;
  readonly #heartbeat: Heartbeat;
  readonly #graceMs: number;
  readonly #pending = new Map<number, Pending>();
  readonly #ended: Promise<void>;
  #welcome: Message<"welcome"> | undefined;
  #shared: SharedMemory | undefined;
  #nextId = 1;
  #beats = 0;
  /** Why no further call is possible. */
  #over: DsqnError | undefined;
  #losing: Promise<void> | undefined;

  /** Use `openWorker`. */
  constructor(name: string, executable: string, launched: Launched, log: WorkerLog, options: WorkerOptions) {
    this.name = name;
    this.executable = executable;
    this.pid = launched.process.pid!;
    this.log = log.file;
    this.#launched = launched;
    this.#output = log;
    this.#graceMs = options.graceMs ?? 2000;
    // Unlimited queues: a send then never waits, and never fails because another one does.
    const socket = {
      ...launched.security,
      ...launched.beats,
      linger: 0,
      sendHighWaterMark: 0,
      receiveHighWaterMark: 0,
    };
    this.#work = new Dealer(socket);
    this.#control = new Dealer(socket);
    this.#work.connect(launched.work);
    this.#control.connect(launched.control);
    this.#sendWork = this.#sender(this.#work);
    this.#sendControl = this.#sender(this.#control);
    if (launched.disconnected) this.#work.events.on("disconnect", () => launched.disconnected!());
    this.#heartbeat = startHeartbeat(
      () => launched.process.state?.() ?? processState(this.pid),
      options.heartbeatMs ?? 1000,
      () => this.#sendControl({ type: "ping", seq: ++this.#beats }),
      (reason) => void this.#lose("WORKER_HUNG", reason),
    );
    this.#ended = launched.process.ended.then(({ signal, exitCode, cause }) => {
      const gone = exitCode === undefined && typeof cause === "string" ? cause : `ended with exit code ${exitCode}`;
      const how = signal ? `was ended by ${signal}` : gone;
      void this.#lose("WORKER_LOST", how);
    });
    void this.#listen(this.#work, WORK_HELLO);
    void this.#listen(this.#control, CONTROL_HELLO);
  }

  /** Python's version, such as "3.11.9". */
  get python(): string {
    return this.#welcome!.python;
  }

  /** The areas of methods that the worker knows. */
  get capabilities(): readonly string[] {
    return this.#welcome!.capabilities;
  }

  /** How arrays travel. */
  get data(): DataPath {
    return this.#shared ? "shared-memory" : "zeromq";
  }

  get closed(): boolean {
    return this.#over !== undefined;
  }

  /**
   * Proves who is who and exchanges versions; `openWorker` has done so. Then nothing of the sockets is left in the file system. `region`:
   * memory that the
   * worker was offered.
   */
  async greet(timeoutMs: number, region?: Region): Promise<void> {
    try {
      await Promise.all([this.#greet("work", WORK_HELLO, timeoutMs), this.#greet("control", CONTROL_HELLO, timeoutMs)]);
      this.#launched.removeDirectory();
      if (region && this.#welcome!.data === "shared-memory") this.#shared = this.#share(region);
      else region?.close();
    } catch (error) {
      await this.#lose("WORKER_LOST", "refused the greeting");
      throw error;
    }
  }

  async #greet(channel: Channel, id: number, timeoutMs: number): Promise<void> {
    const { hello, check } = greeting(this.#launched.key, channel);
    const { result } = await this.#request(
      id,
      "hello",
      { timeoutMs },
      hello,
      [],
      channel === "work" ? this.#sendWork : this.#sendControl,
    );
    check(result as Message<"welcome">);
    this.#welcome = result as Message<"welcome">;
  }

  /**
   * Calls `method` ("area.name" or "module:function") with plain `params` and `arrays`. Calls queue: the worker serves them in the
   * order in which they were made. Large arrays are sent without a copy: leave them alone until the call has resolved.
   *
   * Rejects with the code that the method raised (PYTHON_ERROR without one; the Python traceback is the `cause`), CALL_TIMEOUT,
   * CALL_CANCELLED, WORKER_LOST, WORKER_HUNG, WORKER_PROTOCOL or WORKER_CLOSED.
   */
  call(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
    arrays: Readonly<Record<string, NdArray>> = {},
    options: CallOptions = {},
  ): Promise<CallResult> {
    if (this.#over) return Promise.reject(this.#over);
    if (options.signal?.aborted) return Promise.reject(cancelled(method, options.signal));
    const { specs, frames } = encodeArrays(arrays, this.#shared?.slots);
    const id = this.#nextId++;
    this.#shared?.exchange.posting();
    return this.#request(id, method, options, { type: "call", id, method, params, arrays: specs }, frames);
  }

  /**
   * A port to the object that lives in the worker under `handle`, for calls that are made very often: `said` is what the worker told of its
   * arrays. Undefined
   * where there is no shared memory, or no room in it: then it has to be `call`.
   */
  async openPort(handle: string, said: unknown): Promise<Port | undefined> {
    return said ? this.#shared?.openPort(handle, said, (method, params) => this.call(method, params)) : undefined;
  }

  /** Lets a running call finish (for `graceMs`), then ends the process. Pending calls reject with WORKER_CLOSED. */
  async close(): Promise<void> {
    if (!this.#over) {
      this.#over = new DsqnError("WORKER_CLOSED", `The Python worker "${this.name}" is closed.`, {
        hint: "Open another one.",
      });
      this.#heartbeat.stop();
      this.#sendControl({ type: "shutdown", graceMs: this.#graceMs });
      const kill = setTimeout(() => this.#launched.process.kill(), this.#graceMs + 500);
      this.#rejectAll(this.#over);
      await this.#ended;
      clearTimeout(kill);
      this.#release(false);
    }
    await this.#ended;
    await this.#losing;
  }

  #request(
    id: number,
    method: string,
    options: CallOptions,
    message: Message,
    frames: Uint8Array[],
    send = this.#sendWork,
  ): Promise<CallResult> {
    return new Promise((resolve, reject) => {
      const { timeoutMs, signal, onProgress } = options;
      let release = idle;
      const give = (error: unknown): void => {
        this.#pending.delete(id);
        release();
        if (id > 0) this.#sendControl({ type: "cancel", id });
        reject(error);
      };
      if (timeoutMs !== undefined || signal) {
        const timer = timeoutMs === undefined ? undefined : setTimeout(() => give(late(method, timeoutMs)), timeoutMs);
        const abort = (): void => give(cancelled(method, signal!));
        signal?.addEventListener("abort", abort);
        release = () => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", abort);
        };
      }
      this.#pending.set(id, { resolve, reject, onProgress, method, release: () => release(), give });
      send(message, frames);
    });
  }

  #sender(socket: Dealer): Send {
    const post = openOutbox(
      socket,
      (error) => void this.#lose("WORKER_PROTOCOL", `cannot be reached (${String(error)})`, error),
    );
    return (message, frames = []) => post([pack(message), ...frames]);
  }

  async #listen(socket: Dealer, helloId: number): Promise<void> {
    try {
      while (!socket.closed) {
        const [header, ...frames] = await socket.receive();
        this.#receive(parse(header), frames, helloId);
      }
    } catch (error) {
      if (!socket.closed)
        void this.#lose("WORKER_PROTOCOL", `sent what the protocol does not allow (${String(error)})`, error);
    }
  }

  #receive(message: Message, frames: readonly Uint8Array[], helloId: number): void {
    if (message.type === "result") {
      const arrays = decodeArrays(message.arrays, frames, this.#shared?.slots);
      return this.#settle(message.id)?.resolve({ result: message.result, arrays });
    }
    if (message.type === "wake") return this.#shared?.exchange.woken();
    if (message.type === "pong") return this.#heartbeat.heard();
    if (message.type === "welcome") return this.#settle(helloId)?.resolve({ result: message, arrays: {} });
    if (message.type === "error") {
      const failure = failureOf(message.error);
      const pending = this.#settle(message.id || helloId);
      // What concerns no call concerns the protocol, and then nothing that comes after can be trusted.
      if (!pending && message.id === 0) throw failure;
      return pending?.reject(failure);
    }
    if (message.type !== "progress") throw new Error(`a worker does not say "${message.type}"`);
    const { done, total, note } = message;
    const pending = this.#pending.get(message.id);
    try {
      pending?.onProgress?.({ stage: pending.method, done, total, note });
    } catch (error) {
      pending!.give(error); // the caller's own: neither the worker's nor the protocol's fault
    }
  }

  /** The call that `id` answers; undefined where the caller has given up waiting. */
  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    if (!pending) return undefined;
    this.#pending.delete(id);
    pending.release();
    return pending;
  }

  /** Ends a worker that failed: first its process is gone, then every pending call hears why. */
  #lose(code: string, reason: string, cause?: unknown): Promise<void> {
    if (this.#over) return this.#losing ?? Promise.resolve();
    const facts = { worker: this.name, pid: this.pid, pendingCalls: this.#pending.size, log: this.log };
    this.#heartbeat.stop();
    this.#over = new DsqnError("WORKER_LOST", `The Python worker "${this.name}" is gone: it ${reason}.`, {
      hint: "Open another one.",
    });
    this.#losing = (async () => {
      this.#launched.process.kill();
      await this.#launched.process.ended;
      this.#over = new WorkerLostError(code, reason, { ...facts, output: this.#output.tail() }, cause);
      this.#release(true);
      this.#rejectAll(this.#over);
    })();
    return this.#losing;
  }

  #share(region: Region): SharedMemory {
    return new SharedMemory(region, {
      bell: () => this.#sendWork({ type: "bell" }),
      nonsense: async (what, cause) => {
        await this.#lose("WORKER_PROTOCOL", what, cause);
        throw this.#over;
      },
    });
  }

  #rejectAll(error: DsqnError): void {
    this.#shared?.close(error);
    for (const id of [...this.#pending.keys()]) this.#settle(id)?.reject(error);
  }

  #release(keepLog: boolean): void {
    this.#work.close();
    this.#control.close();
    this.#launched.removeDirectory();
    this.#output.close(keepLog);
  }
}

function late(method: string, timeoutMs: number): DsqnError {
  const hint =
    "Give it more time with timeoutMs. The worker stays usable, after it has finished or noticed the cancellation.";
  return new DsqnError("CALL_TIMEOUT", `"${method}" took longer than ${timeoutMs} ms.`, {
    hint,
    facts: { method, timeoutMs },
  });
}

function cancelled(method: string, signal: AbortSignal): DsqnError {
  return new DsqnError("CALL_CANCELLED", `"${method}" was cancelled.`, { facts: { method }, cause: signal.reason });
}
