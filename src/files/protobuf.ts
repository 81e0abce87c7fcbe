/** Protobuf's wire format, written field by field: https://protobuf.dev/programming-guides/encoding. `field` is the number in the .proto file. */

/** Seven bits a byte, the lowest first; negative numbers as 64 bits. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Buffer.from(bytes);
}

/** A field of an integer type, an enum or a bool. */
export const integer = (field: number, value: number): Buffer => Buffer.concat([varint(field << 3), varint(value)]);

/** A field that holds a message (its fields), bytes, or a packed list. */
export function message(field: number, ...parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([varint((field << 3) | 2), varint(length), ...parts]);
}

/** A field that holds a string, as UTF-8. */
export const text = (field: number, value: string): Buffer => message(field, Buffer.from(value));

/** A field of type double. */
export function double(field: number, value: number): Buffer {
  const buffer = Buffer.alloc(9);
  buffer[0] = (field << 3) | 1;
  buffer.writeDoubleLE(value, 1);
  return buffer;
}

/** A field of type float. */
export function float(field: number, value: number): Buffer {
  const buffer = Buffer.alloc(5);
  buffer[0] = (field << 3) | 5;
  buffer.writeFloatLE(value, 1);
  return buffer;
}

/** A field as it lies in a message: an integer (also 64 bits of a double, 32 of a float), or bytes. */
export interface Field {
  readonly field: number;
  readonly value: bigint | Uint8Array;
  /** 0 varint, 1 64 bits, 2 bytes, 5 32 bits. */
  readonly wire: number;
}

/**
 * The fields of a message one after the other; nothing is unfolded, so that reading costs no more than the bytes there are. Groups, which nobody
 * writes any more, and whatever is cut short throw a RangeError.
 */
export function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const number = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (at >= bytes.length) throw new RangeError("it ends within a number (cut short?)");
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new RangeError("it holds a number of more than 64 bits");
  };
  const taken = (count: number): number => {
    if (count > bytes.length - at) throw new RangeError("it ends within a field (cut short?)");
    return (at += count) - count;
  };
  while (at < bytes.length) {
    const key = Number(number());
    const [field, wire] = [Math.floor(key / 8), key % 8];
    if (field === 0) throw new RangeError("it has a field without a number");
    if (wire === 0) yield { field, wire, value: number() };
    else if (wire === 1) yield { field, wire, value: view.getBigUint64(taken(8), true) };
    else if (wire === 5) yield { field, wire, value: BigInt(view.getUint32(taken(4), true)) };
    else if (wire === 2) {
      const length = Number(number());
      const from = taken(length);
      yield { field, wire, value: bytes.subarray(from, from + length) };
    } else throw new RangeError(`it has a field of the unknown wire type ${wire}`);
  }
}
