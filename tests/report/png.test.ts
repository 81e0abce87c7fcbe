import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { inflateSync } from "node:zlib";
import { encodePng, halve } from "../../src/report/images/png.ts";

/** What the standard says a decoder does, for filter types 0 and 2. */
function decode(png: Buffer): { width: number; height: number; pixels: Uint8Array } {
  expect(png.subarray(0, 8).toString("hex")).toBe("89504e470d0a1a0a");
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < png.length; at += png.readUInt32BE(at) + 12)
    chunks.set(png.toString("latin1", at + 4, at + 8), png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  const header = chunks.get("IHDR")!;
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const rows = inflateSync(chunks.get("IDAT")!);
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let i = 0; i < width * 3; i++) {
      const above = y > 0 && rows[y * (width * 3 + 1)] === 2 ? pixels[(y - 1) * width * 3 + i] : 0;
      pixels[y * width * 3 + i] = rows[y * (width * 3 + 1) + 1 + i] + above;
    }
  return { width, height, pixels };
}

describe("PNG", () => {
  it("decodes to the pixels that went in", () => {
    const image = fc
      .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
      .chain(([width, height]) =>
        fc
          .uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 })
          .map((pixels) => ({ width, height, pixels })),
      );
    fc.assert(
      fc.property(image, ({ width, height, pixels }) =>
        expect(decode(encodePng(pixels, width, height))).toEqual({ width, height, pixels }),
      ),
    );
  });

  it("has the standard's checksum on its last chunk", () => {
    expect(encodePng(new Uint8Array(3), 1, 1).subarray(-12).toString("hex")).toBe("0000000049454e44ae426082");
  });

  it("halves a picture to the means of four pixels", () => {
    const pixels = Uint8Array.of(0, 0, 0, 10, 20, 30, 20, 40, 60, 30, 60, 90);
    expect(halve(pixels, 2, 2)).toEqual({ width: 1, height: 1, pixels: Uint8Array.of(15, 30, 45) });
  });
});
