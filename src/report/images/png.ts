import { deflateSync } from "node:zlib";

export const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

/** An image of 8-bit RGB as PNG (ISO/IEC 15948). `pixels`: [height, width, 3]. */
export function encodePng(pixels: Uint8Array, width: number, height: number): Buffer {
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header(width, height)),
    chunk("IDAT", compressed(pixels, width, height)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** What an IHDR chunk says of an image of 8-bit RGB, or of 8-bit indices into a palette. */
export function header(width: number, height: number, palette = false): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data.set([8, palette ? 3 : 2, 0, 0, 0], 8); // 8 bits, colour type, deflate, adaptive filtering, not interlaced
  return data;
}

/** Pixels, `channels` bytes each, as an IDAT chunk holds them. */
export function compressed(pixels: Uint8Array, width: number, height: number, channels = 3): Buffer {
  const stride = width * channels;
  // Filter type 2 ("up") in front of each row: frames of games are mostly vertical repetition.
  const filtered = Buffer.alloc(height * (stride + 1));
  for (let row = 0; row < height; row++) {
    filtered[row * (stride + 1)] = 2;
    for (let i = 0; i < stride; i++) {
      const above = row > 0 ? pixels[(row - 1) * stride + i] : 0;
      filtered[row * (stride + 1) + 1 + i] = pixels[row * stride + i] - above;
    }
  }
  return deflateSync(filtered, { level: 9 });
}

/** Half the width and height, each pixel the mean of four. */
export function halve(
  pixels: Uint8Array,
  width: number,
  height: number,
): { pixels: Uint8Array; width: number; height: number } {
  const [w, h] = [width >> 1, height >> 1];
  const out = new Uint8Array(w * h * 3);
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++)
      for (let c = 0; c < 3; c++) {
        const at = (2 * y * width + 2 * x) * 3 + c;
        const sum = pixels[at] + pixels[at + 3] + pixels[at + 3 * width] + pixels[at + 3 * width + 3];
        out[(y * w + x) * 3 + c] = (sum + 2) >> 2;
      }
  return { pixels: out, width: w, height: h };
}

/** A chunk: length, type, data, checksum. */
export function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
