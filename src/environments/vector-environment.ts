import { DsqnError } from "../errors.ts";
import type { Action } from "./action.ts";
import { type Frame, type Info, type MakeOptions, openOwn, Remote, type Stepped } from "./gymnasium.ts";
import { type Observation, observationDecoder, type Received } from "./observation.ts";
import { joinParts, seedsFor } from "./parts.ts";
import type { Space } from "./space.ts";

/**
 * When an environment starts anew after its episode ended (Gymnasium's AutoresetMode): "next-step": with the step after, whose action
 * is ignored and whose reward is 0; "same-step": at once, the final observation comes in `finalObservations`; "disabled": when
 * `reset` says so. Until then it rests: same observation, same flags, reward 0.
 */
export type Autoreset = "next-step" | "same-step" | "disabled";

/** What a vector of environments is made with. */
export interface VectorOptions extends MakeOptions {
  readonly count: number;
  /** "next-step" unless given. */
  readonly autoreset?: Autoreset;
  /**
   * "copies" (unless given): each copy behaves as it would alone. "native": Gymnasium's own vectorised implementation, where there is
   * one (CartPole-v1): several times faster, but one random stream for all copies, one seed, "next-step" only.
   */
  readonly vectorization?: "copies" | "native";
  /** Groups that can step in turns (`VectorEnvironment.parts`); 1 unless given. */
  readonly parts?: number;
}

/** N copies of one environment that step together, with one message. */
export interface VectorEnvironment<O extends Observation = Float32Array> {
  readonly id: string;
  readonly count: number;
  readonly autoreset: Autoreset;
  /** Of one copy. */
  readonly observationSpace: Space;
  /** Of one copy. */
  readonly actionSpace: Space;
  readonly maxSteps: number | undefined;
  readonly rewardThreshold: number | undefined;
  /** Pictures a second in life, if the environment says so. */
  readonly renderFps?: number;
  /**
   * Starts episodes, of all copies or of those where `mask` [N] is 1. A number seeds copy i with seed + i. Returns the
   * observations of all, [N, ...].
   */
  reset(options?: VectorReset): Promise<{ observations: O; infos?: readonly (Info | null)[] }>;
  /**
   * `actions`: [N] for Discrete, [N, ...] else, as one flat array. The promise resolves when all have stepped. `meanwhile`: the caller has work
   * of its own until then; without it a quick step is waited for on the spot. Rejects like `Environment.step`.
   */
  step(actions: Action, meanwhile?: boolean): Promise<VectorStep<O>>;
  /** The first half of a step: has all of them step. Throws what `step` rejects with before anything is stepped. */
  send(actions: Action): void;
  /** The second half: what the step that was sent led to; `meanwhile` as in `step`. Rejects with ENV_NOTHING_SENT without one. */
  receive(meanwhile?: boolean): Promise<VectorStep<O>>;
  /**
   * Groups of copies, one behind the other, each a vector of its own: while one steps, somebody can think about another. As many as `parts`
   * said; this vector
   * alone unless there are more.
   */
  readonly parts: readonly VectorEnvironment<O>[];
  /** The picture of copy `index`. */
  render(index?: number): Promise<Frame>;
  close(): Promise<void>;
}

export interface VectorReset {
  readonly seed?: number | readonly number[];
  readonly mask?: Uint8Array;
  readonly options?: Record<string, unknown>;
}

/** What a step of all environments led to. */
export interface VectorStep<O extends Observation = Float32Array> {
  /** [N, ...]. Of a copy whose episode ended: its final observation, or with "same-step" the first of the next episode. */
  readonly observations: O;
  /** [N] */
  readonly rewards: Float64Array;
  /** [N] 1 where the task ended. */
  readonly terminated: Uint8Array;
  /** [N] 1 where the time limit cut the episode. */
  readonly truncated: Uint8Array;
  /** With "same-step", where episodes ended: observations [M, ...] of the copies `indices` [M]. */
  readonly finalObservations?: {
    readonly indices: Int32Array;
    readonly observations: O;
    readonly infos?: readonly Info[];
  };
  /** [N] Before a wrapper shaped them; only where one did. */
  readonly rawRewards?: Float64Array;
  readonly infos?: readonly Info[];
}

/**
 * Opens `count` copies of an environment of Gymnasium; each behaves bit for bit as it would alone, in however many parts.
 *
 * @example
 * const envs = await makeVectorEnvironment("CartPole-v1", { count: 64 });
 * await envs.reset({ seed: 1 });
 * const { observations, rewards } = await envs.step(new Int32Array(64));
 *
 * @example
 * // one half steps while the agent chooses for the other
 * const envs = await makeVectorEnvironment("CartPole-v1", { count: 64, parts: 2 });
 * const choose = (o: Float32Array) => Int32Array.from({ length: 32 }, (_, i) => Number(o[4 * i + 2] > 0));
 * for (const part of envs.parts) part.send(choose((await part.reset()).observations));
 * for (let i = 0; i < 100; i++) for (const part of envs.parts) part.send(choose((await part.receive()).observations));
 *
 * Errors: ENV_UNKNOWN, ENV_OPTIONS_INVALID, ENV_DEPENDENCY_MISSING, and those of `openWorker`.
 */
export async function makeVectorEnvironment<O extends Observation = Float32Array>(
  id: string,
  options: VectorOptions,
): Promise<VectorEnvironment<O>> {
  const { parts = 1, ...whole } = options;
  if (parts === 1) return makeGroup<O>(id, whole);
  const { path: _, onLog: __, ...one } = whole;
  if (!Number.isInteger(parts) || parts < 1 || parts > options.count)
    throw new DsqnError("ENV_OPTIONS_INVALID", `${options.count} environment(s) do not make ${parts} part(s).`);
  const worker = options.worker ?? (await openOwn(id, options));
  const close = async (): Promise<void> => (options.worker ? undefined : worker.close());
  try {
    const made: VectorEnvironment<O>[] = [];
    for (let i = 0; i < parts; i++)
      made.push(await makeGroup<O>(id, { ...one, worker, count: Math.floor((one.count + i) / parts) }));
    return joinParts(made, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function makeGroup<O extends Observation>(id: string, options: VectorOptions): Promise<VectorEnvironment<O>> {
  const { count, autoreset = "next-step", vectorization = "copies", ...rest } = options;
  const remote = await Remote.make(id, count, rest, { autoreset, vectorization });
  const { observationSpace, actionSpace, maxSteps, rewardThreshold, renderFps } = remote.made;
  const decode = observationDecoder(observationSpace, false) as (received: Received) => O;
  const decodeFinal = observationDecoder(observationSpace, false, "f") as (received: Received) => O;
  const outcome = (received: Stepped): VectorStep<O> => {
    const { finals } = received.arrays;
    return {
      observations: decode(received),
      rewards: received.rewards.slice(),
      terminated: received.terminated.slice(),
      truncated: received.truncated.slice(),
      rawRewards: received.rawRewards?.slice(),
      infos: received.plain["infos"] as Info[] | undefined,
      finalObservations: finals && {
        indices: finals.data as Int32Array,
        observations: decodeFinal(received),
        infos: received.plain["finalInfos"] as Info[] | undefined,
      },
    };
  };
  const group: VectorEnvironment<O> = {
    id,
    count,
    autoreset,
    observationSpace,
    actionSpace,
    maxSteps: maxSteps ?? undefined,
    rewardThreshold: rewardThreshold ?? undefined,
    renderFps: renderFps ?? undefined,
    async reset({ seed, mask, options } = {}) {
      const seeds = seedsFor(count, seed, mask); // a native one uses the first
      const received = await remote.reset(seeds, options, mask);
      return { observations: decode(received), infos: received.plain["infos"] as (Info | null)[] | undefined };
    },
    step: async (actions, meanwhile) => outcome(await remote.step(actions, meanwhile)),
    send: (actions) => remote.send(actions),
    receive: async (meanwhile) => outcome(await remote.receive(meanwhile)),
    get parts() {
      return [group];
    },
    render: (index = 0) => remote.render(index),
    close: () => remote.close(),
  };
  return group;
}
