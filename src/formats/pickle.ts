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
  /** What BUILD sets, of objects that take it. */
  state?: PickleValue;
}

/** What an opcode does to the machine. */
export type Opcode = (m: Machine) => void;

export interface PickleOptions {
  /** "module.name" to what it stands for. */
  readonly globals: Readonly<Record<string, PickleCallable>>;
  /** "module.name" to a value that is no class or function. */
  readonly constants?: Readonly<Record<string, PickleObject>>;
  /** What any other class or function stands for; undefined: it is refused. */
  readonly unknown?: (name: string) => PickleCallable | undefined;
  /** Opcodes besides those of tensors. */
  readonly opcodes?: Readonly<Record<number, Opcode>>;
  /** Told of the state that a dictionary is given (BUILD). */
  readonly onState?: (of: PickleMap, state: PickleValue) => void;
  /** What a refusal advises. */
  readonly hint?: (name: string) => string | undefined;
  /** Resolves a persistent id (torch: a storage). */
  readonly persistent?: (id: PickleValue) => PickleValue;
  /** Names the file in errors. */
  readonly source: string;
}

const MARK = Symbol("mark");
type StackItem = PickleValue | typeof MARK;

/** The value pickled at `start`, and where the pickle ends. */
export function readPickle(bytes: Uint8Array, options: PickleOptions, start = 0): { value: PickleValue; end: number } {
  const machine = new Machine(bytes, options, start);
  for (;;) {
    const opcode = machine.byte();
    if (opcode === 0x2e) return { value: machine.pop(), end: machine.at };
    const run = opcodes[opcode] ?? options.opcodes?.[opcode];
    const code = opcode.toString(16);
    if (!run) throw machine.refuse(`the opcode ${refused[code] ?? `0x${code}`}`);
    run(machine);
  }
}

/** A pickle's stack and memo, and how far it has been read. */
export class Machine {
  at: number;
  readonly options: PickleOptions;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #stack: StackItem[] = [];
  readonly #memo = new Map<number, PickleValue>();

  constructor(bytes: Uint8Array, options: PickleOptions, start: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.options = options;
    this.at = start;
  }

  broken(problem: string): DsqnError {
    const { source } = this.options;
    const facts = { source, offset: this.at };
    return new DsqnError("PICKLE_INVALID", `${source}: ${problem} (at byte ${this.at}).`, { facts });
  }

  refuse(what: string, name = ""): DsqnError {
    const { source, hint } = this.options;
    return new DsqnError(
      "PICKLE_REFUSED",
      `${source}: the pickle wants ${what}, which no network needs. Nothing of it was run.`,
      {
        hint: hint?.(name) ?? "Don't load this file with Python either unless you trust whoever made it.",
        facts: { source, offset: this.at },
      },
    );
  }

  take(count: number): number {
    if (count > this.#bytes.length - this.at) throw this.broken(`it ends within a value (cut short?)`);
    return (this.at += count) - count;
  }

  byte = (): number => this.#bytes[this.take(1)];
  uint16 = (): number => this.#view.getUint16(this.take(2), true);
  int32 = (): number => this.#view.getInt32(this.take(4), true);
  uint32 = (): number => this.#view.getUint32(this.take(4), true);
  float64 = (): number => this.#view.getFloat64(this.take(8));

  bytes(length: number): Uint8Array {
    const from = this.take(length);
    return this.#bytes.subarray(from, this.at);
  }

  text(length: number): string {
    const from = this.take(length);
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(this.#bytes.subarray(from, this.at));
    } catch {
      throw this.broken("it holds text that is not UTF-8");
    }
  }

  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.at);
    if (end < 0) throw this.broken("it ends within a line (cut short?)");
    return this.text(end + 1 - this.at).slice(0, -1);
  }

  long(length: number): number | bigint {
    const from = this.take(length);
    const digits = Buffer.from(this.#bytes.subarray(from, this.at)).reverse().toString("hex");
    const value = BigInt.asIntN(length * 8, BigInt(`0x0${digits}`));
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  push(item: StackItem): void {
    this.#stack.push(item);
  }

  top(): PickleValue {
    const item = this.#stack.at(-1);
    if (item === undefined || item === MARK) throw this.broken("an operand is missing");
    return item;
  }

  pop(): PickleValue {
    const item = this.top();
    this.#stack.pop();
    return item;
  }

  popTuple(length: number): Tuple {
    return new Tuple(Array.from({ length }, () => this.pop()).reverse());
  }

  popMark(): PickleValue[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw this.broken("a mark is missing");
    return this.#stack.splice(mark).slice(1) as PickleValue[];
  }

  append(items: readonly PickleValue[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw this.broken("items are appended to something that is no list");
    for (const item of items) list.push(item);
  }

  setItems(items: readonly PickleValue[]): void {
    const map = this.top();
    if (!(map instanceof Map) || items.length % 2 !== 0)
      throw this.broken("items are set on something that is no dictionary");
    for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
  }

  /** The next free number unless one is given. */
  memoise(key = this.#memo.size): void {
    this.#memo.set(key, this.top());
  }

  recall(key: number): void {
    const value = this.#memo.get(key);
    if (value === undefined) throw this.broken(`it refers to the unknown memo ${key}`);
    this.push(value);
  }

  lookUp(module: PickleValue, name: PickleValue): void {
    // Lists of themselves would unfold in a message.
    if (typeof module !== "string" || typeof name !== "string") throw this.broken("a global has no name");
    const { globals, constants = {}, unknown } = this.options;
    const whole = `${module}.${name}`;
    const own: PickleValue | undefined = Object.hasOwn(constants, whole) ? constants[whole] : undefined;
    const found = own ?? (Object.hasOwn(globals, whole) ? globals[whole] : unknown?.(whole));
    if (!found) throw this.refuse(`the global "${whole}"`, whole);
    this.push(found);
  }
}

const opcodes: Readonly<Record<number, Opcode>> = {
  0x80: (m) => {
    const protocol = m.byte();
    if (protocol > (m.options.opcodes ? 5 : 4)) throw m.refuse(`protocol ${protocol}`);
  },
  0x28: (m) => m.push(MARK), // (
  0x30: (m) => void m.pop(), // 0
  0x31: (m) => void m.popMark(), // 1
  0x4e: (m) => m.push(null), // N
  0x88: (m) => m.push(true),
  0x89: (m) => m.push(false),
  0x4b: (m) => m.push(m.byte()), // K
  0x4d: (m) => m.push(m.uint16()), // M
  0x4a: (m) => m.push(m.int32()), // J
  0x8a: (m) => m.push(m.long(m.byte())),
  0x47: (m) => m.push(m.float64()), // G
  0x58: (m) => m.push(m.text(m.uint32())), // X
  0x8c: (m) => m.push(m.text(m.byte())),
  0x55: (m) => m.push(m.text(m.byte())), // U
  0x54: (m) => m.push(m.text(m.uint32())), // T
  0x7d: (m) => m.push(new Map()), // }
  0x5d: (m) => m.push([]), // ]
  0x29: (m) => m.push(new Tuple([])), // )
  0x85: (m) => m.push(m.popTuple(1)),
  0x86: (m) => m.push(m.popTuple(2)),
  0x87: (m) => m.push(m.popTuple(3)),
  0x74: (m) => m.push(new Tuple(m.popMark())), // t
  0x6c: (m) => m.push(m.popMark()), // l
  0x64: (m) => {
    // d
    const items = m.popMark();
    m.push(new Map());
    m.setItems(items);
  },
  0x73: (m) => m.setItems(m.popTuple(2).items), // s
  0x75: (m) => m.setItems(m.popMark()), // u
  0x61: (m) => m.append([m.pop()]), // a
  0x65: (m) => m.append(m.popMark()), // e
  0x71: (m) => m.memoise(m.byte()), // q
  0x72: (m) => m.memoise(m.uint32()), // r
  0x94: (m) => m.memoise(),
  0x68: (m) => m.recall(m.byte()), // h
  0x6a: (m) => m.recall(m.uint32()), // j
  0x95: (m) => void m.take(8),
  0x63: (m) => m.lookUp(m.line(), m.line()), // c
  0x93: (m) => {
    const [module, name] = m.popTuple(2).items;
    m.lookUp(module, name);
  },
  0x51: (m) => {
    // Q
    const id = m.pop();
    const { persistent } = m.options;
    if (!persistent) throw m.refuse("a persistent object");
    m.push(persistent(id));
  },
  0x52: (m) => {
    // R
    const [callable, args] = m.popTuple(2).items;
    if (typeof callable !== "function" || !(args instanceof Tuple)) throw m.broken("something is called that can't be");
    m.push(callable(args.items));
  },
  // BUILD gives a state_dict its _metadata: the names of its modules.
  0x62: (m) => {
    const state = m.pop();
    const of = m.top();
    if (of instanceof Map) m.options.onState?.(of, state);
    else if (m.options.opcodes && isObject(of)) of.state = state;
    else throw m.refuse("state on something that is no dictionary (opcode BUILD)");
  },
};

function isObject(value: PickleValue): value is PickleObject {
  return typeof value === "object" && value !== null && "pickled" in value;
}

/** Opcodes that a reader of networks has no use for, most of them because they make objects of any class. */
const refused = Object.fromEntries(
  `69 INST,6f OBJ,81 NEWOBJ,92 NEWOBJ_EX,82 EXT1,83 EXT2,84 EXT4,50 PERSID,49 INT,4c LONG,46 FLOAT,53 STRING,56 UNICODE,
   70 PUT,67 GET,32 DUP,8b LONG4,8d BINUNICODE8,8e BINBYTES8,42 BINBYTES,43 SHORT_BINBYTES,8f EMPTY_SET,90 ADDITEMS,
   91 FROZENSET,96 BYTEARRAY8,97 NEXT_BUFFER,98 READONLY_BUFFER`
    .split(/,\s*/)
    .map((line) => line.split(" ")),
) as Readonly<Record<string, string>>;
