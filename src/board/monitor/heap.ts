/**
 * SCAMP's heaps: real structures in the chip's memory, because cores allocate from them too.
 *
 *   heap    free, first, last block; free bytes; then the blocks
 *   block   next block in memory, next free block (of one in use: 0xffff0000 | app id << 8 | tag); then its bytes
 *
 * Blocks lie in order of address, and so does the chain of the free ones. A block of no size ends the heap.
 */

/** Words of a chip's memory. */
export interface Words {
  get(address: number): number;
  set(address: number, value: number): void;
}

const HEADER = 8;
const FREE = 0;
const FIRST = 4;
const LAST = 8;
const FREE_BYTES = 12;
const BUFFER = 16;
const NEXT = 0;
const LINK = 4;

/** Makes a heap of the memory from `base` to `top`. */
export function makeHeap(memory: Words, base: number, top: number): number {
  const first = base + BUFFER;
  const last = top - HEADER;
  memory.set(base + FREE, first);
  memory.set(base + FIRST, first);
  memory.set(base + LAST, last);
  memory.set(base + FREE_BYTES, last - first - HEADER);
  memory.set(first + NEXT, last);
  memory.set(first + LINK, 0);
  memory.set(last + NEXT, 0);
  memory.set(last + LINK, 0);
  return base;
}

export const freeBytes = (memory: Words, heap: number): number => memory.get(heap + FREE_BYTES);

/** `bytes` from the first free block that has them; 0: there is none. `owner`: app id << 8 | tag. */
export function allocate(memory: Words, heap: number, bytes: number, owner: number): number {
  if (bytes === 0) return 0;
  const size = ((bytes + 3) & ~3) + HEADER;
  let before = 0;
  for (let block = memory.get(heap + FREE); block !== 0; block = memory.get(block + LINK)) {
    const next = memory.get(block + NEXT);
    const end = block + size;
    if (end <= next) {
      // The rest becomes a block of its own, if it would hold anything.
      if (end + HEADER < next) {
        memory.set(end + NEXT, next);
        memory.set(end + LINK, memory.get(block + LINK));
        memory.set(block + NEXT, end);
        memory.set(block + LINK, end);
      }
      memory.set(before === 0 ? heap + FREE : before + LINK, memory.get(block + LINK));
      memory.set(heap + FREE_BYTES, memory.get(heap + FREE_BYTES) - (memory.get(block + NEXT) - block));
      memory.set(block + LINK, (0xffff0000 | owner) >>> 0);
      return block + HEADER;
    }
    before = block;
  }
  return 0;
}

/** Frees what `allocate` gave, joins it with its neighbours, and answers who had it. */
export function release(memory: Words, heap: number, pointer: number): number {
  const block = pointer - HEADER;
  const owner = memory.get(block + LINK) & 0xffff;
  memory.set(heap + FREE_BYTES, memory.get(heap + FREE_BYTES) + memory.get(block + NEXT) - block);
  let before = 0;
  let after = memory.get(heap + FREE);
  while (after !== 0 && after < block) {
    before = after;
    after = memory.get(after + LINK);
  }
  memory.set(block + LINK, after);
  memory.set(before === 0 ? heap + FREE : before + LINK, block);
  if (after !== 0 && memory.get(block + NEXT) === after) {
    memory.set(block + NEXT, memory.get(after + NEXT));
    memory.set(block + LINK, memory.get(after + LINK));
  }
  if (before !== 0 && memory.get(before + NEXT) === block) {
    memory.set(before + NEXT, memory.get(block + NEXT));
    memory.set(before + LINK, memory.get(block + LINK));
  }
  return owner;
}

/** Pointers of all that an application has. */
export function ownedBy(memory: Words, heap: number, appId: number): number[] {
  const found: number[] = [];
  for (
    let block = memory.get(heap + FIRST);
    block !== 0 && memory.get(block + NEXT) !== 0;
    block = memory.get(block + NEXT)
  ) {
    const owner = memory.get(block + LINK);
    if (owner >>> 16 === 0xffff && ((owner >> 8) & 255) === appId) found.push(block + HEADER);
  }
  return found;
}

/** How many bytes the block behind a pointer has. */
export const sizeOf = (memory: Words, pointer: number): number => memory.get(pointer - HEADER) - pointer;

/** Bytes of the largest free block. */
export function largestFree(memory: Words, heap: number): number {
  let largest = 0;
  for (let block = memory.get(heap + FREE); block !== 0; block = memory.get(block + LINK))
    if (memory.get(block + NEXT) !== 0) largest = Math.max(largest, memory.get(block + NEXT) - block - HEADER);
  return largest;
}
