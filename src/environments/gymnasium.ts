import type { NdArray } from "../bridge/arrays.ts";
import { type CallResult, openWorker, type Port, type Worker } from "../bridge/index.ts";
import { DsqnError } from "../errors.ts";
import type { Extra } from "../setup/python-environment.ts";
import { type Action, actionEncoder, type Sent } from "./action.ts";
import type { Received } from "./observation.ts";
import type { Space } from "./space.ts";

/** What single environments and vectors of them are made with. */
export interface MakeOptions {
  /** The worker to live in; without one, a worker of its own, which closes with the environment. */
  readonly worker?: Worker;
  /** Of a worker of its own: folders of Python modules of the user's, for an id like "module:Id-v0". */
  readonly path?: readonly string[];
  /** Of a worker of its own: each line that the environment prints, or that Python warns of. */
  readonly onLog?: (line: string) => void;
  /** For the environment's constructor. */
  readonly kwargs?: Readonly<Record<string, unknown>>;
  /** Episodes are truncated after this many steps, whatever the registration says; Infinity: never. */
  readonly maxSteps?: number;
  readonly renderMode?: "rgb_array" | (string & {});
  /** Wrappers by name, innermost first. */
  readonly wrappers?: readonly Wrapper[];
  /**
   * Observations for networks: where the space is no Box of real numbers that float32 holds, its elements come as lists of float32, as
   * `gymnasium.spaces.flatten` makes them (one-hot for Discrete and MultiDiscrete).
   */
  readonly flat?: boolean;
  /** Gymnasium's info dictionaries with every step: they cost time, so a vector leaves them out. */
  readonly infos?: boolean;
}

/** One of `gymnasium.wrappers`, or of the project's own (docs/environments.md), and what its constructor takes besides the environment. */
export interface Wrapper {
  readonly name: string;
  readonly kwargs?: Readonly<Record<string, unknown>>;
}

/** The parts of the Python environment that the environment `id` needs besides the base. */
export function extrasOf(id: string): readonly Extra[] {
  if (/^(LunarLander(Continuous)?|BipedalWalker(Hardcore)?|CarRacing)-v\d+$/.test(id)) return ["base", "box2d"];
  if (MUJOCO.test(id)) return ["base", "mujoco"];
  if (id.startsWith("MinAtar/")) return ["base", "minatar"];
  return ["base"];
}

const MUJOCO =
  /^(Ant|HalfCheetah|Hopper|Humanoid(Standup)?|Inverted(Double)?Pendulum|Pusher|Reacher|Swimmer|Walker2d)-v\d+$/;

/** A worker for the environment `id`. */
export async function openOwn(id: string, { path, onLog }: MakeOptions): Promise<Worker> {
  return openWorker({ name: id, path, onLog, extras: extrasOf(id) });
}

/** An RGB image, [height, width, 3]. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Gymnasium's `info`: whatever the environment tells besides. */
export type Info = Readonly<Record<string, unknown>>;

/** What a step led to: observations, still by the names that they travel under, and numbers, one for each environment, good until the next step. */
export interface Stepped extends Received {
  readonly rewards: Float64Array;
  readonly terminated: Uint8Array;
  readonly truncated: Uint8Array;
  readonly rawRewards?: Float64Array;
}

interface Made {
  readonly env: string;
  /** What a port to it carries; null where actions are no arrays, or no memory is shared. */
  readonly port?: unknown;
  readonly observationSpace: Space;
  readonly actionSpace: Space;
  readonly maxSteps: number | null;
  readonly rewardThreshold: number | null;
  readonly renderFps: number | null;
}

/** What lies in the worker, and the way to it: shared by Environment and VectorEnvironment. */
export class Remote {
  readonly id: string;
  readonly made: Made;
  readonly count: number;
  readonly #worker: Worker;
  readonly #ownsWorker: boolean;
  readonly #encodeAction: (action: unknown, sent: Sent) => void;
  /** The way of steps, where memory is shared; else they are calls. */
  readonly #port: Port | undefined;
  /** Which of its outputs are observations. */
  readonly #observations: readonly string[];
  #closed = false;
  #busy = false;
  /** The step that was sent and nobody has received yet: through the port, or as a call. */
  #sent: "port" | Promise<CallResult> | undefined;

  private constructor(
    id: string,
    made: Made,
    count: number,
    worker: Worker,
    ownsWorker: boolean,
    port: Port | undefined,
  ) {
    this.id = id;
    this.#port = port;
    this.#observations = Object.keys(port?.outputs ?? {}).filter((name) => /^o(\.|$)/.test(name));
    this.made = made;
    this.count = count;
    this.#worker = worker;
    this.#ownsWorker = ownsWorker;
    this.#encodeAction = actionEncoder(made.actionSpace, count);
  }

  static async make(id: string, count: number, options: MakeOptions, more: Record<string, unknown>): Promise<Remote> {
    const { kwargs, maxSteps, renderMode, wrappers, flat, infos } = options;
    if (options.worker && (options.path || options.onLog))
      throw new DsqnError("ENV_OPTIONS_INVALID", "path and onLog are for a worker of its own, and a worker is given.", {
        hint: "Give them to openWorker.",
      });
    if (!Number.isInteger(count) || count < 1)
      throw new DsqnError("ENV_OPTIONS_INVALID", `count is ${count}, not a whole number from 1 on.`);
    const worker = options.worker ?? (await openOwn(id, options));
    try {
      const limit = maxSteps === Infinity ? -1 : maxSteps;
      const params = { id, count, kwargs, maxSteps: limit, renderMode, wrappers, flat, infos, ...more };
      const made = (await worker.call("env.make", params)).result as unknown as Made;
      const port = await worker.openPort(made.env, made.port);
      return new Remote(id, made, count, worker, !options.worker, port);
    } catch (error) {
      if (!options.worker) await worker.close();
      throw error;
    }
  }

  reset(seeds: readonly number[] | undefined, options: unknown, mask?: Uint8Array): Promise<Received> {
    for (const seed of seeds ?? []) {
      if (!Number.isSafeInteger(seed) || seed < 0) {
        const hint = "Seeds are whole numbers from 0 on.";
        return Promise.reject(new DsqnError("ENV_OPTIONS_INVALID", `${seed} is no seed.`, { hint, facts: { seed } }));
      }
    }
    const port = this.#port;
    if (port && options === undefined) return this.#resetBy(port, seeds, mask);
    const arrays: Record<string, NdArray> = mask ? { mask: { dtype: "uint8", shape: [mask.length], data: mask } } : {};
    return this.#exclusive("reset", { env: this.made.env, seeds, options }, arrays);
  }

  async #resetBy(port: Port, seeds: readonly number[] | undefined, mask: Uint8Array | undefined): Promise<Received> {
    this.#begin();
    try {
      const { reset, seeds: places, mask: which } = port.inputs as Readonly<Record<string, Float64Array>>;
      reset[0] = 1;
      if (seeds) places.set(seeds);
      else places.fill(-1);
      if (mask) which.set(mask);
      else which.fill(1);
      port.post();
      const { result } = await port.receive();
      return { plain: result, arrays: this.#observed(port, 0) };
    } finally {
      this.#busy = false;
    }
  }

  /** Has the environments step; `receive` tells what it led to. Throws where they cannot. */
  send(action: Action): void {
    const sent: Sent = { plain: { env: this.made.env }, arrays: {} };
    if (!this.#closed) this.#encodeAction(action, sent);
    this.#begin();
    const port = this.#port;
    if (!port) {
      this.#sent = this.#worker.call("env.step", sent.plain, sent.arrays);
      this.#sent.catch(() => undefined); // it is for `receive` to tell
      return;
    }
    port.inputs["reset"][0] = 0;
    for (const name in sent.arrays) (port.inputs[name] as Float64Array).set(sent.arrays[name].data as Float64Array);
    try {
      port.post();
    } catch (error) {
      this.#busy = false;
      throw error;
    }
    this.#sent = "port";
  }

  async receive(meanwhile?: boolean): Promise<Stepped> {
    const sent = this.#sent;
    if (!sent)
      throw new DsqnError("ENV_NOTHING_SENT", `Nothing was sent to "${this.id}" that could be received.`, {
        hint: "Call send(actions) first, and receive() once after it.",
      });
    this.#sent = undefined;
    try {
      return sent === "port" ? await this.#receiveBy(this.#port!, meanwhile) : listed(await sent);
    } finally {
      this.#busy = false;
    }
  }

  async #receiveBy(port: Port, meanwhile?: boolean): Promise<Stepped> {
    const { result, rows } = await port.receive(meanwhile);
    const { r, te, tr, raw } = port.outputs;
    return {
      plain: result,
      arrays: this.#observed(port, rows),
      rewards: r.data as Float64Array,
      terminated: te.data as Uint8Array,
      truncated: tr.data as Uint8Array,
      rawRewards: raw?.data as Float64Array | undefined,
    };
  }

  /** Copies of the observations, and of final ones where there are any. */
  #observed(port: Port, rows: number): Record<string, NdArray> {
    const arrays = rows === 0 ? {} : port.rows(rows);
    for (const name of this.#observations) {
      const { dtype, shape, data } = port.outputs[name];
      arrays[name] = { dtype, shape, data: data.slice() };
    }
    return arrays;
  }

  step(action: Action, meanwhile?: boolean): Promise<Stepped> {
    try {
      this.send(action);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.receive(meanwhile);
  }

  async render(index: number): Promise<Frame> {
    const { arrays } = await this.#exclusive("render", { env: this.made.env, index }, {});
    const { shape, data } = arrays["frame"];
    return { height: shape[0], width: shape[1], data: data as Uint8Array };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#ownsWorker) await this.#worker.close();
    else if (!this.#worker.closed) {
      await this.#port?.close();
      await this.#worker.call("env.close", { env: this.made.env });
    }
  }

  /** One call at a time: what a second step means before the first one's outcome is known, nobody can say. */
  async #exclusive(name: string, params: Record<string, unknown>, arrays: Record<string, NdArray>): Promise<Received> {
    this.#begin();
    try {
      const { result, arrays: received } = await this.#worker.call(`env.${name}`, params, arrays);
      return { plain: result, arrays: received };
    } finally {
      this.#busy = false;
    }
  }

  #begin(): void {
    if (this.#closed)
      throw new DsqnError("ENV_CLOSED", `The environment "${this.id}" is closed.`, { hint: "Make another one." });
    if (this.#busy) {
      const hint =
        "Await the earlier step or reset first; to go faster, step several environments with makeVectorEnvironment.";
      throw new DsqnError("ENV_BUSY", `"${this.id}" has not finished its last step or reset.`, { hint });
    }
    this.#busy = true;
  }
}

/** A step that came in a message: its numbers are plain lists there. */
function listed({ result, arrays }: CallResult): Stepped {
  const { r, te, tr, raw } = result as Record<string, readonly number[]>;
  return {
    plain: result,
    arrays,
    rewards: new Float64Array(r),
    terminated: new Uint8Array(te),
    truncated: new Uint8Array(tr),
    rawRewards: raw && new Float64Array(raw),
  };
}
