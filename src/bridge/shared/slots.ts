import { type Memory, WORDS } from "./handover.ts";
import { AREAS, type Region } from "./region.ts";

/** Slots begin at multiples of this: a cache line, and more than any element needs. */
export const ALIGNMENT = 64;

export const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/**
 * Room for the large arrays of messages, whose headers go by ZeroMQ. Who writes takes slots one behind the other, and begins anew when the other side
 * has read them all (it counts them, in a word of its own); where there is no room left, an array travels with its message.
 */
export class Slots {
  readonly #region: Region;
  readonly #board: Memory;
  #end = 0;
  #lent: number;
  #returned: number;

  constructor(region: Region) {
    this.#region = region;
    this.#board = region.board;
    this.#lent = this.#board.load(WORDS.UP_RETURNED);
    this.#returned = this.#board.load(WORDS.DOWN_RETURNED);
  }

  /** Copies `bytes` to where the worker finds them. Returns the place, or undefined where there is no room. */
  put(bytes: Uint8Array): number | undefined {
    if (this.#board.load(WORDS.UP_RETURNED) === this.#lent) this.#end = 0;
    const offset = this.#end;
    const end = offset + aligned(bytes.length);
    if (!this.#region.reserve(AREAS.up, end)) return undefined;
    this.#region.up.set(bytes, offset);
    this.#end = end;
    this.#lent = (this.#lent + 1) | 0;
    return offset;
  }

  /** A copy of what the worker put at `offset`. Throws RangeError where nothing can lie. */
  take(offset: number, bytes: number): Uint8Array {
    if (offset % ALIGNMENT !== 0 || offset + bytes > AREAS.down.bytes)
      throw new RangeError(`a slot of ${bytes} bytes at ${offset} lies outside of the region`);
    const copy = Buffer.allocUnsafeSlow(bytes); // unlike new Uint8Array, not filled with zeros first
    copy.set(this.#region.down.subarray(offset, offset + bytes));
    this.#returned = (this.#returned + 1) | 0;
    this.#board.store(WORDS.DOWN_RETURNED, this.#returned);
    return copy;
  }
}
