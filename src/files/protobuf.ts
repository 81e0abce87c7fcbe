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
