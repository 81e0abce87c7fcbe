import { Cursor, damaged, type Source, textOf, unsupported } from "./bytes.ts";
import { fractalHeap, records } from "./fractal-heap.ts";
import { localHeap } from "./heaps.ts";
import { type Message, messages } from "./objects.ts";

/** Addresses of the objects in a group, by name; of a header without any sign of a group, undefined. */
export function linksOf(source: Source, header: readonly Message[]): Map<string, number> | undefined {
  const table = header.find(({ type }) => type === messages.symbolTable);
  if (table) return symbolTable(source, table.body);
  const info = header.find(({ type }) => type === messages.linkInfo);
  const links = header.filter(({ type }) => type === messages.link);
  if (!info && links.length === 0) return undefined;
  const found = new Map<string, number>();
  const dense = info ? denseLinks(info.body) : [];
  for (const body of [...links.map((link) => link.body), ...dense]) add(source, found, ...linkOf(body));
  return sorted(found);
}

/** As groups of the older form are: by their names' bytes, which for UTF-8 is by code points. */
function sorted(links: ReadonlyMap<string, number>): Map<string, number> {
  const points = (name: string): number[] => Array.from(name, (letter) => letter.codePointAt(0)!);
  const before = (a: readonly number[], b: readonly number[]): number => {
    const k = a.findIndex((point, i) => point !== b[i]);
    return k < 0 ? a.length - b.length : k < b.length ? a[k] - b[k] : 1;
  };
  const keyed = Array.from(links, ([name, address]) => ({ name, address, key: points(name) }));
  return new Map(keyed.sort((a, b) => before(a.key, b.key)).map(({ name, address }) => [name, address]));
}

function add(source: Source, found: Map<string, number>, name: string, address: number): void {
  if (name === "" || name.includes("/")) throw damaged(source, `a member of a group is called "${name}"`);
  if (found.has(name)) throw damaged(source, `two members of a group are called "${name}"`);
  found.set(name, address);
}

/** The message "link info": many links lie in a fractal heap, and their places in a B-tree by their names' hashes. */
function denseLinks(body: Cursor): Cursor[] {
  const { source } = body;
  body.version(0);
  const flags = body.u8();
  if (flags & 1) body.skip(8);
  const [heap, index] = [body.address(), body.address()];
  if (heap === undefined) return [];
  if (index === undefined) throw damaged(source, "a group's links have no index");
  const { read } = fractalHeap(source, heap);
  return Array.from(records(source, index, 5), (record) => {
    record.skip(4);
    return read(record);
  });
}

/** The message "link". */
function linkOf(body: Cursor): [name: string, address: number] {
  body.version(1);
  const flags = body.u8();
  const type = flags & 8 ? body.u8() : 0;
  if (flags & 4) body.skip(8);
  if (flags & 0x10) body.skip(1);
  const name = textOf(body.source, body.take(body.unsigned(1 << (flags & 3))), "a link's name");
  if (type !== 0) throw unsupported(body.source, `the ${type === 1 ? "soft" : "external"} link "${name}"`);
  const address = body.address();
  if (address === undefined) throw damaged(body.source, `the member "${name}" lies nowhere`);
  return [name, address];
}

/** The older form: a B-tree (version 1) of nodes of symbols, names in a local heap. */
function symbolTable(source: Source, body: Cursor): Map<string, number> {
  const [tree, heap] = [body.address(), body.address()];
  if (tree === undefined || heap === undefined) throw damaged(source, "a group's members lie nowhere");
  const name = localHeap(source, heap);
  const found = new Map<string, number>();
  const entry = 2 * source.offsetSize + 24;
  forEachLeaf(source, tree, { type: 0, keySize: source.lengthSize }, (_key, address) => {
    const head = new Cursor(source, address, 8, "a node of symbols");
    head.signature("SNOD");
    head.version(1);
    head.skip(1);
    const count = head.u16();
    const symbols = new Cursor(source, address + 8, count * entry, "a node of symbols");
    for (let k = 0; k < count; k++) {
      const own = name(symbols.unsigned(source.offsetSize));
      const target = symbols.address();
      const cache = symbols.u32();
      symbols.skip(20);
      if (cache === 2) throw unsupported(source, `the soft link "${own}"`);
      if (target === undefined) throw damaged(source, `the member "${own}" lies nowhere`);
      add(source, found, own, target);
    }
  });
  return found;
}

/** Visits what the leaves of a B-tree of version 1 lead to, each with the key before it. */
export function forEachLeaf(
  source: Source,
  address: number,
  kind: { readonly type: number; readonly keySize: number },
  visit: (key: Cursor, address: number) => void,
  level?: number,
): void {
  const what = "a node of a B-tree";
  const head = new Cursor(source, address, 8 + 2 * source.offsetSize, what);
  head.signature("TREE");
  const [type, own, count] = [head.u8(), head.u8(), head.u16()];
  if (type !== kind.type) throw damaged(source, `${what} is of type ${type} instead of ${kind.type}`);
  // Each level is one less: no circles.
  if (level === undefined ? own > 16 : own !== level) throw damaged(source, `${what} is of level ${own}`);
  const size = count * (kind.keySize + source.offsetSize);
  const body = new Cursor(source, head.end, size, what);
  for (let k = 0; k < count; k++) {
    const key = new Cursor(source, body.skip(kind.keySize), kind.keySize, what);
    const child = body.address();
    if (child === undefined) throw damaged(source, `${what} leads nowhere`);
    if (own === 0) visit(key, child);
    else forEachLeaf(source, child, kind, visit, own - 1);
  }
}
