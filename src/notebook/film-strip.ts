import { encodePng } from "../report/images/png.ts";

/** A picture: `data` is [height, width, 3], or [height, width] in shades of grey. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

const GAP = 8;

/**
 * Pictures of one size side by side as a PNG, each pixel drawn `scale` times as wide and high. What is between them is white.
 *
 * @example
 * const grey = { width: 2, height: 2, data: Uint8Array.of(0, 90, 180, 255) };
 * const png = filmStrip([grey, grey], 20);
 */
export function filmStrip(pictures: readonly Picture[], scale = 1): Buffer {
  const [{ width, height }] = pictures;
  const [cell, rows] = [width * scale + GAP, height * scale];
  const total = pictures.length * cell - GAP;
  const pixels = new Uint8Array(total * rows * 3).fill(255);
  pictures.forEach(({ data }, k) => {
    const channels = data.length / (width * height);
    for (let y = 0; y < rows; y++)
      for (let x = 0; x < width * scale; x++)
        for (let c = 0; c < 3; c++) {
          const from = Math.floor(y / scale) * width + Math.floor(x / scale);
          pixels[(y * total + k * cell + x) * 3 + c] = data[from * channels + (channels === 3 ? c : 0)];
        }
  });
  return encodePng(pixels, total, rows);
}
