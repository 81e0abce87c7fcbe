import { standalone } from "../report/theme.ts";

/**
 * A drawing of dsqn/report as a picture of its own, light paper included: a notebook is shown on light and on dark ground, by
 * viewers that know nothing of the page's colours.
 *
 * @example
 * display.svg(figure(learningCurve({ returns })));
 */
export function figure(svg: string): string {
  return standalone(svg, "light");
}
