import { describe, expect, it } from "@jest/globals";
import { inflateSync } from "node:zlib";
import { encodeApng } from "../../src/report/index.ts";

/** CRC-32 as the specification of PNG defines it, bit by bit. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

/** The chunks of a PNG, checksums checked. */
function chunks(png: Buffer): { type: string; data: Buffer }[] {
  const found = [];
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    const body = png.subarray(at + 4, at + 8 + length);
    expect(png.readUInt32BE(at + 8 + length)).toBe(crc32(body));
    found.push({ type: body.toString("latin1", 0, 4), data: body.subarray(4) });
    at += 12 + length;
  }
  return found;
}

/** Undoes filter 2, "up". */
function pixels(data: Buffer, width: number, height: number, channels: number): number[] {
  const raw = inflateSync(data);
  const stride = channels * width;
  const out = new Uint8Array(height * stride);
  for (let row = 0; row < height; row++) {
    expect(raw[row * (stride + 1)]).toBe(2);
    for (let i = 0; i < stride; i++)
      out[row * stride + i] = raw[row * (stride + 1) + 1 + i] + (row > 0 ? out[(row - 1) * stride + i] : 0);
  }
  return [...out];
}

describe.each([
  ["few colours, through a palette", 16, 5, 4],
  ["more than 256 colours", 256, 20, 15],
] as const)("animated PNG of %s", (_, colours, width, height) => {
  it("holds every frame whole, in order, for as long as said", () => {
    const frames = [0, 1, 2].map((k) =>
      Uint8Array.from({ length: 3 * width * height }, (_, i) =>
        colours === 256 ? (i * i * 37 + k * 91) % 256 : ((Math.floor(i / 3) * 7 + k * 5 + (i % 3)) % 4) * 60,
      ),
    );
    const png = encodeApng(frames, width, height, 67);
    const all = chunks(png);
    const palette = all.find(({ type }) => type === "PLTE")?.data;
    expect(palette !== undefined).toBe(colours < 256);
    expect(all[0].data[9]).toBe(palette ? 3 : 2); // the colour type
    expect(all.map(({ type }) => type)).toEqual([
      ...["IHDR", "tEXt", "acTL", ...(palette ? ["PLTE"] : []), "fcTL", "IDAT"],
      ...["fcTL", "fdAT", "fcTL", "fdAT", "IEND"],
    ]);
    expect([all[2].data.readUInt32BE(0), all[2].data.readUInt32BE(4)]).toEqual([3, 0]);
    const controls = all.filter(({ type }) => type === "fcTL");
    controls.forEach(({ data }) => {
      expect([data.readUInt32BE(4), data.readUInt32BE(8)]).toEqual([width, height]);
      expect(data.readUInt16BE(20) / data.readUInt16BE(22)).toBeCloseTo(0.067, 12);
    });
    // fcTL and fdAT share one count.
    const numbers = all
      .filter(({ type }) => type === "fcTL" || type === "fdAT")
      .map(({ data }) => data.readUInt32BE(0));
    expect(numbers).toEqual([0, 1, 2, 3, 4]);
    const pictures = all
      .filter(({ type }) => type === "IDAT" || type === "fdAT")
      .map(({ type, data }) => pixels(type === "IDAT" ? data : data.subarray(4), width, height, palette ? 1 : 3))
      .map((values) => (palette ? values.flatMap((k) => [...palette.subarray(3 * k, 3 * k + 3)]) : values));
    expect(pictures).toEqual(frames.map((frame) => [...frame]));
  });
});
