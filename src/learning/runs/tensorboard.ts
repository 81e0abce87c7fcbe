import { closeSync, ftruncateSync, fstatSync } from "node:fs";
import { openWritable, writeWhole } from "../../files/atomic.ts";
import { double, float, integer, message, text } from "../../files/protobuf.ts";

/**
 * TensorBoard event files, TFRecord framing around protobuf `Event` messages.
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
  const file = openWritable(path, "a");
  let bytes = Math.min(fstatSync(file).size, keep);
  ftruncateSync(file, bytes);
  const append = (event: Buffer): void => {
    const framed = record(event);
    writeWhole(file, framed, path);
    bytes += framed.length;
  };
  if (bytes === 0) append(Buffer.concat([double(1, now()), text(3, "brain.Event:2")]));
  return {
    scalars(step, values) {
      const summary = Object.entries(values).map(([tag, value]) => message(1, text(1, tag), float(2, value)));
      append(Buffer.concat([double(1, now()), integer(2, Math.round(step)), message(5, ...summary)]));
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
