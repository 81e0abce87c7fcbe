import { pow } from "../../numeric/elementary.ts";
import type { Random } from "../../numeric/random.ts";
import type { Batch, Prioritisation } from "./replay.ts";
import { SumTree } from "./sum-tree.ts";

/** The priorities of a memory's slots. */
export class Priorities {
  private readonly options: Prioritisation;
  private readonly slots: number;
  private readonly tree: SumTree;
  private largest = 1;

  constructor(slots: number, options: Prioritisation) {
    this.options = options;
    this.slots = slots;
    this.tree = new SumTree(slots);
  }

  /** A new transition gets the largest priority seen: it is learned from at least once, probably. */
  add(slot: number): void {
    this.tree.set(slot, this.largest);
  }

  forget(slot: number): void {
    this.tree.set(slot, 0);
  }

  /** Of the transitions in `slots`, by how much their values were wrong. */
  update(slots: Int32Array, errors: Float32Array): void {
    const { alpha, epsilon } = this.options;
    for (let k = 0; k < slots.length; k++) {
      const priority = pow(Math.abs(errors[k]) + epsilon, alpha);
      this.largest = Math.max(this.largest, priority);
      this.tree.set(slots[k], priority);
    }
  }

  /** Draws one slot from each of `batch.size` equal strata of priority; `held`: transitions in the memory. */
  draw({ size, slots, weights }: Batch, random: Random, held: number): void {
    const { tree } = this;
    const stratum = tree.total / size;
    let largest = 0;
    for (let k = 0; k < size; k++) {
      const slot = tree.find((k + random.uniform()) * stratum);
      slots[k] = slot;
      weights[k] = pow((held * tree.get(slot)) / tree.total, -this.options.beta);
      largest = Math.max(largest, weights[k]);
    }
    for (let k = 0; k < size; k++) weights[k] /= largest;
  }

  save(): { values: Float64Array; largest: number } {
    return {
      values: Float64Array.from({ length: this.slots }, (_, i) => this.tree.get(i)),
      largest: this.largest,
    };
  }

  restore({ values, largest }: { values: Float64Array; largest: number }): void {
    values.forEach((value, i) => this.tree.set(i, value));
    this.largest = largest;
  }
}
