/** The last `depth` frames of `count` environments, of which only the newest ever travels: bytes, the newest last. */
export class FrameStack {
  readonly count: number;
  readonly pixels: number;
  readonly depth: number;
  /** [count, pixels, depth] */
  readonly #bytes: Uint8Array;
  /** With four frames, one of them per byte of a little-endian word. */
  readonly #words: Uint32Array | undefined;

  constructor(count: number, pixels: number, depth: number) {
    this.count = count;
    this.pixels = pixels;
    this.depth = depth;
    this.#bytes = new Uint8Array(count * pixels * depth);
    this.#words = depth === 4 && LITTLE_ENDIAN ? new Uint32Array(this.#bytes.buffer) : undefined;
  }

  /** A game's first frame stands for those before it. `frames`: [count, pixels]; only those where `mask` is 1. */
  fill(frames: Uint8Array, mask?: Uint8Array): void {
    const { pixels, depth } = this;
    for (let k = 0; k < this.count; k++) {
      if (mask && mask[k] !== 1) continue;
      for (let i = k * pixels; i < (k + 1) * pixels; i++) this.#bytes.fill(frames[i], i * depth, (i + 1) * depth);
    }
  }

  /** One frame more of each: `frames` [count, pixels]. */
  push(frames: Uint8Array): void {
    const words = this.#words;
    if (words) {
      for (let i = 0; i < words.length; i++) words[i] = (words[i] >>> 8) | (frames[i] << 24);
      return;
    }
    const bytes = this.#bytes;
    const { depth } = this;
    bytes.copyWithin(0, 1);
    for (let i = 0; i < frames.length; i++) bytes[(i + 1) * depth - 1] = frames[i];
  }

  /** A new array, [count, pixels, depth], of raw bytes as float32. */
  observations(): Float32Array {
    return new Float32Array(this.#bytes); // much faster than Float32Array.from
  }
}

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
