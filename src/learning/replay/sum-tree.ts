/** A binary tree over non-negative weights: sets one in O(log n), finds where a running sum passes a value in O(log n). */
export class SumTree {
  /** Node 1 is the root, the leaves are [size, 2 size); float64, so that repeated updates do not drift. */
  readonly nodes: Float64Array;
  private readonly size: number;

  constructor(capacity: number) {
    let size = 2;
    while (size < capacity) size *= 2;
    this.size = size;
    this.nodes = new Float64Array(2 * this.size);
  }

  get total(): number {
    return this.nodes[1];
  }

  get(index: number): number {
    return this.nodes[this.size + index];
  }

  set(index: number, weight: number): void {
    let node = this.size + index;
    this.nodes[node] = weight;
    // Sums are recomputed, never adjusted by a difference: the tree then depends on its leaves alone, not on their history.
    for (node >>= 1; node >= 1; node >>= 1) this.nodes[node] = this.nodes[2 * node] + this.nodes[2 * node + 1];
  }

  /** The index i with sum(0..i-1) <= value < sum(0..i), for value in [0, total). */
  find(value: number): number {
    let node = 1;
    while (node < this.size) {
      const left = this.nodes[2 * node];
      // A right branch of weight 0 is never entered, even where rounding makes value reach the left sum.
      if (value < left || this.nodes[2 * node + 1] === 0) node = 2 * node;
      else {
        value -= left;
        node = 2 * node + 1;
      }
    }
    return node - this.size;
  }
}
