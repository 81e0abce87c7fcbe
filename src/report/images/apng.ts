import { chunk, compressed, header, SIGNATURE } from "./png.ts";

/**
 * A film of 8-bit RGB frames as animated PNG (APNG 1.0, part of PNG since its third edition), repeated without end. `frames`: each
 * [height, width, 3]; all are whole pictures, each shown for `milliseconds`. Up to 256 colours go into a palette, which takes a half of the room.
 */
export function encodeApng(frames: readonly Uint8Array[], width: number, height: number, milliseconds: number): Buffer {
  const palette = paletteOf(frames);
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
    const data = palette ? compressed(indexed(frame, palette), width, height, 1) : compressed(frame, width, height);
    if (k === 0) return chunk("IDAT", data);
    const number = Buffer.alloc(4);
    number.writeUInt32BE(sequence++, 0);
    return chunk("fdAT", Buffer.concat([number, data]));
  };
  const count = Buffer.alloc(8);
  count.writeUInt32BE(frames.length, 0);
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header(width, height, palette !== undefined)),
    chunk("tEXt", Buffer.from("Software\0dsqn", "latin1")), // by which it is known as ours (files/outputs.ts)
    chunk("acTL", count),
    ...(palette
      ? [chunk("PLTE", Buffer.from([...palette.keys()].flatMap((c) => [c >> 16, (c >> 8) & 255, c & 255])))]
      : []),
    ...frames.flatMap((frame, k) => [control(), picture(frame, k)]),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

const colour = (frame: Uint8Array, at: number): number => (frame[at] << 16) | (frame[at + 1] << 8) | frame[at + 2];

/** Every colour with its index; undefined where there are more than 256. */
function paletteOf(frames: readonly Uint8Array[]): ReadonlyMap<number, number> | undefined {
  const palette = new Map<number, number>();
  for (const frame of frames)
    for (let at = 0; at < frame.length; at += 3) {
      const key = colour(frame, at);
      if (!palette.has(key)) palette.set(key, palette.size);
      if (palette.size > 256) return undefined;
    }
  return palette;
}

function indexed(frame: Uint8Array, palette: ReadonlyMap<number, number>): Uint8Array {
  return Uint8Array.from({ length: frame.length / 3 }, (_, k) => palette.get(colour(frame, 3 * k))!);
}
