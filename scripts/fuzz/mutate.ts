import { zipSync } from "fflate";
import { unzip } from "../../src/formats/zip.ts";
import type { Random } from "../../src/numeric/random.ts";

/** What is put where it does not belong: extremes of sizes, names that mean something to a language or a file system, values of other kinds. */
const NUMBERS = [0, -1, 1, 255, 65535, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 1e308, -1e308, 0.5, 1e-320];
const NAMES = [
  "",
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "../../canary",
  "/etc/passwd",
  "a\u0000b",
  "𝕊",
  "-0",
  "length",
];
const LONGEST = 400_000;

/** A form in which bytes hold what JSON could hold. */
export interface Form {
  decode(bytes: Uint8Array): unknown;
  encode(value: unknown): Uint8Array;
}

const pick = <T>(random: Random, items: readonly T[]): T => items[random.integer(items.length)];

/**
 * A damaged or forged version of a valid file. What lies inside archives, headers and JSON is changed as what it is and put back, sizes corrected,
 * so that the damage gets past the outermost check. `tokens`: pieces that mean something in the format.
 */
export function mutated(file: Uint8Array, random: Random, tokens: readonly Uint8Array[] = [], form?: Form): Uint8Array {
  let bytes = file;
  for (let rounds = random.uniform() < 0.6 ? 1 : 1 + random.integer(3); rounds > 0; rounds--)
    bytes = (random.uniform() < 0.6 && inside(bytes, random, tokens, form)) || damaged(bytes, random, tokens);
  return bytes.length > LONGEST ? bytes.slice(0, LONGEST) : bytes;
}

/** Changed as what the bytes are; undefined where that is nothing that is known here. */
function inside(
  bytes: Uint8Array,
  random: Random,
  tokens: readonly Uint8Array[],
  form: Form | undefined,
): Uint8Array | undefined {
  if (bytes.length < 8) return undefined;
  try {
    if (form) return form.encode(forged(form.decode(bytes), random));
    if (bytes[0] === 0x50 && bytes[1] === 0x4b) return archive(bytes, random, tokens);
    if (bytes[0] === 0x7b || bytes[0] === 0x5b) return json(bytes, random);
    if (bytes[8] === 0x7b && bytes[0] !== 0x89) return headed(bytes, random);
  } catch {
    // damaged before
  }
  return undefined;
}

/** What whole files hold, which are damaged again and again; nobody changes it. */
const unpacked = new WeakMap<Uint8Array, Readonly<Record<string, Uint8Array>>>();

function archive(bytes: Uint8Array, random: Random, tokens: readonly Uint8Array[]): Uint8Array {
  let members = unpacked.get(bytes);
  if (!members) unpacked.set(bytes, (members = unzip(bytes)));
  const files: Record<string, Uint8Array> = { ...members };
  const names = Object.keys(files);
  const name = pick(random, names);
  const kind = random.uniform();
  if (kind < 0.8) files[name] = mutated(files[name], random, tokens);
  else if (kind < 0.85) delete files[name];
  else if (kind < 0.95) files[name] = files[pick(random, names)];
  else {
    files[`${pick(random, NAMES) || "x"}${random.integer(9)}`] = files[name];
    delete files[name];
  }
  return zipSync(files, { level: random.uniform() < 0.9 ? 0 : 6, mtime: "1980-01-01T12:00:00" });
}

/** A length of 8 bytes, JSON, and bytes (safetensors). */
function headed(bytes: Uint8Array, random: Random): Uint8Array {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = json(bytes.subarray(8, 8 + length), random);
  const out = new Uint8Array(8 + header.length + bytes.length - 8 - length);
  new DataView(out.buffer).setBigUint64(0, BigInt(header.length), true);
  out.set(header, 8);
  out.set(bytes.subarray(8 + length), 8 + header.length);
  return out;
}

const parsed = new WeakMap<Uint8Array, { value: unknown }>();

function json(bytes: Uint8Array, random: Random): Uint8Array {
  let whole = parsed.get(bytes);
  if (!whole) parsed.set(bytes, (whole = { value: JSON.parse(new TextDecoder().decode(bytes)) as unknown }));
  let { value } = whole;
  for (let count = 1 + random.integer(2); count > 0; count--) value = forged(value, random);
  // A key that JSON.stringify cannot write twice, or as what it is.
  let text = JSON.stringify(value);
  if (random.uniform() < 0.1) text = text.replace(/"(\w+)":/, (_, key) => `"${pick(random, NAMES.slice(1, 4))}":{"polluted":1},"${key}":`); // prettier-ignore
  return new TextEncoder().encode(text);
}

/** One thing in it is another; JSON inside of strings is JSON too. */
function forged(value: unknown, random: Random): unknown {
  const deeper = random.uniform() < 0.85 && !ArrayBuffer.isView(value);
  if (deeper && typeof value === "string" && value.startsWith("{")) {
    try {
      return JSON.stringify(forged(JSON.parse(value), random));
    } catch {
      return strange(value, random);
    }
  }
  if (!deeper || typeof value !== "object" || value === null) return strange(value, random);
  if (Array.isArray(value)) {
    const items = value as unknown[];
    if (items.length === 0) return [strange(null, random)];
    const at = random.integer(items.length);
    const kind = random.uniform();
    if (kind < 0.1) return items.filter((_, k) => k !== at);
    if (kind < 0.2) return [...items, items[at]];
    if (kind < 0.25) return items.concat(items).reverse();
    return items.map((item, k) => (k === at ? forged(item, random) : item));
  }
  const entries = Object.entries(value);
  if (entries.length === 0) return { [pick(random, NAMES)]: 1 };
  const at = random.integer(entries.length);
  const kind = random.uniform();
  if (kind < 0.1) entries.splice(at, 1);
  else if (kind < 0.2) entries[at] = [pick(random, NAMES), entries[at][1]];
  else if (kind < 0.25) entries.push([`${entries[at][0]}2`, entries[at][1]]);
  else entries[at] = [entries[at][0], forged(entries[at][1], random)];
  return Object.fromEntries(entries);
}

function strange(value: unknown, random: Random): unknown {
  const kind = random.uniform();
  if (kind < 0.35) return pick(random, NUMBERS);
  if (kind < 0.5) return pick(random, NAMES);
  if (kind < 0.55) return null;
  if (kind < 0.6) return random.uniform() < 0.5;
  if (kind < 0.7) return [];
  if (kind < 0.75) return {};
  if (kind < 0.8) return [value, value];
  if (kind < 0.85) return { value };
  if (kind < 0.88) return nest(value, 2000);
  if (kind < 0.92) return "9".repeat(1 + random.integer(400));
  if (kind < 0.95) return "<img src=x onerror=alert(1)>";
  return typeof value === "number" ? -value : String(value);
}

function nest(value: unknown, depth: number): unknown {
  let nested = value;
  for (let k = 0; k < depth; k++) nested = [nested];
  return nested;
}

/** Bytes that are other ones, missing, or in another place. */
function damaged(file: Uint8Array, random: Random, tokens: readonly Uint8Array[]): Uint8Array {
  if (file.length === 0) return Uint8Array.of(random.integer(256));
  let bytes: Uint8Array = new Uint8Array(file);
  for (let count = random.uniform() < 0.5 ? 1 : 1 + random.integer(5); count > 0; count--) {
    const at = random.integer(random.uniform() < 0.5 ? Math.min(bytes.length, 2048) : bytes.length);
    const kind = random.uniform();
    if (kind < 0.3) bytes[at] = random.integer(256);
    else if (kind < 0.45) bytes[at] ^= 1 << random.integer(8);
    else if (kind < 0.6) bytes.fill(random.uniform() < 0.5 ? 0xff : 0, at, at + pick(random, [1, 2, 4, 8]));
    else if (kind < 0.72) {
      const from = random.integer(bytes.length);
      bytes.copyWithin(at, from, from + pick(random, [1, 4, 8, 64]));
    } else if (kind < 0.82) bytes = numeral(bytes, at, random);
    else if (kind < 0.9 && tokens.length > 0) bytes = inserted(bytes, at, pick(random, tokens));
    else if (kind < 0.93) bytes = inserted(bytes, at, bytes.slice(at, at + 1 + random.integer(64)));
    else if (kind < 0.96) bytes = removed(bytes, at, at + 1 + random.integer(16));
    else if (random.uniform() < 0.3) bytes = bytes.slice(0, Math.max(1, at));
  }
  return bytes;
}

/** The number in digits behind `at` becomes another. */
function numeral(bytes: Uint8Array, at: number, random: Random): Uint8Array {
  const digit = (k: number): boolean => bytes[k] >= 0x30 && bytes[k] <= 0x39;
  let from = at;
  while (from < bytes.length && from < at + 200 && !digit(from)) from++;
  if (!digit(from)) return bytes;
  let end = from;
  while (digit(end)) end++;
  const number = new TextEncoder().encode(String(pick(random, NUMBERS)));
  return inserted(removed(bytes, from, end), from, number);
}

function inserted(bytes: Uint8Array, at: number, more: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length + more.length);
  out.set(bytes.subarray(0, at));
  out.set(more, at);
  out.set(bytes.subarray(at), at + more.length);
  return out;
}

function removed(bytes: Uint8Array, from: number, end: number): Uint8Array {
  const out = new Uint8Array(bytes.length - (Math.min(end, bytes.length) - from));
  out.set(bytes.subarray(0, from));
  out.set(bytes.subarray(Math.min(end, bytes.length)), from);
  return out.length === 0 ? Uint8Array.of(0) : out;
}
