/** The last `depth` frames of `count` environments, of which only the newest ever travels: bytes, the newest last. */
export class FrameStack {
  readonly count: number;
  readonly pixels: number;
  readonly depth: number;
  /** [depth, count, pixels], a ring: `#starts` says where its frames begin, the oldest first. */
  readonly #ring: Uint8Array;
  #starts: readonly number[];

  constructor(count: number, pixels: number, depth: number) {
    this.count = count;
    this.pixels = pixels;
    this.depth = depth;
    this.#ring = new Uint8Array(depth * count * pixels);
    this.#starts = Array.from({ length: depth }, (_, d) => d * count * pixels);
  }

  /** A game's first frame stands for those before it, or zeros do. `frames`: [count, pixels]; only those where `mask` is 1. */
  fill(frames: Uint8Array, mask?: Uint8Array, padding: "first" | "zeros" = "first"): void {
    const newest = this.#starts.at(-1)!;
    for (let at = 0, k = 0; k < this.count; k++, at += this.pixels)
      if (!mask || mask[k] === 1)
        for (const start of this.#starts)
          if (padding === "first" || start === newest)
            this.#ring.set(frames.subarray(at, at + this.pixels), start + at);
          else this.#ring.fill(0, start + at, start + at + this.pixels);
  }

  /** One frame more of each: `frames` [count, pixels]. */
  push(frames: Uint8Array): void {
    const [oldest, ...newer] = this.#starts;
    this.#ring.set(frames, oldest);
    this.#starts = [...newer, oldest];
  }

  /** A new array, [count, pixels, depth], of raw bytes as float32. */
  observations(): Float32Array {
    const bytes = new Uint8Array(this.#ring.length);
    // All environments at once: each of their frames lies behind the one's before.
    assembleStack(this.#ring, this.#starts, this.count * this.pixels, bytes);
    return new Float32Array(bytes); // much faster than Float32Array.from
  }
}

/**
 * Puts frames side by side as channels: into[at + p * stack + k] = frames[offsets[k] + p], for p in [0, frameSize). Four frames
 * are packed into one 32-bit word per pixel, which is several times faster than byte by byte.
 */
export function assembleStack(
  frames: Uint8Array,
  offsets: readonly number[],
  frameSize: number,
  into: Uint8Array,
  at = 0,
): void {
  const stack = offsets.length;
  if (stack === 1) {
    into.set(frames.subarray(offsets[0], offsets[0] + frameSize), at);
    return;
  }
  if (stack === 4 && (into.byteOffset + at) % 4 === 0) {
    const [a, b, c, d] = offsets;
    const words = new Uint32Array(into.buffer, into.byteOffset + at, frameSize);
    for (let p = 0; p < frameSize; p++)
      words[p] = frames[a + p] | (frames[b + p] << 8) | (frames[c + p] << 16) | (frames[d + p] << 24);
    return;
  }
  for (let k = 0; k < stack; k++)
    for (let p = 0, to = at + k; p < frameSize; p++, to += stack) into[to] = frames[offsets[k] + p];
}
