import type { Random } from "../../numeric/random.ts";
import { SumTree } from "./sum-tree.ts";
import { pow } from "../../numeric/elementary.ts";

/** A minibatch; every array is reused by the next `sample`. */
export interface Batch {
  readonly size: number;
  /** [size, observationSize] */
  readonly observations: Float32Array;
  readonly actions: Int32Array;
  /** Summed over the n steps, discounted. */
  readonly rewards: Float32Array;
  /** [size, observationSize] */
  readonly nextObservations: Float32Array;
  /** What the value at `nextObservations` counts: gamma^n, or 0 after a terminal step. */
  readonly discounts: Float32Array;
  /** Where the transitions lie in the memory. */
  readonly indices: Int32Array;
  /** Importance weights, largest 1; all 1 with uniform sampling. */
  readonly weights: Float32Array;
}

/** Proportional prioritisation (Schaul et al. 2016): P(i) ~ p_i^alpha, weights (N P(i))^-beta / max. */
export interface Prioritisation {
  readonly alpha: number;
  readonly beta: number;
  /** Added to |TD error|, so that no transition is forgotten for good. */
  readonly epsilon: number;
}

/** A ring buffer of transitions in typed arrays; the oldest make way. */
export class ReplayMemory {
  readonly capacity: number;
  readonly observationSize: number;
  private count = 0;
  private next = 0;
  private readonly observations: Float32Array;
  private readonly actions: Int32Array;
  private readonly rewards: Float32Array;
  private readonly nextObservations: Float32Array;
  private readonly discounts: Float32Array;
  private readonly priorities: SumTree | undefined;
  private maxPriority = 1;
  private readonly prioritisation: Prioritisation | undefined;
  /** Per slot, the draw in which it was last taken: a batch without repetition costs no set. */
  private readonly drawn: Uint32Array;
  private draw = 0;
  private batch: Batch | undefined;

  constructor(capacity: number, observationSize: number, prioritisation?: Prioritisation) {
    this.capacity = capacity;
    this.observationSize = observationSize;
    this.observations = new Float32Array(capacity * observationSize);
    this.nextObservations = new Float32Array(capacity * observationSize);
    this.actions = new Int32Array(capacity);
    this.rewards = new Float32Array(capacity);
    this.discounts = new Float32Array(capacity);
    this.drawn = new Uint32Array(capacity);
    this.prioritisation = prioritisation;
    if (prioritisation) this.priorities = new SumTree(capacity);
  }

  get size(): number {
    return this.count;
  }

  push(observation: Float32Array, action: number, reward: number, next: Float32Array, discount: number): void {
    const i = this.next;
    this.observations.set(observation, i * this.observationSize);
    this.nextObservations.set(next, i * this.observationSize);
    this.actions[i] = action;
    this.rewards[i] = reward;
    this.discounts[i] = discount;
    // A new transition gets the largest priority seen: it is learned from at least once, probably.
    this.priorities?.set(i, this.maxPriority);
    this.next = (i + 1) % this.capacity;
    this.count = Math.min(this.count + 1, this.capacity);
  }

  /** `size` transitions: without repetition when uniform, one from each of `size` equal strata of priority otherwise. */
  sample(size: number, random: Random): Batch {
    if (size > this.count) throw new RangeError(`A batch of ${size} was asked of a memory that holds ${this.count}.`);
    const batch = this.batch?.size === size ? this.batch : (this.batch = emptyBatch(size, this.observationSize));
    if (this.priorities) this.samplePrioritised(batch, random, this.priorities, this.prioritisation!);
    else this.sampleUniform(batch, random);
    const n = this.observationSize;
    for (let k = 0; k < size; k++) {
      const i = batch.indices[k];
      for (let j = 0; j < n; j++) {
        batch.observations[k * n + j] = this.observations[i * n + j];
        batch.nextObservations[k * n + j] = this.nextObservations[i * n + j];
      }
      batch.actions[k] = this.actions[i];
      batch.rewards[k] = this.rewards[i];
      batch.discounts[k] = this.discounts[i];
    }
    return batch;
  }

  /** Tells a prioritised memory how wrong the values of its last batch were. */
  updatePriorities(indices: Int32Array, errors: Float32Array): void {
    if (!this.priorities) return;
    const { alpha, epsilon } = this.prioritisation!;
    for (let k = 0; k < indices.length; k++) {
      const priority = pow(Math.abs(errors[k]) + epsilon, alpha);
      this.maxPriority = Math.max(this.maxPriority, priority);
      this.priorities.set(indices[k], priority);
    }
  }

  /** The whole memory, for a checkpoint: views into it, cut to what is filled. */
  save(): {
    tensors: Record<string, Float32Array | Float64Array | Int32Array>;
    count: number;
    next: number;
    maxPriority: number;
  } {
    const rows = this.count * this.observationSize;
    return {
      tensors: {
        observations: this.observations.subarray(0, rows),
        nextObservations: this.nextObservations.subarray(0, rows),
        actions: this.actions.subarray(0, this.count),
        rewards: this.rewards.subarray(0, this.count),
        discounts: this.discounts.subarray(0, this.count),
        ...(this.priorities && {
          priorities: Float64Array.from({ length: this.count }, (_, i) => this.priorities!.get(i)),
        }),
      },
      count: this.count,
      next: this.next,
      maxPriority: this.maxPriority,
    };
  }

  restore(saved: ReturnType<ReplayMemory["save"]>): void {
    for (const name of ["observations", "nextObservations", "actions", "rewards", "discounts"] as const)
      this[name].set(saved.tensors[name]);
    this.count = saved.count;
    this.next = saved.next;
    this.maxPriority = saved.maxPriority;
    if (this.priorities) for (let i = 0; i < this.count; i++) this.priorities.set(i, saved.tensors.priorities[i]);
  }

  private sampleUniform(batch: Batch, random: Random): void {
    this.draw++;
    for (let k = 0; k < batch.size; k++) {
      let i = random.integer(this.count);
      while (this.drawn[i] === this.draw) i = random.integer(this.count);
      this.drawn[i] = this.draw;
      batch.indices[k] = i;
    }
  }

  private samplePrioritised(batch: Batch, random: Random, tree: SumTree, { beta }: Prioritisation): void {
    const stratum = tree.total / batch.size;
    let largest = 0;
    for (let k = 0; k < batch.size; k++) {
      const i = tree.find((k + random.uniform()) * stratum);
      batch.indices[k] = i;
      batch.weights[k] = pow((this.count * tree.get(i)) / tree.total, -beta);
      largest = Math.max(largest, batch.weights[k]);
    }
    for (let k = 0; k < batch.size; k++) batch.weights[k] /= largest;
  }
}

function emptyBatch(size: number, observationSize: number): Batch {
  return {
    size,
    observations: new Float32Array(size * observationSize),
    actions: new Int32Array(size),
    rewards: new Float32Array(size),
    nextObservations: new Float32Array(size * observationSize),
    discounts: new Float32Array(size),
    indices: new Int32Array(size),
    weights: new Float32Array(size).fill(1),
  };
}
