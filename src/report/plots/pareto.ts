import * as Plot from "@observablehq/plot";
import type { ParetoRow } from "../../learning/pareto.ts";
import { grid, plotSvg } from "../svg/plot.ts";
import { ink } from "../theme.ts";

/** What is drawn against the score. */
export interface ParetoPlot {
  readonly rows: readonly ParetoRow[];
  readonly price: (row: ParetoRow) => number;
  /** Which rows are filled. */
  readonly front: keyof ParetoRow["efficient"];
  readonly label: string;
}

/** Scores with their 95 % intervals against a price on a logarithmic axis; filled where nothing beats a row. */
export function paretoPlot({ rows, price, front, label }: ParetoPlot, width?: number): string {
  const colour = ({ spiking }: ParetoRow): string => ink(spiking ? "snn" : "dqn");
  const nameOf = ({ model, steps, spiking, bits }: ParetoRow): string =>
    [model, spiking ? `T = ${steps}` : "dense", bits < 32 ? `${bits} bits` : ""].filter(Boolean).join(", ");
  const efficient = rows.filter((row) => row.efficient[front]);
  return plotSvg({
    alt: rows
      .map((row) => `${nameOf(row)}: ${row.score.toFixed(1)} at ${price(row).toPrecision(3)} ${label}`)
      .join("; "),
    width,
    height: 320,
    x: { type: "log", label, labelArrow: "none", tickSize: 0, ticks: 5, tickFormat: "~s", nice: true },
    y: { label: "mean return", labelArrow: "none", ticks: 5, tickSize: 0, nice: true },
    marks: [
      grid(),
      Plot.ruleX(rows, {
        x: price,
        y1: (row: ParetoRow) => row.ci95[0],
        y2: (row: ParetoRow) => row.ci95[1],
        stroke: colour,
        strokeWidth: 1.5,
      }),
      Plot.dot(rows, { x: price, y: "score", stroke: colour, fill: ink("panel"), r: 4, title: nameOf }),
      Plot.dot(efficient, { x: price, y: "score", fill: colour, r: 4, title: nameOf }),
    ],
  });
}
