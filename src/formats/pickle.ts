import { DsqnError } from "../errors.ts";

/**
 * Reads a pickle without running anything (Python's own reader calls whatever the file names). It knows the opcodes that torch.save
 * writes, and every class or function must be on the caller's list, where it stands for a plain TypeScript function.
 * Everything else is refused by name: PICKLE_REFUSED. Opcodes: CPython's pickletools.
 */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Tuple
  | PickleMap
  | PickleCallable
  | PickleObject;

/** A tuple, as opposed to a list (a plain array). */
export class Tuple {
  readonly items: readonly PickleValue[];
  constructor(items: readonly PickleValue[]) {
    this.items = items;
  }
}

export type PickleMap = Map<PickleValue, PickleValue>;

/** What a global stands for when the file calls it. */
export type PickleCallable = (args: readonly PickleValue[]) => PickleValue;

/** Something that the caller's functions made. */
export interface PickleObject {
  readonly pickled: string;
}

export interface PickleOptions {
  /** "module.name" to what it stands for. */
  readonly globals: Readonly<Record<string, PickleCallable>>;
  /** Resolves a persistent id (torch: a storage). */
  readonly persistent?: (id: PickleValue) => PickleValue;
  /** Names the file in errors. */
  readonly source: string;
}

const MARK = Symbol("mark");
type StackItem = PickleValue | typeof MARK;

/** The value pickled at `start`, and where the pickle ends. */
export function readPickle(
  bytes: Uint8Array,
  { globals, persistent, source }: PickleOptions,
  start = 0,
): { value: PickleValue; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stack: StackItem[] = [];
  const memo = new Map<number, PickleValue>();
  let at = start;

  const broken = (problem: string): DsqnError =>
    new DsqnError("PICKLE_INVALID", `${source}: ${problem} (at byte ${at}).`, { facts: { source, offset: at } });
  const refuse = (what: string): DsqnError =>
    new DsqnError(
      "PICKLE_REFUSED",
      `${source}: the pickle wants ${what}, which no network needs. Nothing of it was run.`,
      {
        hint: "Don't load this file with Python either unless you trust whoever made it.",
        facts: { source, offset: at },
      },
    );
  const take = (count: number): number => {
    if (count > bytes.length - at) throw broken(`it ends within a value (cut short?)`);
    return (at += count) - count;
  };
  const text = (length: number): string => {
    const from = take(length);
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(from, at));
    } catch {
      throw broken("it holds text that is not UTF-8");
    }
  };
  const line = (): string => {
    const end = bytes.indexOf(0x0a, at);
    if (end < 0) throw broken("it ends within a line (cut short?)");
    return text(end + 1 - at).slice(0, -1);
  };
  const pop = (): PickleValue => {
    const item = stack.pop();
    if (item === undefined || item === MARK) throw broken("an operand is missing");
    return item;
  };
  const top = (): PickleValue => {
    const item = stack.at(-1);
    if (item === undefined || item === MARK) throw broken("an operand is missing");
    return item;
  };
  const popMark = (): PickleValue[] => {
    const mark = stack.lastIndexOf(MARK);
    if (mark < 0) throw broken("a mark is missing");
    return stack.splice(mark).slice(1) as PickleValue[];
  };
  const setItems = (items: PickleValue[]): void => {
    const map = top();
    if (!(map instanceof Map) || items.length % 2 !== 0)
      throw broken("items are set on something that is no dictionary");
    for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
  };
  const append = (items: PickleValue[]): void => {
    const list = top();
    if (!Array.isArray(list)) throw broken("items are appended to something that is no list");
    list.push(...items);
  };
  const recall = (key: number): PickleValue => {
    const value = memo.get(key);
    if (value === undefined) throw broken(`it refers to the unknown memo ${key}`);
    return value;
  };
  const lookUp = (name: string): PickleCallable => {
    if (!Object.hasOwn(globals, name)) throw refuse(`the global "${name}"`);
    return globals[name];
  };
  const long = (length: number): number | bigint => {
    let value = 0n;
    const from = take(length);
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[from + i]);
    value = length > 0 ? BigInt.asIntN(length * 8, value) : 0n;
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  };

  const opcodes: Record<number, () => void> = {
    0x80: () => {
      const protocol = bytes[take(1)];
      if (protocol > 4) throw refuse(`protocol ${protocol}`);
    },
    0x28: () => stack.push(MARK), // (
    0x30: () => void pop(), // 0
    0x31: () => void popMark(), // 1
    0x4e: () => stack.push(null), // N
    0x88: () => stack.push(true),
    0x89: () => stack.push(false),
    0x4b: () => stack.push(bytes[take(1)]), // K
    0x4d: () => stack.push(view.getUint16(take(2), true)), // M
    0x4a: () => stack.push(view.getInt32(take(4), true)), // J
    0x8a: () => stack.push(long(bytes[take(1)])),
    0x47: () => stack.push(view.getFloat64(take(8))), // G
    0x58: () => stack.push(text(view.getUint32(take(4), true))), // X
    0x8c: () => stack.push(text(bytes[take(1)])),
    0x55: () => stack.push(text(bytes[take(1)])), // U
    0x54: () => stack.push(text(view.getUint32(take(4), true))), // T
    0x7d: () => stack.push(new Map()), // }
    0x5d: () => stack.push([]), // ]
    0x29: () => stack.push(new Tuple([])), // )
    0x85: () => stack.push(new Tuple([pop()])),
    0x86: () => stack.push(new Tuple([pop(), pop()].reverse())),
    0x87: () => stack.push(new Tuple([pop(), pop(), pop()].reverse())),
    0x74: () => stack.push(new Tuple(popMark())), // t
    0x6c: () => stack.push(popMark()), // l
    0x64: () => {
      // d
      const items = popMark();
      stack.push(new Map());
      setItems(items);
    },
    0x73: () => setItems([pop(), pop()].reverse()), // s
    0x75: () => setItems(popMark()), // u
    0x61: () => append([pop()]), // a
    0x65: () => append(popMark()), // e
    0x71: () => memo.set(bytes[take(1)], top()), // q
    0x72: () => memo.set(view.getUint32(take(4), true), top()), // r
    0x94: () => memo.set(memo.size, top()),
    0x68: () => stack.push(recall(bytes[take(1)])), // h
    0x6a: () => stack.push(recall(view.getUint32(take(4), true))), // j
    0x95: () => void take(8),
    0x63: () => stack.push(lookUp(`${line()}.${line()}`)), // c
    0x93: () => {
      const [name, module] = [pop(), pop()];
      stack.push(lookUp(`${String(module)}.${String(name)}`));
    },
    0x51: () => {
      // Q
      const id = pop();
      if (!persistent) throw refuse("a persistent object");
      stack.push(persistent(id));
    },
    0x52: () => {
      // R
      const [args, callable] = [pop(), pop()];
      if (typeof callable !== "function" || !(args instanceof Tuple)) throw broken("something is called that can't be");
      stack.push(callable(args.items));
    },
    // BUILD gives a state_dict its _metadata, which says nothing about the network. Other objects can't come up: no global makes one.
    0x62: () => {
      pop();
      if (!(top() instanceof Map)) throw refuse("state on something that is no dictionary (opcode BUILD)");
    },
  };

  for (;;) {
    const opcode = bytes[take(1)];
    if (opcode === 0x2e) return { value: pop(), end: at };
    const run = opcodes[opcode];
    const code = opcode.toString(16);
    if (!run) throw refuse(`the opcode ${refused[code] ?? `0x${code}`}`);
    run();
  }
}

/** Opcodes that a reader of networks has no use for, most of them because they make objects of any class. */
const refused = Object.fromEntries(
  `69 INST,6f OBJ,81 NEWOBJ,92 NEWOBJ_EX,82 EXT1,83 EXT2,84 EXT4,50 PERSID,49 INT,4c LONG,46 FLOAT,53 STRING,56 UNICODE,
   70 PUT,67 GET,32 DUP,8b LONG4,8d BINUNICODE8,8e BINBYTES8,42 BINBYTES,43 SHORT_BINBYTES,8f EMPTY_SET,90 ADDITEMS,
   91 FROZENSET,96 BYTEARRAY8,97 NEXT_BUFFER,98 READONLY_BUFFER`
    .split(/,\s*/)
    .map((line) => line.split(" ")),
) as Readonly<Record<string, string>>;
