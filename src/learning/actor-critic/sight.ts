import { assembleStack } from "../../environments/frame-stack.ts";
import type { TensorData } from "../../files/tensor.ts";
import type { Shown } from "../algorithm.ts";
import { type Scaling, scaleObservations } from "../scaling.ts";

/**
 * What the environments show in each step of a rollout, and in row `horizon` after it, as the networks see it. Row k is step k; environment i of row k
 * is step k * count + i.
 */
export interface Sight {
  /** What environment i shows in a row: after a step, or where an episode `starts`. */
  show(row: number, i: number, shown: Shown, starts: boolean): void;
  /** Of all environments. */
  at(row: number): Shown;
  /** Of these steps, k * count + i. */
  of(steps: Int32Array): Shown;
  /** A row becomes the first one. */
  carry(row: number): void;
  /** Observations as evaluations have them. */
  view(observations: Float32Array): Shown;
  /** Environment i of a resumed run shows `shown`: false where it should show something else. */
  resume(row: number, i: number, shown: Shown): boolean;
  /** All rows up to `row`; views. */
  save(row: number): Readonly<Record<string, TensorData>>;
  restore(saved: Readonly<Record<string, TensorData>>): void;
}

/** How many of what. */
interface Sizes {
  readonly horizon: number;
  readonly count: number;
}

/** Lists of `size` values, scaled. */
export function vectorSight({ horizon, count }: Sizes, size: number, scaling: Scaling | undefined): Sight {
  const rows = new Float32Array((horizon + 1) * count * size);
  const seen = (shown: Shown): Float32Array =>
    scaling ? scaleObservations(scaling, shown as Float32Array) : (shown as Float32Array);
  const row = (k: number): Float32Array => rows.subarray(k * count * size, (k + 1) * count * size);
  return {
    show: (k, i, shown) => row(k).set(seen(shown), i * size),
    at: row,
    of(steps) {
      const chosen = new Float32Array(steps.length * size);
      steps.forEach((k, to) => chosen.set(rows.subarray(k * size, (k + 1) * size), to * size));
      return chosen;
    },
    carry: (k) => row(0).set(row(k)),
    view: seen,
    resume(k, i, shown) {
      row(k).set(seen(shown), i * size);
      return true;
    },
    save: (k) => ({ observations: rows.subarray(0, k * count * size) }),
    restore: ({ observations }) => rows.set(observations as Float32Array),
  };
}

/**
 * Stacks of the last `stack` frames, of which each is kept once. The first frame of an episode stands for those before it, as in the replay memory.
 */
export function frameSight({ horizon, count }: Sizes, pixels: number, stack: number): Sight {
  // Row k lies behind the frames that its stacks begin with.
  const past = stack - 1;
  const lane = count * pixels;
  const frames = new Uint8Array((past + horizon + 1) * lane);
  /** Frames of the same episode before this one, as far as a stack reaches. */
  const ages = new Uint8Array((past + horizon + 1) * count);
  const stacked = (steps: Int32Array): Uint8Array => {
    const stacks = new Uint8Array(steps.length * pixels * stack);
    steps.forEach((step, to) => {
      const newest = step + past * count;
      const offsets = Array.from({ length: stack }, (_, c) => newest - count * Math.min(past - c, ages[newest]));
      const starts = offsets.map((k) => k * pixels);
      assembleStack(frames, starts, pixels, stacks, to * pixels * stack);
    });
    return stacks;
  };
  return {
    show(k, i, shown, starts) {
      const at = (k + past) * count + i;
      frames.set(shown, at * pixels);
      ages[at] = starts ? 0 : Math.min(past, ages[at - count] + 1);
    },
    at: (k) => stacked(Int32Array.from({ length: count }, (_, i) => k * count + i)),
    of: stacked,
    carry(k) {
      frames.copyWithin(0, k * lane, (k + past + 1) * lane);
      ages.copyWithin(0, k * count, (k + past + 1) * count);
    },
    view: (observations) => new Uint8Array(observations),
    resume(k, i, shown) {
      const at = ((k + past) * count + i) * pixels;
      return Buffer.from(shown as Uint8Array).equals(frames.subarray(at, at + pixels));
    },
    save: (k) => ({
      frames: frames.subarray(0, (k + past + 1) * lane),
      ages: ages.subarray(0, (k + past + 1) * count),
    }),
    restore(saved) {
      frames.set(saved.frames as Uint8Array);
      ages.set(saved.ages as Uint8Array);
    },
  };
}
