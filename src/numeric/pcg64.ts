/**
 * The random stream that Gymnasium gives an environment of this seed: NumPy's `Generator(PCG64(SeedSequence(seed)))`, bit for bit, as far as
 * uniform numbers go.
 *
 * Sources: O'Neill 2014 (PCG XSL-RR 128/64); numpy/random/bit_generator.pyx (SeedSequence, after O'Neill's `seed_seq_fe`).
 */
export class Pcg64 {
  #state: bigint;
  readonly #increment: bigint;

  /** `seed`: an integer from 0 to 2^53. */
  constructor(seed: number) {
    const [a, b, c, d] = seedWords(seed);
    this.#increment = ((((c << 64n) | d) << 1n) | 1n) & MASK;
    this.#state = this.#increment;
    this.#state = (this.#state + ((a << 64n) | b)) & MASK;
    this.#advance();
  }

  #advance(): void {
    this.#state = (this.#state * MULTIPLIER + this.#increment) & MASK;
  }

  /** Uniform in [low, high), of 53 random bits. */
  uniform(low: number, high: number): number {
    this.#advance();
    const word = BigInt.asUintN(64, (this.#state >> 64n) ^ this.#state);
    const by = this.#state >> 122n;
    const rotated = BigInt.asUintN(64, (word >> by) | (word << (64n - by)));
    return low + (high - low) * (Number(rotated >> 11n) / 9007199254740992);
  }
}

const MASK = (1n << 128n) - 1n;
const MULTIPLIER = (2549297995355413924n << 64n) + 4865540595714422341n;

/** Four words of 64 bits that a seed comes to (SeedSequence.generate_state). */
function seedWords(seed: number): bigint[] {
  const entropy = [seed >>> 0, Math.floor(seed / 4294967296)];
  let hash = 0x43b0d7e5;
  const mixed = (value: number): number => {
    value ^= hash;
    hash = Math.imul(hash, 0x931e8875);
    return folded(Math.imul(value, hash));
  };
  const pool = Array.from({ length: 4 }, (_, i) => mixed(entropy[i] ?? 0));
  for (let from = 0; from < 4; from++)
    for (let to = 0; to < 4; to++)
      if (from !== to) pool[to] = folded(Math.imul(0xca01f9dd, pool[to]) - Math.imul(0x4973f715, mixed(pool[from])));
  hash = 0x8b51f9dd;
  const words = Array.from({ length: 8 }, (_, k) => {
    const value = pool[k % 4] ^ hash;
    hash = Math.imul(hash, 0x58f38ded);
    return BigInt(folded(Math.imul(value, hash)) >>> 0);
  });
  return Array.from({ length: 4 }, (_, k) => (words[2 * k + 1] << 32n) | words[2 * k]);
}

const folded = (x: number): number => x ^ (x >>> 16);
