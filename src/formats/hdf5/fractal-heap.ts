import { powerOfTwo } from "../../numeric/elementary.ts";
import { Cursor, damaged, type Source, unsupported } from "./bytes.ts";
import { lookup3 } from "./checksum.ts";

/** Objects in a fractal heap, where groups and headers of newer files keep many links and attributes. */
export interface FractalHeap {
  /** The object that an identifier leads to. */
  read(id: Cursor): Cursor;
}

/** A block that ends with a checksum, or that has it just in front of its data. */
function checked(source: Source, at: number, length: number, letters: string, what: string): Cursor {
  const block = new Cursor(source, at, length, what);
  const sum = source.view.getUint32(at + length - 4, true);
  if (lookup3(source.bytes.subarray(at, at + length - 4)) !== sum)
    throw damaged(source, `the checksum of ${what} is wrong`);
  block.signature(letters);
  block.version(0);
  return block;
}

/** Bytes that a number of at most `n` takes. */
function bytesFor(n: number): number {
  let bytes = 0;
  for (let rest = n; rest >= 1; rest /= 256) bytes++;
  return bytes;
}

interface Layout {
  readonly width: number;
  readonly start: number;
  readonly largest: number;
  /** Bytes of an offset in the heap, and of an object's length. */
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  /** Of the header in front of a direct block's data. */
  readonly root: number;
  readonly rows: number;
}

export function fractalHeap(source: Source, address: number): FractalHeap {
  const what = "a heap of links";
  const { offsetSize: o, lengthSize: l } = source;
  const head = checked(source, address, 22 + 3 * o + 12 * l + 4, "FRHP", what);
  head.skip(2);
  if (head.u16() !== 0) throw unsupported(source, `${what} that is packed`);
  head.skip(1);
  const managed = head.u32();
  head.skip(l + o + l + o + 8 * l);
  const width = head.u16();
  const [start, largest] = [head.length(), head.length()];
  const bits = head.u16();
  head.skip(2);
  const root = head.address();
  const rows = head.u16();
  const sound = width > 0 && start > 0 && largest >= start && largest < 2 ** 32 && bits > 0 && bits <= 64;
  if (root === undefined || !sound) throw damaged(source, `${what} makes no sense`);
  const lengthBytes = Math.max(1, bytesFor(Math.min(largest, managed)));
  const layout = { width, start, largest, offsetBytes: Math.ceil(bits / 8), lengthBytes, root, rows };
  return {
    read(id) {
      const kind = id.u8();
      if (kind >> 4 !== 0) throw unsupported(source, `objects of kind ${kind >> 4} in ${what}`);
      const [offset, length] = [id.unsigned(layout.offsetBytes), id.unsigned(layout.lengthBytes)];
      return new Cursor(source, placeOf(source, layout, offset, length, what), length, "a link");
    },
  };
}

/** Where so many bytes at an offset of the heap lie in the file: in the root, or in a block that it lists. */
function placeOf(source: Source, layout: Layout, offset: number, length: number, what: string): number {
  const { width, start, largest, root, rows } = layout;
  const inside = (at: number, from: number, size: number): number => {
    if (offset + length > from + size) throw damaged(source, `an object of ${what} ends outside of its block`);
    new Cursor(source, at, 4, what).signature("FHDB");
    return at + offset - from;
  };
  if (rows === 0) return inside(root, 0, start);
  let from = 0;
  for (let row = 0; row < rows; row++) {
    const size = row === 0 ? start : start * powerOfTwo(row - 1);
    if (size > largest) throw unsupported(source, `${what} of more than one level`);
    const column = Math.floor((offset - from) / size);
    if (column < width) {
      const list = 5 + source.offsetSize + layout.offsetBytes;
      new Cursor(source, root, 4, what).signature("FHIB");
      const entry = new Cursor(
        source,
        root + list + (row * width + column) * source.offsetSize,
        source.offsetSize,
        what,
      );
      const block = entry.address();
      if (block === undefined) throw damaged(source, `an object of ${what} lies nowhere`);
      return inside(block, from + column * size, size);
    }
    from += width * size;
  }
  throw damaged(source, `an object lies beyond ${what}`);
}

/** A B-tree of version 2: its records' kind and size, and of each level the bytes of what leads to the level below. */
interface Index {
  readonly type: number;
  readonly size: number;
  /** Bytes of a count of records in a node. */
  readonly countBytes: number;
  /** Of each level from the leaves on: bytes of the count of all records below. */
  readonly totalBytes: readonly number[];
}

const INDEX = "an index of links";
/** With nodes of 512 bytes five levels hold more links than any file has. */
const HIGHEST = 5;

/** The records of a B-tree of version 2, in order. */
export function* records(source: Source, address: number, type: number): Generator<Cursor> {
  const head = checked(source, address, 22 + source.offsetSize + source.lengthSize, "BTHD", INDEX);
  if (head.u8() !== type) throw damaged(source, `${INDEX} is of another type than ${type}`);
  const [nodeSize, size, depth] = [head.u32(), head.u16(), head.u16()];
  head.skip(2);
  const root = head.address();
  const count = head.u16();
  if (root === undefined) return;
  const most = Math.floor((nodeSize - 10) / size);
  if (size < 5 || !(most >= 1) || depth > HIGHEST) throw damaged(source, `${INDEX} makes no sense`);
  const countBytes = bytesFor(most);
  const totalBytes = [0];
  for (let level = 1, below = most; level <= depth; level++) {
    const pointer = source.offsetSize + countBytes + totalBytes[level - 1];
    const own = Math.floor((nodeSize - 10 - pointer) / (size + pointer));
    below = (own + 1) * below + own;
    totalBytes.push(bytesFor(below));
  }
  yield* node(source, { type, size, countBytes, totalBytes }, root, count, depth);
}

function* node(source: Source, index: Index, address: number, count: number, level: number): Generator<Cursor> {
  const { type, size, countBytes, totalBytes } = index;
  const pointer = level === 0 ? 0 : source.offsetSize + countBytes + totalBytes[level - 1];
  const length = 10 + count * size + (level === 0 ? 0 : (count + 1) * pointer);
  const block = checked(source, address, length, level === 0 ? "BTLF" : "BTIN", INDEX);
  if (block.u8() !== type) throw damaged(source, `${INDEX} is of another type than ${type}`);
  const own = Array.from({ length: count }, () => new Cursor(source, block.skip(size), size, INDEX));
  if (level === 0) return yield* own;
  for (let k = 0; k <= count; k++) {
    const child = block.address();
    const below = block.unsigned(countBytes);
    block.skip(totalBytes[level - 1]);
    if (child === undefined) throw damaged(source, `${INDEX} leads nowhere`);
    yield* node(source, index, child, below, level - 1);
    if (k < count) yield own[k];
  }
}
