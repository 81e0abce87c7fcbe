import * as Plot from "@observablehq/plot";
import { plotSvg } from "../svg/plot.ts";
import { type Colour, ink } from "../theme.ts";

/** A mean with its interval, and the name it goes by. */
export interface Score {
  readonly name: string;
  readonly mean: number;
  /** 95 % confidence interval of the mean. */
  readonly ci95: readonly [number, number];
  readonly colour?: Colour;
}

/** Mean scores as bars with their 95 % confidence intervals. */
export function scoreBars(
  { scores, limit, unit = "mean return" }: { scores: readonly Score[]; limit?: number; unit?: string },
  width?: number,
): string {
  const most = Math.max(limit ?? 0, ...scores.map((s) => s.ci95[1]));
  const longest = Math.max(...scores.map((s) => s.name.length));
  return plotSvg({
    alt: scores
      .map((s) => `${s.name}: ${s.mean.toFixed(1)}, 95 % interval ${s.ci95[0].toFixed(1)} to ${s.ci95[1].toFixed(1)}`)
      .join("; "),
    width,
    height: 58 + 38 * scores.length,
    marginLeft: Math.min(150, 18 + 7 * longest),
    marginRight: 64,
    x: {
      label: unit,
      labelArrow: "none",
      domain: [Math.min(0, ...scores.map((s) => s.ci95[0])), most],
      nice: true,
      ticks: 5,
      tickSize: 0,
    },
    y: { label: null, domain: scores.map((s) => s.name), tickSize: 0, padding: 0.35 },
    marks: [
      Plot.gridX({ stroke: ink("line"), strokeOpacity: 1 }),
      Plot.barX(scores, { y: "name", x: "mean", fill: (s: Score) => ink(s.colour ?? "snn"), rx: 2 }),
      Plot.ruleY(scores, {
        y: "name",
        x1: (s: Score) => s.ci95[0],
        x2: (s: Score) => s.ci95[1],
        stroke: ink("ink"),
        strokeWidth: 1.5,
      }),
      Plot.tickX(scores, { y: "name", x: (s: Score) => s.ci95[0], inset: 7, stroke: ink("ink"), strokeWidth: 1.5 }),
      Plot.tickX(scores, { y: "name", x: (s: Score) => s.ci95[1], inset: 7, stroke: ink("ink"), strokeWidth: 1.5 }),
      Plot.text(scores, {
        y: "name",
        x: (s: Score) => Math.max(s.mean, s.ci95[1]),
        text: (s: Score) => s.mean.toFixed(1),
        textAnchor: "start",
        dx: 8,
        fill: ink("ink"),
        fontWeight: 600,
      }),
    ],
  });
}
