import { standalone } from "../report/theme.ts";

/** Paper around a drawing, in pixels. */
const [SIDE, ABOVE] = [14, 10];

/**
 * A drawing of dsqn/report as a picture of its own, light paper and a margin included: a notebook is shown on light and on dark ground,
 * by viewers that know nothing of the page's colours.
 *
 * @example
 * display.svg(figure(learningCurve({ returns })));
 */
export function figure(svg: string): string {
  return standalone(svg, "light")
    .replace(/^<svg[^>]*>/, (tag) =>
      tag
        .replace(/viewBox="0 0 ([\d.]+) ([\d.]+)"/, (_, width: string, height: string) => {
          const box = [-SIDE, -ABOVE, Number(width) + 2 * SIDE, Number(height) + 2 * ABOVE];
          return `viewBox="${box.join(" ")}"`;
        })
        .replace(/ width="([\d.]+)"/, (_, width: string) => ` width="${Number(width) + 2 * SIDE}"`),
    )
    .replace('<rect width="100%"', `<rect x="${-SIDE}" y="${-ABOVE}" width="100%"`);
}
