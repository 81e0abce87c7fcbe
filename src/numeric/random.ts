import { cos, log } from "./elementary.ts";

/**
 * Seeded pseudo-random numbers whose whole state is four integers, so that a resumed run continues the same stream.
 * Generator: xoshiro128** 1.1 (Blackman & Vigna 2018), seeded through splitmix32.
 */
export type RandomState = readonly [number, number, number, number];

/** A seeded stream of numbers; `state` is all that it takes to go on with it. */
export class Random {
  private s: Uint32Array<ArrayBuffer>;

  constructor(seed: number | RandomState) {
    this.s = typeof seed === "number" ? seedState(seed) : Uint32Array.from(seed);
  }

  get state(): RandomState {
    return [this.s[0], this.s[1], this.s[2], this.s[3]];
  }

  set state(state: RandomState) {
    this.s = Uint32Array.from(state);
  }

  /** Uniform in [0, 2^32). */
  uint32(): number {
    const s = this.s;
    const result = Math.imul(rotl(Math.imul(s[1], 5), 7), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 11);
    return result;
  }

  /** Uniform in [0, 1) with 53 random bits. */
  uniform(): number {
    return ((this.uint32() >>> 5) * 67108864 + (this.uint32() >>> 6)) / 9007199254740992;
  }

  /** Uniform integer in [0, n), without modulo bias. */
  integer(n: number): number {
    const limit = 4294967296 - (4294967296 % n);
    let x = this.uint32();
    while (x >= limit) x = this.uint32();
    return x % n;
  }

  /** Standard normal (Box & Muller 1958); the second value is not kept, so the state alone says what comes next. */
  normal(): number {
    const radius = Math.sqrt(-2 * log(1 - this.uniform()));
    return radius * cos(2 * Math.PI * this.uniform());
  }

  /** Fisher-Yates, in place. */
  shuffle<T extends { [index: number]: number; length: number }>(values: T): T {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [values[i], values[j]] = [values[j], values[i]];
    }
    return values;
  }

  /** An independent stream named by `label`: environment, exploration, replay and weights never share numbers. */
  static stream(seed: number, label: string): Random {
    let hash = 2166136261; // FNV-1a
    for (let i = 0; i < label.length; i++) hash = Math.imul(hash ^ label.charCodeAt(i), 16777619);
    return new Random((Math.imul(seed >>> 0, 0x9e3779b1) ^ hash ^ Math.floor(seed / 4294967296)) >>> 0);
  }
}

function rotl(x: number, k: number): number {
  return (x << k) | (x >>> (32 - k));
}

function seedState(seed: number): Uint32Array<ArrayBuffer> {
  let x = seed >>> 0;
  return Uint32Array.from({ length: 4 }, () => {
    x = (x + 0x9e3779b9) >>> 0;
    let z = x;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  });
}
