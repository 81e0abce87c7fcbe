import { sizeOf } from "../../files/tensor.ts";
import { powerOfTwo } from "../../numeric/elementary.ts";
import { Cursor, damaged, type Source, spend, unsupported } from "./bytes.ts";
import { lookup3 } from "./checksum.ts";
import { type Filter, unfiltered } from "./filters.ts";
import { forEachLeaf } from "./groups.ts";

/** Where an array's bytes lie. */
export type Layout =
  | { readonly kind: "compact"; readonly bytes: Uint8Array }
  | { readonly kind: "contiguous"; readonly address: number | undefined; readonly size: number }
  | { readonly kind: "chunked"; readonly chunk: readonly number[]; readonly index: ChunkIndex };

/** How chunks are found. `address` undefined: none was ever written. */
interface ChunkIndex {
  readonly kind: "b-tree" | "single" | "implicit" | "fixed array";
  readonly address: number | undefined;
  /** Of a single one, where it was filtered. */
  readonly size?: number;
  readonly mask?: number;
}

interface Chunk {
  /** Of its first element. */
  readonly offset: readonly number[];
  readonly address: number;
  readonly size: number;
  readonly mask: number;
}

/** The message "data layout". `width`: bytes of an element. */
export function layoutOf(message: Cursor, width: number): Layout {
  const version = message.version(3, 4, 5);
  const kind = message.u8();
  if (kind === 0) return { kind: "compact", bytes: message.take(message.u16()) };
  if (kind === 1) return { kind: "contiguous", address: message.address(), size: message.length() };
  if (kind !== 2) throw unsupported(message.source, kind === 3 ? "a virtual dataset" : `layout ${kind}`);
  return version === 3 ? chunkedLayout(message, width) : newChunkedLayout(message, width);
}

function chunkedLayout(message: Cursor, width: number): Layout {
  const rank = message.u8();
  const address = message.address();
  const sizes = Array.from({ length: rank }, () => message.u32());
  return { kind: "chunked", chunk: chunkShape(message, sizes, width), index: { kind: "b-tree", address } };
}

const indexes = ["", "single", "implicit", "fixed array", "extensible array", "B-tree of version 2"] as const;

function newChunkedLayout(message: Cursor, width: number): Layout {
  const [flags, rank, bytes] = [message.u8(), message.u8(), message.u8()];
  const sizes = Array.from({ length: rank }, () => message.unsigned(bytes));
  const chunk = chunkShape(message, sizes, width);
  const type = message.u8();
  const kind = indexes[type];
  if (kind !== "single" && kind !== "implicit" && kind !== "fixed array")
    throw unsupported(message.source, `chunks that are found by ${kind || `an index of type ${type}`}`);
  const filtered = kind === "single" && (flags & 2) !== 0;
  const own = filtered ? { size: message.length(), mask: message.u32() } : {};
  if (kind === "fixed array") message.skip(1);
  return { kind: "chunked", chunk, index: { kind, address: message.address(), ...own } };
}

/** The last size is the element's. */
function chunkShape({ source }: Cursor, sizes: readonly number[], width: number): number[] {
  if (sizes.length < 2 || sizes.length > 33 || sizes.some((n) => n < 1) || sizes.at(-1) !== width)
    throw damaged(source, `a chunk has the shape [${sizes.join(", ")}] with elements of ${width} bytes`);
  return sizes.slice(0, -1);
}

/** What an array is and how it lies there. */
export interface Stored {
  readonly shape: readonly number[];
  readonly width: number;
  readonly layout: Layout;
  readonly filters: readonly Filter[];
  /** One element, where none was written; zeros unless given. */
  readonly fill: Uint8Array | undefined;
}

/** An array's bytes, row-major. */
export function rawBytes(source: Source, stored: Stored, what: string): Uint8Array {
  const { layout, shape, width } = stored;
  const size = sizeOf(shape) * width;
  if (layout.kind === "chunked") return chunks(source, stored, layout, size, what);
  if (stored.filters.length > 0) throw damaged(source, `${what} has filters, but no chunks`);
  if (layout.kind === "contiguous" && layout.address === undefined) return filled(source, stored, size, what);
  const there = layout.kind === "compact" ? layout.bytes.length : layout.size;
  if (there !== size)
    throw damaged(source, `${what} has ${there} bytes, and its shape [${shape.join(", ")}] needs ${size}`);
  if (layout.kind === "compact") return layout.bytes;
  return new Cursor(source, layout.address!, size, what).rest();
}

function filled(source: Source, { fill, width }: Stored, size: number, what: string): Uint8Array {
  spend(source, size, what);
  const result = new Uint8Array(size);
  if (fill?.some((byte) => byte !== 0)) for (let at = 0; at < size; at += width) result.set(fill, at);
  return result;
}

function chunks(
  source: Source,
  stored: Stored,
  { chunk, index }: Extract<Layout, { kind: "chunked" }>,
  size: number,
  what: string,
): Uint8Array {
  const { shape, width, filters } = stored;
  if (chunk.length !== shape.length) throw damaged(source, `${what} has chunks of ${chunk.length} dimensions`);
  const result = filled(source, stored, size, what);
  const chunkSize = sizeOf(chunk) * width;
  // Chunks reach beyond the array's edges.
  const chunkCount = shape.reduce((count, n, axis) => count * Math.ceil(n / chunk[axis]), 1);
  spend(source, chunkCount * chunkSize - size, what);
  let left = chunkCount;
  forEachChunk(source, index, stored, chunk, chunkSize, (found) => {
    const wrong = found.offset.some((at, axis) => at % chunk[axis] !== 0 || at >= shape[axis]);
    if (wrong) throw damaged(source, `${what} has a chunk at [${found.offset.join(", ")}]`);
    if (--left < 0) throw damaged(source, `${what} has more than ${chunkCount} chunks`);
    const packed = new Cursor(source, found.address, found.size, `a chunk of ${what}`).rest();
    const bytes = unfiltered(source, packed, filters, found.mask, { size: chunkSize, width });
    place(result, shape, bytes, chunk, found.offset, width);
  });
  return result;
}

function forEachChunk(
  source: Source,
  index: ChunkIndex,
  { shape, filters }: Stored,
  chunk: readonly number[],
  chunkSize: number,
  visit: (chunk: Chunk) => void,
): void {
  const { kind, address } = index;
  if (address === undefined) return;
  if (kind === "b-tree") {
    const keySize = 8 + 8 * (shape.length + 1);
    return forEachLeaf(source, address, { type: 1, keySize }, (key, at) => {
      const [size, mask] = [key.u32(), key.u32()];
      visit({ offset: shape.map(() => key.unsigned(8)), address: at, size, mask });
    });
  }
  const counts = shape.map((n, axis) => Math.ceil(n / chunk[axis]));
  const offsetOf = (k: number): number[] => {
    const offset = counts.map(() => 0);
    for (let axis = counts.length - 1; axis >= 0; axis--) {
      offset[axis] = (k % counts[axis]) * chunk[axis];
      k = Math.floor(k / counts[axis]);
    }
    return offset;
  };
  const count = sizeOf(counts);
  if (kind === "single") {
    if (count !== 1) throw damaged(source, "a single chunk holds less than its array");
    return visit({ offset: offsetOf(0), address, size: index.size ?? chunkSize, mask: index.mask ?? 0 });
  }
  if (kind === "fixed array")
    return fixedArray(source, address, count, filters.length > 0, chunkSize, (k, found) =>
      visit({ ...found, offset: offsetOf(k) }),
    );
  new Cursor(source, address, count * chunkSize, "its chunks");
  for (let k = 0; k < count; k++)
    visit({ offset: offsetOf(k), address: address + k * chunkSize, size: chunkSize, mask: 0 });
}

/** A list of the chunks' addresses, with sizes and masks where they are filtered. */
function fixedArray(
  source: Source,
  address: number,
  count: number,
  filtered: boolean,
  chunkSize: number,
  visit: (k: number, chunk: Omit<Chunk, "offset">) => void,
): void {
  const what = "a list of chunks";
  const head = new Cursor(source, address, 12 + source.lengthSize + source.offsetSize, what);
  head.signature("FAHD");
  head.version(0);
  head.skip(1);
  const [entry, pageBits, entries] = [head.u8(), head.u8(), head.length()];
  const block = head.address();
  if (block === undefined) return;
  if (entries !== count) throw damaged(source, `${what} is for ${entries} instead of ${count}`);
  if (entries > powerOfTwo(pageBits)) throw unsupported(source, `${what} in pages`);
  const before = 6 + source.offsetSize;
  const body = new Cursor(source, block, before + count * entry + 4, what);
  if (lookup3(source.bytes.subarray(block, body.end - 4)) !== source.view.getUint32(body.end - 4, true))
    throw damaged(source, `the checksum of ${what} is wrong`);
  body.signature("FADB");
  body.skip(before - 4);
  const sizeBytes = entry - source.offsetSize - 4;
  if (filtered ? sizeBytes < 1 || sizeBytes > 8 : entry !== source.offsetSize)
    throw damaged(source, `${what} has entries of ${entry} bytes`);
  for (let k = 0; k < count; k++) {
    const at = body.address();
    const [size, mask] = filtered ? [body.unsigned(sizeBytes), body.u32()] : [chunkSize, 0];
    if (at !== undefined) visit(k, { address: at, size, mask });
  }
}

/** Copies what of a chunk lies inside of the array, row by row. */
function place(
  result: Uint8Array,
  shape: readonly number[],
  bytes: Uint8Array,
  chunk: readonly number[],
  offset: readonly number[],
  width: number,
): void {
  const extent = chunk.map((n, axis) => Math.min(n, shape[axis] - offset[axis]));
  const last = shape.length - 1;
  const row = extent[last] * width;
  const index = extent.map(() => 0);
  for (let done = false; !done;) {
    let [from, to] = [0, 0];
    for (let axis = 0; axis <= last; axis++) {
      from = from * chunk[axis] + index[axis];
      to = to * shape[axis] + offset[axis] + index[axis];
    }
    result.set(bytes.subarray(from * width, from * width + row), to * width);
    let axis = last - 1;
    for (; axis >= 0 && ++index[axis] === extent[axis]; axis--) index[axis] = 0;
    done = axis < 0;
  }
}
