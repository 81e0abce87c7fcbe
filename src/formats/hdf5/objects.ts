import { lookup3 } from "./checksum.ts";
import { Cursor, damaged, type Source, unsupported } from "./bytes.ts";

/** What an object's header says, message by message. */
export interface Message {
  readonly type: number;
  readonly body: Cursor;
}

/** Types of messages that are read here. */
export const messages = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  oldFill: 0x04,
  fill: 0x05,
  link: 0x06,
  external: 0x07,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

const read = new Set<number>(Object.values(messages));

/** The messages of the object at `address`, of both versions of headers, with all their continuations. */
export function messagesOf(source: Source, address: number): Message[] {
  const what = "an object's header";
  const start = new Cursor(source, address, 4, what);
  const newer = source.view.getUint32(address, true) === 0x5244484f; // OHDR
  if (newer) return newHeader(source, address);
  start.version(1);
  start.skip(1);
  const count = start.u16();
  const rest = new Cursor(source, address + 4, 12, what);
  rest.skip(4);
  const size = rest.u32();
  const found: Message[] = [];
  const blocks = [{ at: address + 16, length: size }];
  let seen = 0;
  for (const { at, length } of blocks) {
    const block = new Cursor(source, at, length, what);
    while (block.left >= 8 && seen < count) {
      seen++;
      const [type, bytes, flags] = [block.u16(), block.u16(), block.u8()];
      block.skip(3);
      const body = new Cursor(source, block.skip(bytes), bytes, `the message ${type} of ${what}`);
      if (type === messages.continuation) blocks.push(continuation(source, body));
      else keep(found, { type, body }, flags);
    }
  }
  if (seen < count) throw damaged(source, `${what} has ${seen} messages instead of ${count}`);
  return found;
}

function newHeader(source: Source, address: number): Message[] {
  const what = "an object's header";
  const head = new Cursor(source, address, 6, what);
  head.signature("OHDR");
  head.version(2);
  const flags = head.u8();
  const extra = (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
  const width = 1 << (flags & 3);
  const sizes = new Cursor(source, address + 6, extra + width, what);
  sizes.skip(extra);
  const size = sizes.unsigned(width);
  const found: Message[] = [];
  const blocks = [{ at: address, before: sizes.at - address, length: sizes.at - address + size + 4 }];
  for (const { at, before, length } of blocks) {
    const block = new Cursor(source, at, length, what);
    const sum = source.view.getUint32(block.end - 4, true);
    if (lookup3(source.bytes.subarray(at, block.end - 4)) !== sum)
      throw damaged(source, `the checksum of ${what} is wrong`);
    block.skip(before);
    const each = 4 + (flags & 4 ? 2 : 0);
    while (block.left >= each + 4) {
      const [type, bytes, own] = [block.u8(), block.u16(), block.u8()];
      block.skip(each - 4);
      const body = new Cursor(source, block.skip(bytes), bytes, `the message ${type} of ${what}`);
      if (type !== messages.continuation) keep(found, { type, body }, own);
      else {
        const next = continuation(source, body);
        new Cursor(source, next.at, 4, what).signature("OCHK");
        if (next.length < 8) throw damaged(source, `a continuation of ${what} is too short`);
        blocks.push({ ...next, before: 4 });
      }
    }
  }
  return found;
}

/** Where a header goes on. Blocks that lead to each other run out of looks. */
function continuation(source: Source, body: Cursor): { at: number; length: number } {
  const at = body.address();
  if (at === undefined) throw damaged(source, "a header goes on nowhere");
  return { at, length: body.length() };
}

function keep(found: Message[], message: Message, flags: number): void {
  if (!read.has(message.type)) return;
  if (flags & 2) throw unsupported(message.body.source, "a shared message (a committed datatype)");
  found.push(message);
}
