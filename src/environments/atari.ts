import { type NdArray, openWorker, type Port, type Worker } from "../bridge/index.ts";
import { DsqnError } from "../errors.ts";
import type { Extra } from "../setup/python-environment.ts";
import { spreadGames } from "./atari-spread.ts";
import { ATARI_PREPROCESSINGS, ATARI_WORLDS, type AtariPreprocessing, type AtariWorld } from "./atari-names.ts";
import type { Frame } from "./gymnasium.ts";

export { ATARI_PREPROCESSINGS, ATARI_WORLDS, type AtariPreprocessing, type AtariWorld } from "./atari-names.ts";

/** What Atari games are opened with. */
export interface AtariOptions {
  /** A game ("Breakout") or an id of Gymnasium, which also says frame skip and sticky actions ("ALE/Breakout-v5", "BreakoutNoFrameskip-v4"). */
  readonly game: string;
  /** "games" unless given. */
  readonly world?: AtariWorld;
  /** Copies that step together; 1 unless given. */
  readonly count?: number;
  /** "nature" unless given. */
  readonly preprocessing?: AtariPreprocessing;
  /** Frames per action, or [least, most) to draw them from; as the id says unless given (4; of "Breakout-v4" 2 to 4). */
  readonly frameSkip?: number | readonly [least: number, most: number];
  /** Probability that the console repeats the last button in a frame; as the id says unless given (v5, v0 and a game alone: 0.25, v4: 0). */
  readonly stickyActions?: number;
  /** A game starts with 1 to this many frames without a button; 30 unless given, 0: none. */
  readonly noopMax?: number;
  /** FIRE is pressed after the start and after a lost life, where the game knows it; true unless given. */
  readonly fire?: boolean;
  /** Frames after which an episode is truncated; 108000 (half an hour) unless given. */
  readonly maxFrames?: number;
  /** All 18 buttons instead of those that do something in this game. */
  readonly fullActions?: boolean;
  /** The game's own variants. */
  readonly mode?: number;
  readonly difficulty?: number;
  /** The console's memory with every frame, 128 bytes. */
  readonly ram?: boolean;
  /** The worker to live in, or several that share the copies; without one, workers of their own, which close with the games. */
  readonly worker?: Worker | readonly Worker[];
  /** So many workers of their own share the copies, each on a processor of its own; 1 unless given. The games stay the same. */
  readonly workers?: number;
}

/** The newest frames of all copies. */
export interface AtariFrames {
  /** [count, height * width]; of a game that ended, its last one. */
  readonly frames: Uint8Array;
  /** [count] */
  readonly lives: Uint8Array;
  /** [count, 128], with the option `ram`. */
  readonly ram?: Uint8Array;
}

/** What an action of all copies led to. */
export interface AtariStep extends AtariFrames {
  /** [count], the game's own points. */
  readonly rewards: Float64Array;
  /** [count] 1 where the game is over. */
  readonly terminated: Uint8Array;
  /** [count] 1 where `maxFrames` cut it. */
  readonly truncated: Uint8Array;
  /** [count] 1 where a life was lost: the game goes on unless it is over. */
  readonly lifeLost: Uint8Array;
}

/** N copies of one game of the Arcade Learning Environment, stepped by one message, frame by frame. */
export interface AtariGames {
  readonly id: string;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** Frames that this preprocessing means to be seen at once. */
  readonly stack: number;
  /** What an observation shows for the frames before an episode's first one: that one, or zeros. */
  readonly padding: "first" | "zeros";
  /** The buttons by name: action k presses `actionNames[k]`. */
  readonly actionNames: readonly string[];
  readonly frameSkip: number | readonly [least: number, most: number];
  readonly stickyActions: number;
  /** Starts games where `mask` is 1 (all without one), each from its seed. Returns the newest frames of all. */
  reset(options: { seed: readonly number[]; mask?: Uint8Array }): Promise<AtariFrames>;
  /** `actions`: [count]. A game that ended rests until it is reset: same frame, same flags, reward 0. */
  step(actions: Int32Array): Promise<AtariStep>;
  /** The console's screen in colours, 210 x 160. */
  render(index?: number): Promise<Frame>;
  close(): Promise<void>;
}

interface Made {
  readonly env: string;
  /** What a port to the games carries; null where no memory is shared. */
  readonly port?: unknown;
  readonly actions: readonly string[];
  readonly height: number;
  readonly width: number;
  readonly stack: number;
  readonly padding: "first" | "zeros";
  readonly frameSkip: number | readonly [number, number];
  readonly stickyActions: number;
}

/**
 * Opens Atari games. `makeAtari` stacks their frames into observations.
 *
 * Errors: ENV_UNKNOWN (with the nearest names), ATARI_ROM_MISSING, ENV_DEPENDENCY_MISSING, ENV_OPTIONS_INVALID, and those of `openWorker`.
 */
export async function openAtari(options: AtariOptions): Promise<AtariGames> {
  const { workers = 1, worker, ...one } = options;
  checkOptions(options);
  const { count = 1 } = options;
  const lent = worker && [worker].flat();
  const homes = playsAlone(one.world) ? Math.min(lent?.length ?? workers, count) : 1; // the others have threads
  const opened = await Promise.allSettled(
    Array.from({ length: homes }, (_, i) =>
      openGames({ ...one, count: Math.floor((count + i) / homes), worker: lent?.[i] }),
    ),
  );
  const games = opened.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  const failed = opened.find((outcome) => outcome.status === "rejected");
  if (!failed) return spreadGames(games);
  await Promise.all(games.map((each) => each.close()));
  throw failed.reason;
}

async function openGames(options: Omit<AtariOptions, "workers" | "worker"> & { worker?: Worker }): Promise<AtariGames> {
  const { game, count = 1, worker: lent, ...rest } = options;
  const worker = lent ?? (await openWorker({ name: game, extras: atariExtras(rest.world) }));
  let made: Made;
  let port: Port | undefined;
  try {
    made = (await worker.call("atari.make", { game, count, ...rest })).result as unknown as Made;
    port = await worker.openPort(made.env, made.port);
  } catch (error) {
    if (!lent) await worker.close();
    throw error;
  }
  return remoteGames(game, count, made, worker, !lent, port);
}

function remoteGames(
  id: string,
  count: number,
  made: Made,
  worker: Worker,
  ownsWorker: boolean,
  port: Port | undefined,
): AtariGames {
  const { env, actions: actionNames, height, width, stack, padding, frameSkip, stickyActions } = made;
  const turn = oneAtATime(id);
  const call = (method: string, params: Record<string, unknown>, arrays: Record<string, NdArray> = {}) =>
    turn.take(() => worker.call(`atari.${method}`, { env, ...params }, arrays));
  const stepThrough = (port: Port, actions: Int32Array): Promise<AtariStep> =>
    turn.take(async () => {
      port.inputs["actions"].set(actions as never);
      port.post();
      await port.receive();
      const { outputs } = port;
      const bytes = (name: string): Uint8Array => outputs[name].data.slice() as Uint8Array;
      return {
        frames: bytes("frames"),
        lives: bytes("lives"),
        ...(outputs["ram"] && { ram: bytes("ram") }),
        rewards: outputs["r"].data.slice() as Float64Array,
        terminated: bytes("te"),
        truncated: bytes("tr"),
        lifeLost: bytes("lost"),
      };
    });
  return {
    id,
    count,
    height,
    width,
    stack,
    padding,
    actionNames,
    frameSkip,
    stickyActions,
    async reset({ seed, mask }) {
      checkSeeds(seed, count);
      if (mask && mask.length !== count) throw invalid(`mask has ${mask.length} element(s) for ${count} game(s).`);
      const sent: Record<string, NdArray> = mask ? { mask: { dtype: "uint8", shape: [count], data: mask } } : {};
      const { result, arrays } = await call("reset", { seeds: seed }, sent);
      return newest(result, arrays);
    },
    async step(actions) {
      checkActions(actions, count, actionNames, id);
      if (port) return stepThrough(port, actions);
      const sent = { dtype: "int32", shape: [count], data: actions } as const;
      const { result, arrays } = await call("step", {}, { actions: sent });
      return {
        ...newest(result, arrays),
        rewards: new Float64Array(result["r"] as number[]),
        terminated: new Uint8Array(result["te"] as number[]),
        truncated: new Uint8Array(result["tr"] as number[]),
        lifeLost: new Uint8Array(result["lost"] as number[]),
      };
    },
    async render(index = 0) {
      if (!(Number.isInteger(index) && index >= 0 && index < count)) throw invalid(`There is no game ${index}.`);
      const { shape, data } = (await call("render", { index })).arrays["frame"];
      return { height: shape[0], width: shape[1], data: data as Uint8Array };
    },
    async close() {
      if (!turn.end()) return;
      if (ownsWorker) await worker.close();
      else if (!worker.closed) {
        await port?.close();
        await worker.call("atari.close", { env });
      }
    },
  };
}

const playsAlone = (world: AtariWorld = "games"): boolean => world === "games";

/** The parts of the Python environment that a world needs. */
export function atariExtras(world?: AtariWorld): Extra[] {
  return world === "envpool" ? ["base", "atari", "envpool"] : ["base", "atari"];
}

/** One step or reset after the other, until the end: ENV_BUSY, ENV_CLOSED. `end` is true the first time. */
function oneAtATime(id: string): { take<T>(use: () => Promise<T>): Promise<T>; end(): boolean } {
  let closed = false;
  let busy = false;
  return {
    async take(use) {
      if (closed) throw new DsqnError("ENV_CLOSED", `The games of ${id} are closed.`, { hint: "Open them anew." });
      if (busy)
        throw new DsqnError("ENV_BUSY", `${id} has not finished its last step or reset.`, {
          hint: "Await the earlier call first; to go faster, open more copies.",
        });
      busy = true;
      try {
        return await use();
      } finally {
        busy = false;
      }
    },
    end() {
      const first = !closed;
      closed = true;
      return first;
    },
  };
}

function newest(result: Record<string, unknown>, arrays: Record<string, NdArray>): AtariFrames {
  const { frames, ram } = arrays;
  return {
    frames: frames.data as Uint8Array,
    lives: new Uint8Array(result["lives"] as number[]),
    ...(ram && { ram: ram.data as Uint8Array }),
  };
}

function checkOptions({
  count = 1,
  worker,
  workers = 1,
  frameSkip,
  stickyActions,
  noopMax,
  maxFrames,
  preprocessing,
  world,
}: AtariOptions): void {
  const whole = (value: number, least: number): boolean => Number.isInteger(value) && value >= least;
  if (!whole(count, 1)) throw invalid(`count is ${count}, not a whole number from 1 on.`);
  if (!whole(workers, 1)) throw invalid(`workers is ${workers}, not a whole number from 1 on.`);
  if (worker && workers > 1) throw invalid("Both a worker and a number of workers are given.", "Leave one out.");
  if (Array.isArray(worker) && worker.length === 0) throw invalid("The list of workers is empty.");
  if (preprocessing !== undefined && !ATARI_PREPROCESSINGS.includes(preprocessing))
    throw invalid(`There is no preprocessing "${preprocessing}".`, `Known: ${ATARI_PREPROCESSINGS.join(", ")}.`);
  if (world !== undefined && !ATARI_WORLDS.includes(world))
    throw invalid(`There is no world "${String(world)}".`, `Known: ${ATARI_WORLDS.join(", ")}.`);
  const [least, most] = typeof frameSkip === "object" ? frameSkip : [frameSkip ?? 1, (frameSkip ?? 1) + 1];
  if (!whole(least, 1) || !whole(most, least + 1)) throw invalid(`frameSkip is ${String(frameSkip)}.`);
  if (stickyActions !== undefined && !(stickyActions >= 0 && stickyActions <= 1))
    throw invalid(`stickyActions is ${stickyActions}, not a probability.`);
  if (noopMax !== undefined && !whole(noopMax, 0)) throw invalid(`noopMax is ${noopMax}.`);
  if (maxFrames !== undefined && !whole(maxFrames, 1)) throw invalid(`maxFrames is ${maxFrames}.`);
}

function checkSeeds(seed: readonly number[], count: number): void {
  if (seed.length !== count) throw invalid(`seed has ${seed.length} element(s) for ${count} game(s).`);
  const wrong = seed.find((one) => !Number.isSafeInteger(one) || one < 0);
  if (wrong !== undefined) throw invalid(`${wrong} is no seed.`, "Seeds are whole numbers from 0 on.");
}

function checkActions(actions: Int32Array, count: number, names: readonly string[], id: string): void {
  if (!(actions instanceof Int32Array) || actions.length !== count || actions.some((a) => a < 0 || a >= names.length))
    throw new DsqnError("ACTION_INVALID", `${id} has the actions 0 to ${names.length - 1}; got [${String(actions)}].`, {
      hint: `Give an Int32Array of ${count}: ${names.map((name, k) => `${k} ${name}`).join(", ")}.`,
    });
}

function invalid(message: string, hint = "docs/breakout.md lists the options."): DsqnError {
  return new DsqnError("ENV_OPTIONS_INVALID", message, { hint });
}
