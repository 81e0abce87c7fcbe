import type { Frame } from "./gymnasium.ts";

/**
 * Several copies of one environment that step together: what training and evaluation need of `VectorEnvironment`, so that anything
 * that steps can be learned from. Nothing resets by itself: after `terminated` or `truncated` the caller resets with a seed of
 * its own, which makes an episode repeatable from its seed and its actions.
 */
export interface Environments {
  /** Names the environment in results and messages. */
  readonly id: string;
  readonly count: number;
  readonly observationSize: number;
  /** [height, width, channels], or whatever else an observation is besides a list; absent where nobody says. */
  readonly observationShape?: readonly number[];
  /** How far apart the smallest and largest value of each element of an observation can be, [observationSize]; absent where nobody knows. */
  readonly widths?: ArrayLike<number>;
  /** Number of discrete actions. */
  readonly actions: number;
  /** Groups of copies, one behind the other, that can step by themselves; absent where there is one. */
  readonly parts?: readonly Environments[];
  /** Starts new episodes where `mask` is 1 (all without a mask). Returns all observations, [count, observationSize]. */
  reset(options: { seed: readonly number[]; mask?: Uint8Array }): Promise<Float32Array>;
  /**
   * `actions`: [count]. What happens to an environment whose episode has ended is undefined until it is reset. `meanwhile`: the caller works
   * while they step, so nobody should hold this thread to look for the outcome.
   */
  step(actions: Int32Array, meanwhile?: boolean): Promise<EnvironmentsStep>;
  /** What a copy shows at the moment; absent where nobody asked for pictures. */
  render?(index?: number): Promise<Frame>;
  /** Pictures a second at which it is as quick as in life; absent or null where nobody says. */
  readonly renderFps?: number | null;
  close(): Promise<void>;
}

/** What a step of all copies led to. */
export interface EnvironmentsStep {
  /** [count, observationSize]; of an episode that ended, its final observation. */
  readonly observations: Float32Array;
  /** [count] */
  readonly rewards: Float64Array;
  /** The task ended (1) or not (0). */
  readonly terminated: Uint8Array;
  /** The time limit cut the episode (1) or not (0). */
  readonly truncated: Uint8Array;
  /** A life was lost (1) or not (0); the episode goes on unless `terminated` is set too. Absent where nobody has lives. */
  readonly lifeLost?: Uint8Array;
}

/** Environments that show frames of bytes: an observation is the last `stack` of them, [height, width, stack], the newest last. */
export interface PixelEnvironments extends Environments {
  readonly height: number;
  readonly width: number;
  readonly stack: number;
  /** The newest frames, [count, height * width], after a `reset` the first ones: each goes into a replay memory once. */
  readonly newest: { readonly frames: Uint8Array };
  step(actions: Int32Array, meanwhile?: boolean): Promise<PixelStep>;
}

/** What a step of all copies led to, with its frames, [count, height * width]. */
export interface PixelStep extends EnvironmentsStep {
  readonly frames: Uint8Array;
  readonly lifeLost: Uint8Array;
}

/** Opens `count` copies. */
export type MakeEnvironments<E extends Environments = Environments> = (count: number) => Promise<E>;
/** Opens `count` copies that show frames. */
export type MakePixelEnvironments = MakeEnvironments<PixelEnvironments>;
