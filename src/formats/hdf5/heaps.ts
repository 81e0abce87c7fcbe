import { Cursor, damaged, type Source, textOf } from "./bytes.ts";

/** Names of a group's members, by their offset in its local heap. */
export function localHeap(source: Source, address: number): (offset: number) => string {
  const what = "a group's heap of names";
  const head = new Cursor(source, address, 8 + 2 * source.lengthSize + source.offsetSize, what);
  head.signature("HEAP");
  head.version(0);
  head.skip(3);
  const size = head.length();
  head.length();
  const segment = head.address();
  if (segment === undefined) throw damaged(source, `${what} lies nowhere`);
  const data = new Cursor(source, segment, size, what);
  const bytes = source.bytes.subarray(data.at, data.end);
  return (offset) => {
    const end = offset < bytes.length ? bytes.indexOf(0, offset) : -1;
    if (end < 0) throw damaged(source, "a member's name has no end");
    // What is read twice counts twice.
    return textOf(
      source,
      new Cursor(source, data.at + offset, end - offset, "a member's name").rest(),
      "a member's name",
    );
  };
}

/** Strings of variable length: each is the address of a collection and its number there. */
export interface GlobalHeaps {
  /** The bytes that a reference (length, address, number) leads to; none where it leads nowhere. */
  read(reference: Uint8Array, what: string): Uint8Array;
}

export function globalHeaps(source: Source): GlobalHeaps {
  const collections = new Map<number, Map<number, Uint8Array>>();
  return {
    read(reference, what) {
      if (reference.length !== 8 + source.offsetSize) throw damaged(source, `${what} has references of another size`);
      const number = (at: number, size: number): number =>
        reference.subarray(at, at + size).reduceRight((value, byte) => value * 256 + byte, 0);
      const length = number(0, 4);
      const address = number(4, source.offsetSize);
      const index = number(4 + source.offsetSize, 4);
      if (length === 0) return new Uint8Array();
      const collection = collections.get(address) ?? collectionAt(source, address);
      collections.set(address, collection);
      const found = collection.get(index);
      if (!found || found.length < length) throw damaged(source, `${what} is not in its heap`);
      return found.subarray(0, length);
    },
  };
}

function collectionAt(source: Source, address: number): Map<number, Uint8Array> {
  const what = "a heap of strings";
  const head = new Cursor(source, address, 8 + source.lengthSize, what);
  head.signature("GCOL");
  head.version(1);
  head.skip(3);
  const size = head.length();
  const objects = new Map<number, Uint8Array>();
  const body = new Cursor(source, head.at, size - (8 + source.lengthSize), what);
  while (body.left >= 8 + source.lengthSize) {
    const index = body.u16();
    body.skip(6);
    const length = body.length();
    if (index === 0) break;
    objects.set(index, body.take(length));
    body.skip(Math.min(body.left, (8 - (length % 8)) % 8));
  }
  return objects;
}
