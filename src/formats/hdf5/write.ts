import { bytesOf, sizeOf, type Tensor, type TensorDtype } from "../../files/tensor.ts";

/** Text of an array or attribute: one, or many with their shape. */
export type Text = string | { readonly shape: readonly number[]; readonly text: readonly string[] };

/** What a file is made of. A group's members come out sorted by the bytes of their names, as the format wants it. */
export interface GroupToWrite {
  readonly members: Readonly<Record<string, GroupToWrite | Tensor | Text>>;
  readonly attributes?: Readonly<Record<string, Tensor | Text>>;
}

const NOWHERE = 0xffffffffffffffffn;
/** Symbols per leaf: twice this; h5py's. */
const LEAF = 4;
/** Bytes of a collection of strings, but for longer strings. */
const COLLECTION = 4096;
const STRINGS_PER_COLLECTION = 60_000;

/**
 * An HDF5 file that h5py reads: superblock 0, groups with symbol tables, contiguous arrays, text of variable length in UTF-8; no filters, no
 * times, so that the same content gives the same bytes. The specification's sections are named as in read.ts.
 */
export function writeHdf5(root: GroupToWrite): Uint8Array {
  const out = new Output();
  const internal = Math.max(16, Math.ceil(largestGroup(root) / (2 * LEAF) / 2));
  const superblock = 96;
  out.reserve(superblock);
  const strings = new Strings(out);
  strings.collect(root);
  const { header, tree, heap } = group(out, root, strings, internal);
  const head = new Bytes(superblock);
  head.bytes(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0, 0, 8, 8, 0);
  head.u16(LEAF).u16(internal).u32(0);
  head.u64(0).u64(NOWHERE).u64(out.size).u64(NOWHERE);
  head.u64(0).u64(header).u32(1).u32(0).u64(tree).u64(heap);
  out.put(0, head.done());
  return out.done();
}

function largestGroup({ members }: GroupToWrite): number {
  const inner = Object.values(members).map((member) => (isGroup(member) ? largestGroup(member) : 0));
  return Math.max(Object.keys(members).length, ...inner);
}

const isGroup = (value: GroupToWrite | Tensor | Text): value is GroupToWrite =>
  typeof value === "object" && "members" in value;

/** Pieces of a file, each at a multiple of 8. */
class Output {
  private readonly pieces: { at: number; bytes: Uint8Array }[] = [];
  size = 0;

  reserve(length: number): number {
    const at = this.size;
    this.size += Math.ceil(length / 8) * 8;
    return at;
  }

  put(at: number, bytes: Uint8Array): void {
    this.pieces.push({ at, bytes });
  }

  add(bytes: Uint8Array): number {
    const at = this.reserve(bytes.length);
    this.put(at, bytes);
    return at;
  }

  done(): Uint8Array {
    const result = new Uint8Array(this.size);
    for (const { at, bytes } of this.pieces) result.set(bytes, at);
    return result;
  }
}

/** Little-endian numbers one after the other; zeros up to `size` at the end, where it says so. */
class Bytes {
  private readonly list: Uint8Array[] = [];
  private readonly size: number | undefined;
  length = 0;

  constructor(size?: number) {
    this.size = size;
  }

  bytes(...bytes: readonly number[]): this {
    return this.raw(Uint8Array.from(bytes));
  }

  raw(bytes: Uint8Array): this {
    this.list.push(bytes);
    this.length += bytes.length;
    return this;
  }

  u16(value: number): this {
    return this.raw(bytesOf(Uint16Array.of(value)));
  }

  u32(value: number): this {
    return this.raw(bytesOf(Uint32Array.of(value)));
  }

  u64(value: number | bigint): this {
    return this.raw(bytesOf(BigUint64Array.of(BigInt(value))));
  }

  /** Zeros up to a multiple of 8. */
  aligned(): this {
    return this.raw(new Uint8Array((8 - (this.length % 8)) % 8));
  }

  done(): Uint8Array {
    const result = new Uint8Array(this.size ?? this.length);
    let at = 0;
    for (const bytes of this.list) {
      result.set(bytes, at);
      at += bytes.length;
    }
    return result;
  }
}

/** All text of a file, in collections ("global heap"); each once. */
class Strings {
  private readonly places = new Map<string, { length: number; collection: number; index: number }>();
  private readonly out: Output;

  constructor(out: Output) {
    this.out = out;
  }

  collect(root: GroupToWrite): void {
    const texts = new Set<string>();
    const visit = ({ members, attributes = {} }: GroupToWrite): void => {
      for (const value of [...Object.values(members), ...Object.values(attributes)])
        if (typeof value === "string") texts.add(value);
        else if ("text" in value) value.text.forEach((text) => texts.add(text));
        else if (isGroup(value)) visit(value);
    };
    visit(root);
    const all = [...texts].filter((text) => text !== "");
    for (let from = 0; from < all.length; from += STRINGS_PER_COLLECTION)
      this.write(all.slice(from, from + STRINGS_PER_COLLECTION));
  }

  private write(texts: readonly string[]): void {
    const objects = new Bytes();
    const lengths = texts.map((text, k) => {
      const bytes = new TextEncoder().encode(text);
      objects
        .u16(k + 1)
        .u16(0)
        .u32(0)
        .u64(bytes.length)
        .raw(bytes)
        .aligned();
      return bytes.length;
    });
    const used = 16 + objects.length;
    const size = Math.max(COLLECTION, used + 16);
    const collection = new Bytes(size).raw(new TextEncoder().encode("GCOL")).bytes(1, 0, 0, 0).u64(size);
    collection
      .raw(objects.done())
      .u16(0)
      .u16(0)
      .u32(0)
      .u64(size - used);
    const address = this.out.add(collection.done());
    texts.forEach((text, k) => this.places.set(text, { length: lengths[k], collection: address, index: k + 1 }));
  }

  /** 16 bytes each: length, collection, number there. */
  references(texts: readonly string[]): Uint8Array {
    const record = new Bytes();
    for (const text of texts) {
      const place = this.places.get(text);
      if (place) record.u32(place.length).u64(place.collection).u32(place.index);
      else record.u32(0).u64(0).u32(0);
    }
    return record.done();
  }
}

/** Writes a group after all its members. */
function group(
  out: Output,
  { members, attributes = {} }: GroupToWrite,
  strings: Strings,
  internal: number,
): { header: number; tree: number; heap: number } {
  const names = Object.keys(members)
    .map((name) => ({ name, bytes: new TextEncoder().encode(name) }))
    .sort((a, b) => compare(a.bytes, b.bytes));
  const heapData = new Bytes().u64(0);
  const symbols = names.map(({ name, bytes }) => {
    if (bytes.length === 0 || /[/\0]/.test(name)) throw new RangeError(`No member of a group can be called "${name}".`);
    const offset = heapData.length;
    heapData.raw(bytes).bytes(0).aligned();
    const member = members[name];
    const inner = isGroup(member) ? group(out, member, strings, internal) : undefined;
    const target = inner?.header ?? array(out, member as Tensor | Text, strings);
    const symbol = new Bytes(40)
      .u64(offset)
      .u64(target)
      .u32(inner ? 1 : 0)
      .u32(0);
    if (inner) symbol.u64(inner.tree).u64(inner.heap);
    return { offset, bytes: symbol.done() };
  });
  const segment = out.add(heapData.done());
  const heapHead = new Bytes().raw(new TextEncoder().encode("HEAP")).u32(0).u64(heapData.length).u64(1).u64(segment);
  const heap = out.add(heapHead.done());
  const tree = bTree(out, symbols, internal);
  const header = object(out, [
    [0x11, new Bytes().u64(tree).u64(heap).done()],
    ...attributeMessages(attributes, strings),
  ]);
  return { header, tree, heap };
}

/** One node, which is as large as `internal` says, over leaves of 8 symbols each. */
function bTree(out: Output, symbols: readonly { offset: number; bytes: Uint8Array }[], internal: number): number {
  const node = new Bytes(24 + 8 * (4 * internal + 1)).raw(new TextEncoder().encode("TREE"));
  const count = Math.ceil(symbols.length / (2 * LEAF));
  node.bytes(0, 0).u16(count).u64(NOWHERE).u64(NOWHERE).u64(0);
  for (let k = 0; k < count; k++) {
    const own = symbols.slice(k * 2 * LEAF, (k + 1) * 2 * LEAF);
    const leaf = new Bytes(8 + 2 * LEAF * 40).raw(new TextEncoder().encode("SNOD")).bytes(1, 0).u16(own.length);
    own.forEach(({ bytes }) => leaf.raw(bytes));
    node.u64(out.add(leaf.done())).u64(own.at(-1)!.offset);
  }
  return out.add(node.done());
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const k = a.findIndex((byte, i) => byte !== b[i]);
  return k < 0 ? a.length - b.length : k < b.length ? a[k] - b[k] : 1;
}

/** An array's header; its data lies in front. */
function array(out: Output, value: Tensor | Text, strings: Strings): number {
  const { shape, datatype, data } = described(value, strings);
  const address = data.length > 0 ? out.add(data) : NOWHERE;
  const fill = Uint8Array.of(2, 2, 0, 0, 0, 0, 0, 0);
  const layout = new Bytes(24).bytes(3, 1).u64(address).u64(data.length).done();
  return object(out, [
    [0x01, dataspace(shape)],
    [0x03, datatype],
    [0x05, fill],
    [0x08, layout],
  ]);
}

function described(
  value: Tensor | Text,
  strings: Strings,
): { shape: readonly number[]; datatype: Uint8Array; data: Uint8Array } {
  if (typeof value === "string") return { shape: [], datatype: variableText(), data: strings.references([value]) };
  if ("text" in value) {
    if (sizeOf(value.shape) !== value.text.length) throw new RangeError("Text that does not fill its shape.");
    return { shape: value.shape, datatype: variableText(), data: strings.references(value.text) };
  }
  return { shape: value.shape, datatype: datatypeOf(value.dtype), data: bytesOf(value.data) };
}

function dataspace(shape: readonly number[]): Uint8Array {
  const record = new Bytes().bytes(1, shape.length, 0, 0, 0, 0, 0, 0);
  shape.forEach((n) => record.u64(n));
  return record.done();
}

function datatypeOf(dtype: TensorDtype): Uint8Array {
  if (dtype === "bool") return boolean();
  const size = Number(/\d+/.exec(dtype)![0]) / 8;
  if (dtype.startsWith("float")) {
    const single = size === 4;
    const head = new Bytes(24)
      .bytes(0x11, 0x20, single ? 31 : 63, 0)
      .u32(size)
      .u16(0)
      .u16(8 * size);
    return head
      .bytes(...(single ? [23, 8, 0, 23] : [52, 11, 0, 52]))
      .u32(single ? 127 : 1023)
      .done();
  }
  const signed = dtype.startsWith("int") ? 8 : 0;
  return new Bytes(16)
    .bytes(0x10, signed, 0, 0)
    .u32(size)
    .u16(0)
    .u16(8 * size)
    .done();
}

/** As h5py has it: an enumeration FALSE, TRUE of signed bytes. */
function boolean(): Uint8Array {
  const record = new Bytes(48).bytes(0x18, 2, 0, 0).u32(1);
  record.raw(datatypeOf("int8").subarray(0, 12));
  for (const name of ["FALSE", "TRUE"])
    record
      .raw(new TextEncoder().encode(name))
      .bytes(0)
      .raw(new Uint8Array(7 - name.length));
  return record.bytes(0, 1).done();
}

/** UTF-8, ending with a 0, of any length. */
function variableText(): Uint8Array {
  const element = new Bytes(16).bytes(0x10, 0, 0, 0).u32(1).u16(0).u16(8).done().subarray(0, 12);
  return new Bytes(24).bytes(0x19, 1, 1, 0).u32(16).raw(element).done();
}

function attributeMessages(
  attributes: Readonly<Record<string, Tensor | Text>>,
  strings: Strings,
): [number, Uint8Array][] {
  return Object.entries(attributes).map(([name, value]) => {
    const { shape, datatype, data } = described(value, strings);
    const [own, space] = [new TextEncoder().encode(`${name}\0`), dataspace(shape)];
    const record = new Bytes().bytes(1, 0).u16(own.length).u16(datatype.length).u16(space.length);
    return [0x0c, record.raw(own).aligned().raw(datatype).aligned().raw(space).aligned().raw(data).done()];
  });
}

/** A header of version 1. */
function object(out: Output, messages: readonly (readonly [type: number, body: Uint8Array])[]): number {
  const body = new Bytes();
  for (const [type, bytes] of messages) {
    const size = Math.ceil(bytes.length / 8) * 8;
    body.u16(type).u16(size).bytes(0, 0, 0, 0).raw(bytes).aligned();
  }
  const head = new Bytes().bytes(1, 0).u16(messages.length).u32(1).u32(body.length).u32(0);
  return out.add(head.raw(body.done()).done());
}
