import type { Action } from "./action.ts";
import { type Frame, type Info, type MakeOptions, Remote } from "./gymnasium.ts";
import { type Observation, observationDecoder, type Received } from "./observation.ts";
import type { Space } from "./space.ts";

/** One environment of Gymnasium. `O` is what its observation space gives: Float32Array for most. */
export interface Environment<O extends Observation = Float32Array> {
  readonly id: string;
  readonly observationSpace: Space;
  readonly actionSpace: Space;
  /** Steps after which an episode is truncated, or undefined without such a limit. */
  readonly maxSteps: number | undefined;
  /** The mean return at which Gymnasium calls the environment solved, if it says so. */
  readonly rewardThreshold: number | undefined;
  /** Starts an episode. With a seed it repeats bit for bit. */
  reset(options?: { seed?: number; options?: Record<string, unknown> }): Promise<{ observation: O; info: Info }>;
  /** Rejects with ACTION_INVALID, ENV_NEEDS_RESET (before the first reset, and after an episode's end), ENV_BUSY, ENV_CLOSED, ENV_FAILED. */
  step(action: Action): Promise<Step<O>>;
  /** The picture of the moment; needs renderMode "rgb_array" (else ENV_NO_FRAMES). */
  render(): Promise<Frame>;
  close(): Promise<void>;
}

/** What a step led to. */
export interface Step<O extends Observation = Float32Array> {
  readonly observation: O;
  readonly reward: number;
  /** The task ended: there is no value after it. */
  readonly terminated: boolean;
  /** The time limit cut the episode: what would have come after still counts. */
  readonly truncated: boolean;
  readonly info: Info;
  /** Before a wrapper shaped it; only where one did. */
  readonly rawReward?: number;
}

/**
 * Opens an environment of Gymnasium by its id; "module:Id-v0" imports a module of the user's own first.
 *
 * @example
 * const env = await makeEnvironment("CartPole-v1");
 * let { observation } = await env.reset({ seed: 1 });
 * const step = await env.step(observation[2] > 0 ? 1 : 0);
 * await env.close();
 *
 * Errors: ENV_UNKNOWN, ENV_OPTIONS_INVALID, ENV_DEPENDENCY_MISSING, and those of `openWorker`.
 */
export async function makeEnvironment<O extends Observation = Float32Array>(
  id: string,
  options: MakeOptions = {},
): Promise<Environment<O>> {
  const remote = await Remote.make(id, 1, { infos: true, ...options }, { autoreset: "disabled", strict: true });
  const decode = observationDecoder(remote.made.observationSpace, true) as (received: Received) => O;
  const infoOf = ({ plain }: Received): Info => (plain["infos"] as Info[] | undefined)?.[0] ?? {};
  return {
    id,
    observationSpace: remote.made.observationSpace,
    actionSpace: remote.made.actionSpace,
    maxSteps: remote.made.maxSteps ?? undefined,
    rewardThreshold: remote.made.rewardThreshold ?? undefined,
    async reset({ seed, options } = {}) {
      const received = await remote.reset(seed === undefined ? undefined : [seed], options);
      return { observation: decode(received), info: infoOf(received) };
    },
    async step(action) {
      const received = await remote.step(action);
      const { rewards, terminated, truncated, rawRewards } = received;
      return {
        observation: decode(received),
        reward: rewards[0],
        terminated: terminated[0] === 1,
        truncated: truncated[0] === 1,
        info: infoOf(received),
        ...(rawRewards && { rawReward: rawRewards[0] }),
      };
    },
    render: () => remote.render(0),
    close: () => remote.close(),
  };
}
