import { inflateSync } from "fflate";
import type { Sha256 } from "./node.ts";

// The same names as node.ts: bundlers for the browser put this file in its place.

export type { Sha256 };

/** As in FIPS 180-4: fractional parts of the square roots of the first 8 primes, and of the cube roots of the first 64. */
const START = fractions(8, Math.sqrt);
// eslint-disable-next-line no-restricted-properties -- 35 of its 53 bits count
const ROUNDS = fractions(64, Math.cbrt);

/** A page's own digest is asynchronous, and absent where the page came without TLS. */
export function sha256(): Sha256 {
  const state = START.slice();
  const block = new Uint8Array(64);
  const view = new DataView(block.buffer);
  const words = new Uint32Array(64);
  let length = 0;
  const feed = (bytes: Uint8Array): void => {
    for (let at = 0; at < bytes.length;) {
      const used = length % 64;
      const part = bytes.subarray(at, at + 64 - used);
      block.set(part, used);
      length += part.length;
      at += part.length;
      if (length % 64 === 0) compress(state, words, view);
    }
  };
  const own: Sha256 = {
    update(bytes) {
      feed(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
      return own;
    },
    digest() {
      const bits = new Uint8Array(8);
      new DataView(bits.buffer).setBigUint64(0, BigInt(length) * 8n);
      feed(Uint8Array.of(0x80));
      feed(new Uint8Array((120 - (length % 64)) % 64));
      feed(bits);
      return Array.from(state, (word) => word.toString(16).padStart(8, "0")).join("");
    },
  };
  return own;
}

function compress(state: Uint32Array, words: Uint32Array, block: DataView): void {
  for (let t = 0; t < 16; t++) words[t] = block.getUint32(4 * t);
  for (let t = 16; t < 64; t++) {
    const [x, y] = [words[t - 15], words[t - 2]];
    const small = rotated(x, 7) ^ rotated(x, 18) ^ (x >>> 3);
    words[t] = words[t - 16] + small + words[t - 7] + (rotated(y, 17) ^ rotated(y, 19) ^ (y >>> 10));
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let t = 0; t < 64; t++) {
    const choice = (e & f) ^ (~e & g);
    const first = (h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + choice + ROUNDS[t] + words[t]) | 0;
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const second = ((rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + majority) | 0;
    [a, b, c, d, e, f, g, h] = [(first + second) | 0, a, b, c, (d + first) | 0, e, f, g];
  }
  [a, b, c, d, e, f, g, h].forEach((value, k) => (state[k] += value));
}

const rotated = (x: number, by: number): number => (x >>> by) | (x << (32 - by));

function fractions(count: number, root: (prime: number) => number): Uint32Array {
  const primes: number[] = [];
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return Uint32Array.from(primes, (prime) => Math.floor((root(prime) % 1) * 2 ** 32));
}

/** Processors that this page may use. */
export function processors(): number {
  return (globalThis as { navigator?: { hardwareConcurrency?: number } }).navigator?.hardwareConcurrency ?? 1;
}

/** As much of a MessagePort as there is in pages and in Node. */
interface Port {
  onmessage: () => void;
  postMessage(message: unknown): void;
  ref?(): void;
  unref?(): void;
}

const waiting: (() => void)[] = [];
let turns: Record<"port1" | "port2", Port> | undefined;

/** A timer would wait for four milliseconds. */
export function nextTurn(): Promise<void> {
  if (!turns) {
    turns = new MessageChannel() as unknown as Record<"port1" | "port2", Port>;
    const { port1 } = turns;
    port1.onmessage = () => {
      waiting.shift()?.();
      if (waiting.length === 0) port1.unref?.(); // of a process of Node it would be the last thing that keeps it
    };
  }
  const { port1, port2 } = turns;
  return new Promise((resolve) => {
    waiting.push(resolve);
    port1.ref?.();
    port2.postMessage(0);
  });
}

/** What was packed by deflate (RFC 1951), which may be at most `size` bytes. Throws an Error for what is damaged or more. */
export function inflateRaw(bytes: Uint8Array, size: number): Uint8Array {
  // fflate fills what it is given, and drops what comes after.
  const unpacked = inflateSync(bytes, { out: new Uint8Array(size + 1) });
  if (unpacked.length > size) throw new Error("it holds more than it says");
  return unpacked;
}
