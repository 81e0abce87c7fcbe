import type { Random } from "../../numeric/random.ts";
import { Priorities } from "./priorities.ts";
import type { Batch, Prioritisation } from "./replay.ts";
import { assembleStack } from "../../environments/frame-stack.ts";

/** Shape of a {@link FrameMemory}. */
export interface FrameMemoryOptions {
  /** Environments whose frames come in turn; each has a lane of capacity / environments frames. */
  readonly environments: number;
  readonly capacity: number;
  /** Bytes per frame. */
  readonly frameSize: number;
  /** Frames per observation. */
  readonly stack: number;
  readonly nStep: number;
  readonly gamma: number;
  readonly prioritisation?: Prioritisation;
}

/** [size, frameSize, stack], the newest frame last. */
export type FrameBatch = Batch<Uint8Array> & { readonly actions: Uint8Array };

/** The memory without its frames, for a checkpoint. */
export interface FrameMemoryState {
  readonly tensors: {
    readonly actions: Uint8Array;
    readonly rewards: Float32Array;
    readonly flags: Uint8Array;
    /** Empty without prioritisation. */
    readonly priorities: Float64Array;
  };
  readonly facts: { readonly pushed: readonly number[]; readonly size: number; readonly largest: number };
}

const FIRST = 1;
const TERMINAL = 2;
/** The episode was cut after this frame: it is a next observation, and nothing was done in it. */
const CUT = 4;
/** What lies less than n steps before it is not learned from. */
const DROPPED = 8;

/**
 * Replay memory that stores each frame once: stacks and n-step transitions are put together when they are drawn. A stack never
 * reaches over its episode's first frame, which is repeated instead (as Gymnasium's FrameStackObservation pads with the reset
 * frame).
 *
 * Each environment has a lane of its own, a ring. Its newest frame is what the environment's next action answers to.
 */
export class FrameMemory {
  readonly options: FrameMemoryOptions;
  /** Frames per lane. */
  readonly lane: number;
  /** Of each lane [lane, frameSize]: frame number n lies at n modulo lane. */
  readonly frames: readonly Uint8Array[];
  private readonly actions: Uint8Array;
  private readonly rewards: Float32Array;
  private readonly flags: Uint8Array;
  /** Frames ever pushed into each lane. */
  readonly pushed: number[];
  /** Transitions that can be drawn. */
  size = 0;
  private readonly priorities: Priorities | undefined;
  private batch: FrameBatch | undefined;

  constructor(options: FrameMemoryOptions) {
    const { environments, capacity, frameSize, prioritisation } = options;
    this.options = options;
    this.lane = Math.floor(capacity / environments);
    const slots = this.lane * environments;
    this.frames = Array.from({ length: environments }, () => new Uint8Array(this.lane * frameSize));
    this.actions = new Uint8Array(slots);
    this.rewards = new Float32Array(slots);
    this.flags = new Uint8Array(slots);
    this.pushed = new Array<number>(environments).fill(0);
    if (prioritisation) this.priorities = new Priorities(slots, prioritisation);
  }

  /** The frame that environment `lane` shows now; `first`: of a new episode. */
  observe(lane: number, frame: Uint8Array, first: boolean): void {
    const { frameSize, nStep } = this.options;
    const n = this.pushed[lane];
    for (let i = this.oldest(lane, n); i < this.oldest(lane, n + 1); i++)
      if (this.drawable(lane, i)) this.forget(lane, i);
    const slot = this.slot(lane, n);
    this.frames[lane].set(frame, (n % this.lane) * frameSize);
    this.flags[slot] = first ? FIRST : 0;
    this.pushed[lane] = n + 1;
    if (this.open(lane, n - nStep, n)) this.add(lane, n - nStep);
  }

  /** What came of an action in the newest frame of `lane`. After `terminal` nothing is worth anything to the learner. */
  act(lane: number, action: number, reward: number, terminal: boolean): void {
    const newest = this.pushed[lane] - 1;
    const slot = this.slot(lane, newest);
    this.actions[slot] = action;
    this.rewards[slot] = reward;
    if (!terminal) return;
    for (let i = newest; i > newest - this.options.nStep && this.open(lane, i, newest); i--) this.add(lane, i);
    this.flags[slot] |= TERMINAL;
  }

  /** The newest frame of `lane` is the last before a time limit: values may be bootstrapped from it, nothing is done in it. */
  cut(lane: number): void {
    const newest = this.pushed[lane] - 1;
    for (let i = newest - 1; i > newest - this.options.nStep && this.open(lane, i, newest); i--) this.add(lane, i);
    this.flags[this.slot(lane, newest)] |= CUT;
  }

  /** As `cut`, but what the limit cuts is not learned from. */
  drop(lane: number): void {
    const newest = this.pushed[lane] - 1;
    const first = newest - this.options.nStep;
    if (this.open(lane, first, newest)) this.forget(lane, first);
    this.flags[this.slot(lane, newest)] |= CUT | DROPPED;
  }

  /** The newest frame of `lane`. */
  newestFrame(lane: number): Uint8Array {
    const { frameSize } = this.options;
    const at = ((this.pushed[lane] - 1) % this.lane) * frameSize;
    return this.frames[lane].subarray(at, at + frameSize);
  }

  /** The observation that `lane`'s next action answers to, [frameSize, stack]. */
  newest(lane: number, into: Uint8Array, at = 0): void {
    this.stackAt(lane, this.pushed[lane] - 1, into, at);
  }

  /** Draws transitions: uniformly (with replacement), or one from each of `size` equal strata of priority. */
  sample(size: number, random: Random): FrameBatch {
    if (this.size === 0) throw new RangeError("A batch was asked of an empty memory.");
    const { frameSize, stack } = this.options;
    const batch = this.batch?.size === size ? this.batch : (this.batch = emptyBatch(size, frameSize * stack));
    if (this.priorities) this.priorities.draw(batch, random, this.size);
    else for (let k = 0; k < size; k++) batch.slots[k] = this.drawUniform(random);
    for (let k = 0; k < size; k++) this.fill(batch, k);
    return batch;
  }

  /** Tells a prioritised memory how wrong the values of its last batch were. */
  updatePriorities(slots: Int32Array, errors: Float32Array): void {
    this.priorities?.update(slots, errors);
  }

  /** Everything but the frames; views into the memory where nothing has to be made. */
  save(): FrameMemoryState {
    const { actions, rewards, flags, pushed, size } = this;
    const priorities = this.priorities?.save() ?? { values: new Float64Array(0), largest: 1 };
    const facts = { pushed: [...pushed], size, largest: priorities.largest };
    return { tensors: { actions, rewards, flags, priorities: priorities.values }, facts };
  }

  /** Puts the memory where `save` was called; `frames` are the caller's to bring back. */
  restore({ tensors, facts }: FrameMemoryState): void {
    this.actions.set(tensors.actions);
    this.rewards.set(tensors.rewards);
    this.flags.set(tensors.flags);
    this.priorities?.restore({ values: tensors.priorities, largest: facts.largest });
    for (const [i, n] of facts.pushed.entries()) this.pushed[i] = n;
    this.size = facts.size;
  }

  private slot(lane: number, n: number): number {
    return lane * this.lane + (n % this.lane);
  }

  /** Whether frame i is there and no episode, or life, ended in [i, until). */
  private open(lane: number, i: number, until: number): boolean {
    if (i < this.oldest(lane)) return false;
    for (let j = i; j < until; j++) if (this.flags[this.slot(lane, j)] & (TERMINAL | CUT)) return false;
    return true;
  }

  private add(lane: number, i: number): void {
    this.size++;
    this.priorities?.add(this.slot(lane, i));
  }

  private forget(lane: number, i: number): void {
    this.size--;
    this.priorities?.forget(this.slot(lane, i));
  }

  /** The oldest frame whose whole stack is surely there when `n` frames have been pushed. */
  private oldest(lane: number, n = this.pushed[lane]): number {
    return n <= this.lane ? 0 : n - this.lane + this.options.stack - 1;
  }

  /** Whether the transition from frame i of `lane` can be learned from. */
  private drawable(lane: number, i: number): boolean {
    const n = this.pushed[lane];
    const end = i + this.options.nStep;
    if (i < this.oldest(lane) || i >= n || this.flags[this.slot(lane, i)] & CUT) return false;
    for (let j = i; j <= end && j < n; j++) {
      const flags = this.flags[this.slot(lane, j)];
      if (flags & DROPPED) return false;
      if (j < end && flags & (TERMINAL | CUT)) return true;
    }
    return end < n;
  }

  private drawUniform(random: Random): number {
    for (;;) {
      const lane = random.integer(this.options.environments);
      const held = Math.min(this.pushed[lane], this.lane);
      if (held === 0) continue;
      const i = this.pushed[lane] - 1 - random.integer(held);
      if (this.drawable(lane, i)) return this.slot(lane, i);
    }
  }

  /** Puts the n-step transition of slot `batch.slots[k]` together. */
  private fill(batch: FrameBatch, k: number): void {
    const { nStep, gamma, frameSize, stack } = this.options;
    const slot = batch.slots[k];
    const lane = Math.floor(slot / this.lane);
    const newest = this.pushed[lane] - 1;
    const i = newest - ((((newest - slot) % this.lane) + this.lane) % this.lane);
    let reward = 0;
    let discount = 1;
    let j = i;
    for (; j < i + nStep; j++) {
      const at = this.slot(lane, j);
      if (this.flags[at] & CUT) break;
      reward += discount * this.rewards[at];
      discount *= gamma;
      if (!(this.flags[at] & TERMINAL)) continue;
      discount = 0;
      break;
    }
    batch.actions[k] = this.actions[slot];
    batch.rewards[k] = reward;
    batch.discounts[k] = discount;
    this.stackAt(lane, i, batch.observations, k * frameSize * stack);
    // After a terminal step any observation does: it counts nothing.
    this.stackAt(lane, discount === 0 ? i : j, batch.nextObservations, k * frameSize * stack);
  }

  private stackAt(lane: number, n: number, into: Uint8Array, at: number): void {
    const { frameSize, stack } = this.options;
    const offsets: number[] = [];
    let i = n;
    for (let k = 0; k < stack; k++) {
      const slot = this.slot(lane, i);
      offsets.unshift((i % this.lane) * frameSize);
      if (!(this.flags[slot] & FIRST)) i--;
    }
    assembleStack(this.frames[lane], offsets, frameSize, into, at);
  }
}

function emptyBatch(size: number, observationSize: number): FrameBatch {
  return {
    size,
    observations: new Uint8Array(size * observationSize),
    nextObservations: new Uint8Array(size * observationSize),
    actions: new Uint8Array(size),
    rewards: new Float32Array(size),
    discounts: new Float32Array(size),
    weights: new Float32Array(size).fill(1),
    slots: new Int32Array(size),
  };
}
