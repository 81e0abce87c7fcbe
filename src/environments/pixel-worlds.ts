/** Copies of an environment with frames of bytes, as `makeAtari` opens them: what pixel agents need of it. */
export interface PixelEnvironments {
  readonly id: string;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** Frames that make an observation. */
  readonly stack: number;
  /** Number of discrete actions. */
  readonly actions: number;
  /** The newest frames, [count, height * width]. */
  readonly newest: { readonly frames: Uint8Array };
  /** Starts new episodes where `mask` is 1 (all without a mask); their first frames are then in `newest`. */
  reset(options: { seed: readonly number[]; mask?: Uint8Array }): Promise<unknown>;
  step(actions: Int32Array): Promise<PixelStep>;
  close(): Promise<void>;
}

/** What a step of all copies led to; each array [count], `frames` [count, height * width]. */
export interface PixelStep {
  readonly frames: Uint8Array;
  readonly rewards: Float64Array;
  readonly terminated: Uint8Array;
  readonly truncated: Uint8Array;
  /** A life was lost; the episode goes on unless `terminated` is set too. */
  readonly lifeLost: Uint8Array;
}

/** Opens `count` copies. */
export type MakePixelEnvironments = (count: number) => Promise<PixelEnvironments>;
