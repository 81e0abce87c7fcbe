import { inflateRaw } from "../platform/node.ts";

/** So much may come out of an archive, besides so many times its own size: more than states of games shrink by. */
const LARGEST = 2 ** 26;
const LARGEST_RATIO = 64;

interface Entry {
  readonly name: string;
  readonly method: number;
  /** Bytes in the archive, and unpacked. */
  readonly packed: number;
  readonly size: number;
  /** Where its local header lies. */
  readonly offset: number;
}

/**
 * The files of a zip archive by name. Throws an Error for a damaged archive, one of zip64's sizes (which no file that fits into memory needs), and
 * one that claims to hold far more than its own size. Nothing is unpacked before all sizes are known.
 */
export function unzip(bytes: Uint8Array): Record<string, Uint8Array> {
  const entries = entriesOf(bytes);
  const total = entries.reduce((sum, { size }) => sum + size, 0);
  if (total > LARGEST + LARGEST_RATIO * bytes.length) throw new Error(`its files claim ${total} bytes`);
  if (entries.reduce((sum, { packed }) => sum + packed, 0) > bytes.length) throw new Error("its files overlap");
  if (new Set(entries.map(({ name }) => name)).size < entries.length) throw new Error("a name occurs twice");
  return Object.fromEntries(entries.map((entry) => [entry.name, unpacked(bytes, entry)]));
}

/** The names in a zip archive; none in anything else. */
export function namesIn(bytes: Uint8Array): string[] {
  try {
    return entriesOf(bytes).map(({ name }) => name);
  } catch {
    return [];
  }
}

/** The central directory (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.12 and 4.3.16). */
function entriesOf(bytes: Uint8Array): Entry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // The last record is 22 bytes and a comment of at most 65535.
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end = end > bytes.length - 65557 ? end - 1 : -1;
  if (end < 0) throw new Error("its directory is missing");
  const entries: Entry[] = [];
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (at + 46 > end || view.getUint32(at, true) !== 0x02014b50) throw new Error("its directory is damaged");
    const lengths = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    const [packed, size, offset] = [20, 24, 42].map((field) => view.getUint32(at + field, true));
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + lengths[0]));
    entries.push({ name, method: view.getUint16(at + 10, true), packed, size, offset });
    at += 46 + lengths[0] + lengths[1] + lengths[2];
  }
  return entries;
}

function unpacked(bytes: Uint8Array, { name, method, packed, size, offset }: Entry): Uint8Array {
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (offset + 30 > bytes.length || header.getUint32(offset, true) !== 0x04034b50)
    throw new Error(`"${name}" is not where it should be`);
  const from = offset + 30 + header.getUint16(offset + 26, true) + header.getUint16(offset + 28, true);
  if (from + packed > bytes.length) throw new Error(`"${name}" is cut short`);
  const data = bytes.subarray(from, from + packed);
  if (method !== 0 && method !== 8) throw new Error(`"${name}" is packed by the unknown method ${method}`);
  const plain = method === 0 ? data : inflated(data, name, size);
  if (plain.length !== size) throw new Error(`"${name}" has ${plain.length} bytes instead of ${size}`);
  return plain;
}

/** Never more than the directory says. */
function inflated(data: Uint8Array, name: string, size: number): Uint8Array {
  try {
    return inflateRaw(data, Math.max(size, 1));
  } catch (cause) {
    throw new Error(`"${name}" is damaged (${(cause as Error).message})`, { cause });
  }
}
