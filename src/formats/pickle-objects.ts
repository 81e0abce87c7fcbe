import { sizeOf, type Tensor, type TensorDtype, viewData } from "../files/tensor.ts";
import { type Opcode, type PickleCallable, type PickleObject, type PickleValue, Tuple } from "./pickle.ts";

/**
 * Objects of any class as notes of what a file says of them: the class, what it would be called with, its state. Nothing is called, no class is
 * looked for.
 */
export interface Noted extends PickleObject {
  readonly pickled: "object";
  readonly global: string;
  readonly args: readonly PickleValue[];
  state?: PickleValue;
}

/** A class or function of that name: whatever calls it gets a note. */
export function noted(global: string): PickleCallable {
  return (args) => ({ pickled: "object", global, args }) as Noted;
}

export function isNoted(value: unknown, global?: RegExp): value is Noted {
  const found = typeof value === "object" && value !== null && (value as Partial<Noted>).pickled === "object";
  return found && (global === undefined || global.test((value as Noted).global));
}

const instance: Opcode = (m) => {
  const [callable, args] = m.popTuple(2).items;
  if (typeof callable !== "function" || !(args instanceof Tuple))
    throw m.refuse("the opcode NEWOBJ on something that is no class");
  m.push(callable(args.items));
};

/** What Python's protocols 4 and 5 write of objects, bytes and sets (pickletools). Sets become lists. */
export const objectOpcodes: Readonly<Record<number, Opcode>> = {
  0x81: instance, // NEWOBJ
  0x92: (m) => {
    m.pop(); // NEWOBJ_EX, without the arguments by name
    instance(m);
  },
  0x42: (m) => m.push(m.bytes(m.uint32())), // BINBYTES
  0x43: (m) => m.push(m.bytes(m.byte())), // SHORT_BINBYTES
  0x8e: (m) => m.push(m.bytes(length64(m.bytes(8)))), // BINBYTES8
  0x96: (m) => m.push(m.bytes(length64(m.bytes(8)))), // BYTEARRAY8
  0x8d: (m) => m.push(m.text(length64(m.bytes(8)))), // BINUNICODE8
  0x8b: (m) => m.push(m.long(m.uint32())), // LONG4
  0x8f: (m) => m.push([]), // EMPTY_SET
  0x90: (m) => m.append(m.popMark()), // ADDITEMS
  0x91: (m) => m.push(m.popMark()), // FROZENSET
};

function length64(bytes: Uint8Array): number {
  return Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
}

const dtypes: Readonly<Record<string, TensorDtype>> = {
  b1: "bool",
  u1: "uint8",
  i1: "int8",
  u2: "uint16",
  i2: "int16",
  u4: "uint32",
  i4: "int32",
  u8: "uint64",
  i8: "int64",
  f4: "float32",
  f8: "float64",
};

/** A NumPy array or scalar that is noted down, as a tensor; undefined for anything else, Fortran's order and big endian included. */
export function numpyArray(value: PickleValue): Tensor | undefined {
  if (
    isNoted(value, /^numpy\.(_?core\.)?(multiarray\.)?_reconstruct$|multiarray\._reconstruct$/) &&
    value.state instanceof Tuple
  ) {
    const [, shape, dtype, fortran, bytes] = value.state.items;
    return fortran === true ? undefined : arrayOf(shape, dtype, bytes);
  }
  if (isNoted(value, /numeric\._frombuffer$/)) {
    const [bytes, dtype, shape, order] = value.args;
    return order === "F" ? undefined : arrayOf(shape, dtype, bytes);
  }
  if (isNoted(value, /multiarray\.scalar$/)) return arrayOf(new Tuple([]), value.args[0], value.args[1]);
  return undefined;
}

function arrayOf(shape: PickleValue, dtype: PickleValue, data: PickleValue): Tensor | undefined {
  const sizes = shape instanceof Tuple ? shape.items : undefined;
  const bytes = bytesOf(data);
  if (!sizes?.every((n) => typeof n === "number" && Number.isSafeInteger(n) && n >= 0) || !bytes) return undefined;
  if (!isNoted(dtype, /^numpy\.dtype$/)) return undefined;
  const [name] = dtype.args;
  const order = dtype.state instanceof Tuple ? dtype.state.items[1] : "<";
  const own = typeof name === "string" && Object.hasOwn(dtypes, name) ? dtypes[name] : undefined;
  const size = sizeOf(sizes as number[]);
  if (!own || order === ">" || sizes.length > 64) return undefined;
  const width = Number(/\d+$/.exec(name as string)![0]);
  return bytes.length === size * width
    ? { dtype: own, shape: sizes as number[], data: viewData(own, bytes, 0, size) }
    : undefined;
}

/** Bytes, as protocol 3 and later have them, or in protocol 2's disguise: text in Latin-1. */
function bytesOf(value: PickleValue): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (!isNoted(value, /^_codecs\.encode$/) || typeof value.args[0] !== "string") return undefined;
  return Uint8Array.from(value.args[0], (character) => character.charCodeAt(0) & 0xff);
}
