import * as Plot from "@observablehq/plot";
import { grid, plotSvg } from "../svg/plot.ts";
import { type Colour, ink } from "../theme.ts";

/** One line of a plot: its name stands at its end. */
export interface Line {
  readonly name: string;
  readonly colour: Colour;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly dashed?: boolean;
}

/** What the lines are drawn over. */
export interface Lines {
  readonly lines: readonly Line[];
  readonly x: string;
  readonly y: string;
  /** [low, high] of the y axis; from the data unless given. */
  readonly range?: readonly [number, number];
  /** The x axis doubles from tick to tick. */
  readonly log?: boolean;
  readonly height?: number;
}

/**
 * Curves of a few quantities over one axis, each with its name at its end.
 *
 * @example
 * const points = returns.map((value, episode) => [episode, value] as const);
 * const svg = linePlot({ x: "episode", y: "return", lines: [{ name: "DQN", colour: "dqn", points }] });
 */
export function linePlot({ lines, x, y, range, log = false, height = 260 }: Lines, width?: number): string {
  const points = lines.flatMap((line) => line.points.map(([px, py]) => ({ ...line, px, py })));
  const ends = lines.map((line) => ({ ...line, px: line.points.at(-1)![0], py: line.points.at(-1)![1] }));
  const [low, high] = range ?? [Math.min(...points.map((p) => p.py)), Math.max(...points.map((p) => p.py))];
  const gap = (16 / (height - 60)) * Math.max(1e-9, high - low);
  const labels = [...ends].sort((a, b) => a.py - b.py).map((end) => ({ ...end, at: end.py }));
  for (let i = 1; i < labels.length; i++) labels[i].at = Math.max(labels[i].at, labels[i - 1].at + gap);
  return plotSvg({
    alt: `${y} over ${x}: ${ends.map((e) => `${e.name} ends at ${Number(e.py.toPrecision(4))}`).join(", ")}.`,
    width,
    height,
    marginRight: 20 + 7 * Math.max(...lines.map((line) => line.name.length)),
    x: {
      label: x,
      labelArrow: "none",
      tickSize: 0,
      ...(log
        ? { type: "log", base: 2, ticks: [...new Set(points.map((p) => p.px))], tickFormat: (d: number) => String(d) }
        : { ticks: 6 }),
    },
    y: { label: y, labelArrow: "none", tickSize: 0, ticks: 5, nice: true, domain: [low, high] },
    marks: [
      grid(),
      ...lines.map((line) =>
        Plot.line(line.points, {
          x: "0",
          y: "1",
          stroke: ink(line.colour),
          strokeWidth: 2,
          strokeDasharray: line.dashed ? "5 4" : undefined,
        }),
      ),
      Plot.text(labels, {
        x: "px",
        y: "at",
        text: "name",
        textAnchor: "start",
        dx: 8,
        fill: (l: { colour: Colour }) => ink(l.colour),
        fontWeight: 600,
      }),
    ],
  });
}
