import { closeSync, ftruncateSync, fstatSync, openSync, writeSync } from "node:fs";

/**
 * TensorBoard event files, written by hand: TFRecord framing around protobuf `Event` messages.
 *
 *   record = length (uint64) | masked crc32c of those 8 bytes | data | masked crc32c of data      (little endian)
 *   Event  = wall_time (1, double) | step (2, int64) | file_version (3, string) | summary (5)
 *   Summary.value (1) = tag (1, string) | simple_value (2, float)
 *
 * Source: tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto.
 */
export interface EventWriter {
  /** Appends scalars at `step`. */
  scalars(step: number, values: Readonly<Record<string, number>>): void;
  /** Length of the file so far, in bytes. */
  readonly bytes: number;
  close(): void;
}

/**
 * Opens an event file for appending; `keep`: cut it to its first `keep` bytes (what a resumed run had written by its checkpoint).
 * `now` gives the wall time in seconds.
 */
export function openEventFile(path: string, options: { keep?: number; now?: () => number } = {}): EventWriter {
  const { keep = 0, now = () => Date.now() / 1000 } = options;
  const file = openSync(path, "a");
  let bytes = Math.min(fstatSync(file).size, keep);
  ftruncateSync(file, bytes);
  const append = (event: Buffer): void => {
    const framed = record(event);
    writeSync(file, framed);
    bytes += framed.length;
  };
  if (bytes === 0) append(Buffer.concat([double(1, now()), bytesField(3, Buffer.from("brain.Event:2"))]));
  return {
    scalars(step, values) {
      const summary = Object.entries(values).map(([tag, value]) =>
        bytesField(1, Buffer.concat([bytesField(1, Buffer.from(tag)), float(2, value)])),
      );
      append(Buffer.concat([double(1, now()), varintField(2, step), bytesField(5, Buffer.concat(summary))]));
    },
    get bytes() {
      return bytes;
    },
    close: () => closeSync(file),
  };
}

/** One TFRecord around `data`. */
export function record(data: Buffer): Buffer {
  const framed = Buffer.alloc(16 + data.length);
  framed.writeBigUInt64LE(BigInt(data.length), 0);
  framed.writeUInt32LE(maskedCrc(framed.subarray(0, 8)), 8);
  data.copy(framed, 12);
  framed.writeUInt32LE(maskedCrc(data), 12 + data.length);
  return framed;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** CRC-32C (Castagnoli; RFC 3720, appendix B.4). */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) crc = CRC_TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** TensorFlow's mask: a CRC stored beside the data it covers must not be the CRC of itself. */
function maskedCrc(data: Uint8Array): number {
  const crc = crc32c(data);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(Math.round(value));
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Buffer.from(bytes);
}

function varintField(field: number, value: number): Buffer {
  return Buffer.concat([varint(field << 3), varint(value)]);
}

function bytesField(field: number, value: Buffer): Buffer {
  return Buffer.concat([varint((field << 3) | 2), varint(value.length), value]);
}

function double(field: number, value: number): Buffer {
  const buffer = Buffer.alloc(9);
  buffer[0] = (field << 3) | 1;
  buffer.writeDoubleLE(value, 1);
  return buffer;
}

function float(field: number, value: number): Buffer {
  const buffer = Buffer.alloc(5);
  buffer[0] = (field << 3) | 5;
  buffer.writeFloatLE(value, 1);
  return buffer;
}
