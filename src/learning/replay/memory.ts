import type { Random } from "../../numeric/random.ts";
import type { Stored } from "../algorithm.ts";
import { Priorities } from "./priorities.ts";
import type { Batch, Prioritisation } from "./replay.ts";

type VectorBatch = Batch<Float32Array> & { readonly actions: Int32Array };

const tensors = ["observations", "nextObservations", "actions", "rewards", "discounts"] as const;

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
  private readonly priorities: Priorities | undefined;
  /** Per slot, the draw in which it was last taken: a batch without repetition costs no set. */
  private readonly drawn: Uint32Array;
  private draw = 0;
  private batch: VectorBatch | undefined;

  constructor(capacity: number, observationSize: number, prioritisation?: Prioritisation) {
    this.capacity = capacity;
    this.observationSize = observationSize;
    this.observations = new Float32Array(capacity * observationSize);
    this.nextObservations = new Float32Array(capacity * observationSize);
    this.actions = new Int32Array(capacity);
    this.rewards = new Float32Array(capacity);
    this.discounts = new Float32Array(capacity);
    this.drawn = new Uint32Array(capacity);
    if (prioritisation) this.priorities = new Priorities(capacity, prioritisation);
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
    this.priorities?.add(i);
    this.next = (i + 1) % this.capacity;
    this.count = Math.min(this.count + 1, this.capacity);
  }

  /** Forgets all that it holds. */
  clear(): void {
    for (let i = 0; i < this.count; i++) this.priorities?.forget(i);
    this.count = this.next = 0;
  }

  /** `size` transitions: without repetition when uniform, one from each of `size` equal strata of priority otherwise. */
  sample(size: number, random: Random): VectorBatch {
    if (size > this.count) throw new RangeError(`A batch of ${size} was asked of a memory that holds ${this.count}.`);
    const batch = this.batch?.size === size ? this.batch : (this.batch = emptyBatch(size, this.observationSize));
    if (this.priorities) this.priorities.draw(batch, random, this.count);
    else this.drawUniform(batch, random);
    const n = this.observationSize;
    for (let k = 0; k < size; k++) {
      const i = batch.slots[k];
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
  updatePriorities(slots: Int32Array, errors: Float32Array): void {
    this.priorities?.update(slots, errors);
  }

  /** The whole memory, for a checkpoint: views into it, cut to what is filled. */
  save(): Stored & { readonly facts: { count: number; next: number; largest: number } } {
    const { count, next } = this;
    const filled = tensors.map((name) => [name, this[name].subarray(0, (this[name].length / this.capacity) * count)]);
    const priorities = this.priorities?.save();
    return {
      facts: { count, next, largest: priorities?.largest ?? 1 },
      tensors: { ...Object.fromEntries(filled), ...(priorities && { priorities: priorities.values }) },
    };
  }

  restore(saved: Stored): void {
    const { count, next, largest } = saved.facts as ReturnType<ReplayMemory["save"]>["facts"];
    for (const name of tensors) this[name].set(saved.tensors[name] as Float32Array);
    this.count = count;
    this.next = next;
    this.priorities?.restore({ values: saved.tensors.priorities as Float64Array, largest });
  }

  private drawUniform({ size, slots }: Batch, random: Random): void {
    this.draw++;
    for (let k = 0; k < size; k++) {
      let i = random.integer(this.count);
      while (this.drawn[i] === this.draw) i = random.integer(this.count);
      this.drawn[i] = this.draw;
      slots[k] = i;
    }
  }
}

function emptyBatch(size: number, observationSize: number): VectorBatch {
  return {
    size,
    observations: new Float32Array(size * observationSize),
    actions: new Int32Array(size),
    rewards: new Float32Array(size),
    nextObservations: new Float32Array(size * observationSize),
    discounts: new Float32Array(size),
    slots: new Int32Array(size),
    weights: new Float32Array(size).fill(1),
  };
}
