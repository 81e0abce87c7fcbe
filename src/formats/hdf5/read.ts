import { Cursor, damaged, DEEPEST, type Source, sourceOf, unsupported } from "./bytes.ts";
import { lookup3 } from "./checksum.ts";
import { type Datatype, dataspaceOf, datatypeOf, type Values, valuesOf } from "./datatype.ts";
import { filtersOf } from "./filters.ts";
import { fractalHeap, records } from "./fractal-heap.ts";
import { linksOf } from "./groups.ts";
import { type GlobalHeaps, globalHeaps } from "./heaps.ts";
import { layoutOf, rawBytes } from "./layout.ts";
import { type Message, messages, messagesOf } from "./objects.ts";

export type { Values } from "./datatype.ts";

/** What both groups and arrays have. */
interface Entry {
  /** From the root on, "/" between. */
  readonly path: string;
  /** Names of its attributes. */
  attributes(): string[];
  /** An attribute's value; undefined where there is none of that name, null where it is one without a value. */
  attribute(name: string): Values | null | undefined;
}

/** A folder of members. */
export interface Hdf5Group extends Entry {
  readonly kind: "group";
  /** In the order of the file: sorted by their bytes. */
  readonly names: readonly string[];
  member(name: string): Hdf5Group | Hdf5Array | undefined;
}

/** An array, which is unpacked when it is read. */
export interface Hdf5Array extends Entry {
  readonly kind: "array";
  /** [] is one value; null is none. */
  readonly shape: readonly number[] | null;
  /** null where there is no value. */
  read(): Values | null;
}

const MAGIC = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Whether bytes begin like an HDF5 file. */
export function isHdf5(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, i) => bytes[i] === byte);
}

/**
 * The root group of an HDF5 file (format specification 3.0, https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html), as far as
 * h5py writes it: groups of both kinds but for dense links, arrays that are compact, contiguous or in chunks (gzip, shuffle, fletcher32, lzf), whole
 * numbers, IEEE floats, bools and strings. All else is refused by name (HDF5_UNSUPPORTED), and what is damaged is refused (HDF5_INVALID); whatever a
 * file says, time and memory are bounded by its size. Arrays are read when asked for. `name` names it in errors.
 */
export function readHdf5(bytes: Uint8Array, name = "The HDF5 file"): Hdf5Group {
  const source = sourceOf(bytes, name);
  if (!isHdf5(bytes)) throw damaged(source, "it does not begin like an HDF5 file");
  const [sized, root] = superblock(source);
  const file: File = { source: sized, heaps: globalHeaps(sized), groups: new Map() };
  const found = open(file, root, "", 0);
  if (found.kind !== "group") throw damaged(source, "its root is no group");
  return found;
}

interface File {
  readonly source: Source;
  readonly heaps: GlobalHeaps;
  /** Paths of the groups that were opened, by address. */
  readonly groups: Map<number, string>;
}

function superblock(unsized: Source): [source: Source, root: number] {
  const what = "the superblock";
  const start = new Cursor(unsized, 8, 1, what);
  const version = start.version(0, 1, 2, 3);
  const at = version < 2 ? 13 : 9;
  const sizes = new Cursor(unsized, at, version < 2 ? 11 : 3, what);
  const [offsetSize, lengthSize] = [sizes.u8(), sizes.u8()];
  if (![2, 4, 8].includes(offsetSize) || ![2, 4, 8].includes(lengthSize))
    throw damaged(unsized, `its addresses have ${offsetSize} bytes, its lengths ${lengthSize}`);
  const source: Source = { ...unsized, offsetSize, lengthSize };
  const from = version === 0 ? 24 : version === 1 ? 28 : 12;
  const rest = new Cursor(source, from, (version < 2 ? 6 : 4) * offsetSize + (version < 2 ? 0 : 4), what);
  const base = rest.address();
  if (base !== 0) throw unsupported(source, "a user block in front");
  rest.address();
  const end = rest.address() ?? Infinity;
  rest.address();
  // Of older ones the last is the root's entry: its name, then its address.
  const root = version < 2 ? (rest.address(), rest.address()) : undefined;
  if (version >= 2) return [source, newRoot(source, rest, from)];
  if (end > source.bytes.length)
    throw damaged(source, `it has ${source.bytes.length} bytes instead of ${end} (cut short?)`);
  if (root === undefined) throw damaged(source, "its root lies nowhere");
  return [source, root];
}

/** Base, extension, end, root, checksum. */
function newRoot(source: Source, rest: Cursor, from: number): number {
  const fields = new Cursor(source, from, rest.end - from, "the superblock");
  fields.address();
  fields.address();
  const end = fields.address() ?? Infinity;
  const root = fields.address();
  if (lookup3(source.bytes.subarray(0, fields.at)) !== fields.u32())
    throw damaged(source, "the checksum of the superblock is wrong");
  if (end > source.bytes.length)
    throw damaged(source, `it has ${source.bytes.length} bytes instead of ${end} (cut short?)`);
  if (root === undefined) throw damaged(source, "its root lies nowhere");
  return root;
}

function open(file: File, address: number, path: string, depth: number): Hdf5Group | Hdf5Array {
  const { source } = file;
  const header = messagesOf(source, address);
  const one = (type: number): Cursor | undefined => header.find((message) => message.type === type)?.body;
  const layout = one(messages.layout);
  if (layout) return array(file, header, path);
  const links = linksOf(source, header);
  if (!links) throw unsupported(source, `an object that is neither group nor array ("${path}")`);
  const before = file.groups.get(address);
  if (before !== undefined)
    throw damaged(source, `the group "${path}" is also "${before || "/"}" (groups in a circle?)`);
  if (depth > DEEPEST) throw damaged(source, `its groups lie more than ${DEEPEST} deep`);
  file.groups.set(address, path);
  const members = new Map<string, Hdf5Group | Hdf5Array>();
  return {
    kind: "group",
    path: path || "/",
    names: [...links.keys()],
    member(name) {
      const at = links.get(name);
      if (at === undefined) return undefined;
      const found = members.get(name) ?? open(file, at, `${path}/${name}`, depth + 1);
      members.set(name, found);
      return found;
    },
    ...attributesOf(file, header, path),
  };
}

function array(file: File, header: readonly Message[], path: string): Hdf5Array {
  const { source, heaps } = file;
  const what = `"${path}"`;
  const one = (type: number): Cursor | undefined => header.find((message) => message.type === type)?.body;
  const need = (type: number, name: string): Cursor => {
    const found = one(type);
    if (!found) throw damaged(source, `${what} has no ${name}`);
    return found;
  };
  if (one(messages.external)) throw unsupported(source, `data in another file (${what})`);
  const type = datatypeOf(need(messages.datatype, "datatype"));
  const shape = dataspaceOf(need(messages.dataspace, "shape"));
  const [layout, filters] = [need(messages.layout, "layout"), one(messages.filters)];
  const fill = fillOf(one(messages.fill), one(messages.oldFill), type);
  let values: Values | null | undefined;
  const read = (): Values | null => {
    if (shape === null) return null;
    if (type.kind === "other") throw unsupported(source, `${type.name} (${what})`);
    const stored = {
      shape,
      width: type.size,
      layout: layoutOf(layout.again(), type.size),
      filters: filters ? filtersOf(filters.again()) : [],
      fill,
    };
    return valuesOf(source, type, shape, rawBytes(source, stored, what), heaps, what);
  };
  return {
    kind: "array",
    path,
    shape,
    read: () => (values === undefined ? (values = read()) : values),
    ...attributesOf(file, header, path),
  };
}

/** One element, where it is not zeros. */
function fillOf(message: Cursor | undefined, old: Cursor | undefined, type: Datatype): Uint8Array | undefined {
  if (!message) return old && sized(old, type);
  const version = message.version(1, 2, 3);
  if (version === 3) return message.u8() & 0x20 ? sized(message, type) : undefined;
  message.skip(2);
  return message.u8() && message.left >= 4 ? sized(message, type) : undefined;
}

function sized(message: Cursor, type: Datatype): Uint8Array | undefined {
  const value = message.take(message.u32());
  if (value.length === 0) return undefined;
  if (value.length !== type.size)
    throw damaged(message.source, "a fill value has another size than its array's elements");
  return value;
}

function attributesOf({ source, heaps }: File, header: readonly Message[], path: string): Omit<Entry, "path"> {
  const info = header.find(({ type }) => type === messages.attributeInfo)?.body;
  let found: Map<string, () => Values | null> | undefined;
  const all = (): Map<string, () => Values | null> => {
    if (found) return found;
    const own = header.filter(({ type }) => type === messages.attribute).map(({ body }) => body.again());
    const every = [...own, ...(info ? denseAttributes(info.again()) : [])];
    return (found = new Map(every.map((body) => attribute(source, heaps, body, path))));
  };
  return { attributes: () => [...all().keys()], attribute: (name) => all().get(name)?.() };
}

/** The message "attribute info": many attributes lie in a fractal heap. */
function denseAttributes(info: Cursor): Cursor[] {
  info.version(0);
  if (info.u8() & 1) info.skip(2);
  const [heap, index] = [info.address(), info.address()];
  if (heap === undefined || index === undefined) return [];
  const { read } = fractalHeap(info.source, heap);
  return Array.from(records(info.source, index, 8), read);
}

/** The message "attribute": name, datatype, shape, data; of the first version each padded to multiples of eight bytes. */
function attribute(
  source: Source,
  heaps: GlobalHeaps,
  body: Cursor,
  path: string,
): [name: string, value: () => Values | null] {
  const version = body.version(1, 2, 3);
  const flags = body.u8();
  if (version > 1 && flags !== 0) throw unsupported(source, `an attribute of a shared type ("${path}")`);
  const sizes = [body.u16(), body.u16(), body.u16()];
  if (version === 3) body.skip(1);
  const [name, datatype, dataspace] = sizes.map((size) => {
    const from = body.skip(version === 1 ? Math.ceil(size / 8) * 8 : size);
    return new Cursor(source, from, size, `an attribute of "${path}"`);
  });
  const own = new TextDecoder().decode(name.rest()).replace(/\0.*$/s, "");
  const what = `the attribute "${own}" of "${path}"`;
  const raw = body.rest();
  return [
    own,
    () => {
      const [type, shape] = [
        datatypeOf(new Cursor(source, datatype.at, datatype.left, what)),
        dataspaceOf(new Cursor(source, dataspace.at, dataspace.left, what)),
      ];
      if (shape === null) return null;
      const size = type.size * shape.reduce((product, n) => product * n, 1);
      if (!(size <= raw.length)) throw damaged(source, `${what} is cut short`);
      return valuesOf(source, type, shape, raw.subarray(0, size), heaps, what);
    },
  ];
}
