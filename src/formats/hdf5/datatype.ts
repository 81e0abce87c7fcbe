import {
  bytesPerElement,
  fromFloat16,
  swapped,
  type TensorData,
  type TensorDtype,
  viewData,
} from "../../files/tensor.ts";
import { type Cursor, damaged, type Source, spend, textOf, unsupported } from "./bytes.ts";
import type { GlobalHeaps } from "./heaps.ts";

/** What an element is. */
export type Datatype =
  | {
      readonly kind: "number";
      readonly dtype: TensorDtype;
      readonly half: boolean;
      readonly big: boolean;
      readonly size: number;
    }
  | { readonly kind: "text"; readonly size: number; readonly variable: boolean; readonly spaces: boolean }
  | { readonly kind: "other"; readonly name: string; readonly size: number };

/** Values of an array in a file; `shape` is [] for one alone, null where there is no value at all. */
export type Values =
  | { readonly dtype: TensorDtype; readonly shape: readonly number[]; readonly data: TensorData }
  | { readonly dtype: "text"; readonly shape: readonly number[]; readonly data: readonly string[] };

const classes = [
  "fixed-point",
  "floating-point",
  "time",
  "string",
  "bit field",
  "opaque",
  "compound",
  "reference",
  "enumeration",
  "variable-length",
  "array",
];

/** The message "datatype". Types that are not read are named, and refused where a value of theirs is asked for. */
export function datatypeOf(message: Cursor): Datatype {
  const head = message.u8();
  const [kind, version] = [head & 15, head >> 4];
  if (version < 1 || version > 5) throw damaged(message.source, `version ${version} of a datatype does not exist`);
  const bits = message.unsigned(3);
  const size = message.u32();
  if (size === 0) throw damaged(message.source, "a datatype has no size");
  const other = (name: string): Datatype => ({ kind: "other", name, size });
  if (kind === 0) return integer(message, bits, size) ?? other(`integers of ${size} bytes`);
  if (kind === 1) return float(message, bits, size) ?? other(`floats of ${size} bytes that are not IEEE's`);
  if (kind === 3) return { kind: "text", size, variable: false, spaces: (bits & 15) === 2 };
  if (kind === 8) return boolean(message, bits & 0xffff, version) ?? other("enumerations other than FALSE and TRUE");
  if (kind === 9 && (bits & 15) === 1) return { kind: "text", size, variable: true, spaces: false };
  return other(`the datatype "${classes[kind] ?? kind}"`);
}

function integer(message: Cursor, bits: number, size: number): Datatype | undefined {
  const [offset, precision] = [message.u16(), message.u16()];
  if (offset !== 0 || precision !== 8 * size || ![1, 2, 4, 8].includes(size)) return undefined;
  const dtype = `${bits & 8 ? "int" : "uint"}${precision}` as TensorDtype;
  return { kind: "number", dtype, half: false, big: (bits & 1) === 1, size };
}

/** Exponent's place and size, mantissa's place and size, bias: IEEE 754's. */
const ieee: Readonly<Record<number, string>> = { 2: "10,5,0,10,15", 4: "23,8,0,23,127", 8: "52,11,0,52,1023" };

function float(message: Cursor, bits: number, size: number): Datatype | undefined {
  const [offset, precision] = [message.u16(), message.u16()];
  const parts = [message.u8(), message.u8(), message.u8(), message.u8(), message.u32()];
  if (offset !== 0 || precision !== 8 * size || parts.join() !== ieee[size] || bits & 0x40) return undefined;
  const dtype = size === 2 ? "uint16" : size === 4 ? "float32" : "float64";
  return { kind: "number", dtype, half: size === 2, big: (bits & 1) === 1, size };
}

/** An enumeration of bytes FALSE = 0, TRUE = 1, as h5py writes bools. */
function boolean(message: Cursor, members: number, version: number): Datatype | undefined {
  const base = datatypeOf(message);
  if (members !== 2 || base.kind !== "number" || base.size !== 1) return undefined;
  const names = [0, 1].map(() => {
    const rest = message.source.bytes.subarray(message.at, message.end);
    const end = rest.indexOf(0);
    const length = end < 0 ? rest.length : end + 1;
    return textOf(message.source, message.take(version < 3 ? Math.ceil(length / 8) * 8 : length), "an enumeration");
  });
  const values = [message.u8(), message.u8()];
  const of = (name: string): number | undefined => values[names.indexOf(name)];
  if (of("FALSE") !== 0 || of("TRUE") !== 1) return undefined;
  return { kind: "number", dtype: "bool", half: false, big: false, size: 1 };
}

/** The shape in the message "dataspace"; null where it is for no value at all. */
export function dataspaceOf(message: Cursor): readonly number[] | null {
  const version = message.version(1, 2);
  const [rank, flags] = [message.u8(), message.u8()];
  if (rank > 32) throw damaged(message.source, `an array has ${rank} dimensions`);
  const type = version === 2 ? message.u8() : 1;
  if (version === 1) message.skip(5);
  const shape = Array.from({ length: rank }, () => message.length());
  if (flags & 1) message.skip(rank * message.source.lengthSize);
  return type === 2 ? null : shape;
}

/** What raw bytes mean. */
export function valuesOf(
  source: Source,
  type: Datatype,
  shape: readonly number[],
  raw: Uint8Array,
  heaps: GlobalHeaps,
  what: string,
): Values {
  const count = raw.length / type.size;
  if (type.kind === "other") throw unsupported(source, `${type.name} (${what})`);
  if (type.kind === "text") {
    const one = (k: number): string => {
      const bytes = raw.subarray(k * type.size, (k + 1) * type.size);
      if (!type.variable) return trimmed(textOf(source, bytes, what), type.spaces);
      const text = heaps.read(bytes, what);
      spend(source, text.length, what);
      return textOf(source, text, what);
    };
    spend(source, 32 * count, what);
    return { dtype: "text", shape, data: Array.from({ length: count }, (_, k) => one(k)) };
  }
  const { dtype, half, big, size } = type;
  const little = big && size > 1 ? swapped(raw, size) : raw;
  const data = viewData(dtype, little, 0, little.length / bytesPerElement(dtype));
  if (dtype === "bool" && data.some((byte: number | bigint) => byte !== 0 && byte !== 1))
    throw damaged(source, `${what} holds bools that are neither`);
  if (!half) return { dtype, shape, data };
  return { dtype: "float32", shape, data: Float32Array.from(data as Uint16Array, fromFloat16) };
}

const trimmed = (text: string, spaces: boolean): string => (spaces ? text.replace(/ +$/, "") : text);
