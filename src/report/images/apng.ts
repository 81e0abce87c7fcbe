import { chunk, compressed, header, SIGNATURE } from "./png.ts";

/**
 * A film of 8-bit RGB frames as animated PNG (APNG 1.0, part of PNG since its third edition), repeated without end. `frames`: each
 * [height, width, 3]; all are whole pictures, each shown for `milliseconds`.
 */
export function encodeApng(frames: readonly Uint8Array[], width: number, height: number, milliseconds: number): Buffer {
  let sequence = 0;
  const control = (): Buffer => {
    const data = Buffer.alloc(26);
    data.writeUInt32BE(sequence++, 0);
    data.writeUInt32BE(width, 4);
    data.writeUInt32BE(height, 8); // offsets, disposal and blending stay 0: each frame replaces all
    data.writeUInt16BE(milliseconds, 20);
    data.writeUInt16BE(1000, 22);
    return chunk("fcTL", data);
  };
  const picture = (frame: Uint8Array, k: number): Buffer => {
    const data = compressed(frame, width, height);
    if (k === 0) return chunk("IDAT", data);
    const number = Buffer.alloc(4);
    number.writeUInt32BE(sequence++, 0);
    return chunk("fdAT", Buffer.concat([number, data]));
  };
  const count = Buffer.alloc(8);
  count.writeUInt32BE(frames.length, 0);
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header(width, height)),
    chunk("acTL", count),
    ...frames.flatMap((frame, k) => [control(), picture(frame, k)]),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
