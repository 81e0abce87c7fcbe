import * as Plot from "@observablehq/plot";
import { grid, plotSvg } from "../svg/plot.ts";
import { ink } from "../theme.ts";

/** What came out at one T. */
export interface SweepPoint {
  /** T, time steps per decision. */
  readonly steps: number;
  /** Share of decisions in which the spiking network chooses as its source does, 0 to 1. */
  readonly similarity: number;
  readonly mean?: number;
  readonly ci95?: readonly [number, number];
}

const axisOf = (points: readonly SweepPoint[]): Plot.ScaleOptions => ({
  type: "log",
  base: 2,
  label: "T, time steps per decision",
  labelArrow: "none",
  ticks: points.map((p) => p.steps),
  tickFormat: (d: number) => String(d),
  tickSize: 0,
});

/** Share of equal decisions against T. */
export function similaritySweep(points: readonly SweepPoint[], width?: number): string {
  return plotSvg({
    alt: `Similarity against T: ${points.map((p) => `${(100 * p.similarity).toFixed(1)} % at ${p.steps}`).join(", ")}.`,
    width,
    height: 240,
    x: axisOf(points),
    y: {
      label: "equal decisions, %",
      labelArrow: "none",
      domain: [Math.min(50, ...points.map((p) => 100 * p.similarity)), 100],
      ticks: 5,
      tickSize: 0,
    },
    marks: [
      grid(),
      Plot.line(points, { x: "steps", y: (p: SweepPoint) => 100 * p.similarity, stroke: ink("snn"), strokeWidth: 2 }),
      Plot.dot(points, { x: "steps", y: (p: SweepPoint) => 100 * p.similarity, fill: ink("snn"), r: 3.5 }),
    ],
  });
}

/** Score with its 95 % interval against T; `source`: what the dense network scores. */
export function scoreSweep(
  { points, source, unit = "mean return" }: { points: readonly SweepPoint[]; source?: number; unit?: string },
  width?: number,
): string {
  const scored = points.filter((p) => p.mean !== undefined);
  return plotSvg({
    alt: `Score against T: ${scored.map((p) => `${p.mean!.toFixed(1)} at ${p.steps}`).join(", ")}.`,
    width,
    height: 240,
    x: axisOf(points),
    y: { label: unit, labelArrow: "none", ticks: 5, tickSize: 0, zero: true, nice: true },
    marks: [
      grid(),
      source === undefined
        ? null
        : Plot.ruleY([source], { stroke: ink("dqn"), strokeWidth: 2, strokeDasharray: "6 4" }),
      Plot.ruleX(
        scored.filter((p) => p.ci95),
        {
          x: "steps",
          y1: (p: SweepPoint) => p.ci95![0],
          y2: (p: SweepPoint) => p.ci95![1],
          stroke: ink("snn"),
          strokeWidth: 1.5,
        },
      ),
      Plot.line(scored, { x: "steps", y: "mean", stroke: ink("snn"), strokeWidth: 2 }),
      Plot.dot(scored, { x: "steps", y: "mean", fill: ink("snn"), r: 3.5 }),
    ],
  });
}
