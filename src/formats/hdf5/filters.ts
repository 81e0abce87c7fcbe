import { Inflate } from "fflate";
import { adler32, fletcher32 } from "./checksum.ts";
import { type Cursor, damaged, type Source, textOf, unsupported } from "./bytes.ts";

/** One of the steps that a chunk went through when it was written. */
export interface Filter {
  readonly id: number;
  readonly name: string;
  /** What it was told. */
  readonly values: readonly number[];
}

const names: Readonly<Record<number, string>> = {
  1: "gzip",
  2: "shuffle",
  3: "fletcher32",
  4: "szip",
  5: "nbit",
  6: "scaleoffset",
  32000: "lzf",
};

/** The message "filter pipeline"; filters that are not known are refused, by name. */
export function filtersOf(message: Cursor): Filter[] {
  const version = message.version(1, 2);
  const count = message.u8();
  if (version === 1) message.skip(6);
  return Array.from({ length: count }, () => {
    const id = message.u16();
    const nameLength = version === 1 || id >= 256 ? message.u16() : 0;
    message.skip(2);
    const valueCount = message.u16();
    const padded = version === 1 ? Math.ceil(nameLength / 8) * 8 : nameLength;
    const own = textOf(message.source, message.take(padded), "the name of a filter");
    const values = Array.from({ length: valueCount }, () => message.u32());
    if (version === 1 && valueCount % 2 === 1) message.skip(4);
    if (![1, 2, 3, 32000].includes(id))
      throw unsupported(message.source, `the filter ${names[id] ?? (own || "without a name")} (${id})`);
    return { id, name: names[id], values };
  });
}

/** The `size` bytes of a chunk, the filters undone from the last to the first; bits set in `mask`: not that one. */
export function unfiltered(
  source: Source,
  stored: Uint8Array,
  filters: readonly Filter[],
  mask: number,
  { size, width }: { size: number; width: number },
): Uint8Array {
  let bytes = stored;
  for (let f = filters.length - 1; f >= 0; f--) {
    if ((mask >>> f) & 1) continue;
    const { id, values } = filters[f];
    if (id === 3) bytes = checked(source, bytes);
    // Behind a checksum a chunk is four bytes longer.
    else if (id === 1) bytes = inflated(source, bytes, size + 4);
    else if (id === 32000) bytes = fromLzf(source, bytes, size + 4);
    else bytes = unshuffled(bytes, values[0] || width);
  }
  if (bytes.length !== size) throw damaged(source, `a chunk has ${bytes.length} bytes instead of ${size}`);
  return bytes;
}

/** zlib's format, at most `largest` bytes. */
function inflated(source: Source, bytes: Uint8Array, largest: number): Uint8Array {
  if (bytes.length < 6 || (bytes[0] & 15) !== 8 || ((bytes[0] << 8) | bytes[1]) % 31 !== 0 || bytes[1] & 0x20)
    throw damaged(source, "a gzip chunk does not begin like one");
  const parts: Uint8Array[] = [];
  let size = 0;
  const stream = new Inflate((part) => {
    if ((size += part.length) > largest) throw damaged(source, `a gzip chunk holds more than ${largest} bytes`);
    parts.push(part);
  });
  const body = bytes.subarray(2, -4);
  try {
    // In pieces, so that what is too long ends early: a piece can become a thousand times as long.
    for (let at = 0; at < body.length || at === 0; at += 8192)
      stream.push(body.subarray(at, at + 8192), at + 8192 >= body.length);
  } catch (error) {
    if ((error as { code?: unknown }).code === "HDF5_INVALID") throw error;
    throw damaged(source, `a gzip chunk can't be unpacked (${(error as Error).message})`, error);
  }
  const result = joined(parts, size);
  const sum = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4).getUint32(0);
  if (adler32(result) !== sum) throw damaged(source, "a gzip chunk's checksum is wrong");
  return result;
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  if (parts.length === 1) return parts[0];
  const result = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/**
 * LibLZF (http://oldhome.schmorp.de/marc/liblzf.html): a byte below 32 is followed by so many literals and one more;
 * others are a length (3 bits, 7: another byte follows), then a distance of 13 bits back.
 */
function fromLzf(source: Source, bytes: Uint8Array, largest: number): Uint8Array {
  const result = new Uint8Array(largest);
  let [at, out] = [0, 0];
  const wrong = (): never => {
    throw damaged(source, "an lzf chunk can't be unpacked");
  };
  while (at < bytes.length) {
    const control = bytes[at++];
    if (control < 32) {
      if (at + control + 1 > bytes.length || out + control + 1 > largest) wrong();
      result.set(bytes.subarray(at, at + control + 1), out);
      at += control + 1;
      out += control + 1;
      continue;
    }
    const length = 2 + (control >> 5 === 7 ? 7 + bytes[at++] : control >> 5);
    let from = out - ((control & 31) << 8) - bytes[at++] - 1;
    if (at > bytes.length || from < 0 || out + length > largest) wrong();
    for (const end = out + length; out < end;) result[out++] = result[from++];
  }
  return result.subarray(0, out);
}

/** The first bytes of all elements, then the second ...: back in order. What is left over stays behind. */
function unshuffled(bytes: Uint8Array, width: number): Uint8Array {
  const count = Math.floor(bytes.length / width);
  if (width < 2 || count < 2) return bytes;
  const result = bytes.slice();
  for (let byte = 0, at = 0; byte < width; byte++)
    for (let k = 0; k < count; k++) result[k * width + byte] = bytes[at++];
  return result;
}

function checked(source: Source, bytes: Uint8Array): Uint8Array {
  if (bytes.length < 4) throw damaged(source, "a chunk is shorter than its checksum");
  const data = bytes.subarray(0, -4);
  const sum = new DataView(bytes.buffer, bytes.byteOffset + data.length).getUint32(0, true);
  if (fletcher32(data) !== sum) throw damaged(source, "a chunk's fletcher32 checksum is wrong");
  return data;
}
