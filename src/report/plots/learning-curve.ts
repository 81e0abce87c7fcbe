import * as Plot from "@observablehq/plot";
import { free, grid, plotSvg } from "../svg/plot.ts";
import { ink } from "../theme.ts";

/** A training run's returns, and what they are measured against. */
export interface LearningCurve {
  /** Undiscounted return per episode, in order. */
  readonly returns: readonly number[];
  /** Where the environment counts as solved, if it says so. */
  readonly threshold?: number;
  /** Greedy evaluations during training, mean of each: the checkpoint is picked by these. */
  readonly evaluations?: readonly { readonly episode: number; readonly mean: number }[];
  readonly unit?: string;
}

/**
 * Returns per episode as dots, the mean of the last 100 (of all, before the hundredth) as a line.
 *
 * @example
 * const svg = standalone(learningCurve({ returns, threshold: 475 }), "light");
 */
export function learningCurve(
  { returns, threshold, evaluations = [], unit = "return" }: LearningCurve,
  width?: number,
): string {
  const means = trailingMean(returns, 100);
  const last = means.at(-1) ?? 0;
  return plotSvg({
    alt: `Learning curve over ${returns.length} episodes: the mean of the last 100 ends at ${last.toFixed(1)}.`,
    width,
    height: 280,
    x: { label: "episode", labelArrow: "none", ticks: 6, tickSize: 0, domain: [0, Math.max(1, returns.length)] },
    y: {
      label: unit,
      labelArrow: "none",
      ticks: 5,
      tickSize: 0,
      nice: true,
      domain: [Math.min(0, ...returns), Math.max(threshold ?? 0, ...returns)],
    },
    marks: [
      grid(),
      threshold === undefined ? null : Plot.ruleY([threshold], { stroke: ink("muted"), strokeDasharray: "2 4" }),
      threshold === undefined
        ? null
        : Plot.text([threshold], {
            y: (d: number) => d,
            text: () => `solved: ${threshold}`,
            frameAnchor: "left",
            textAnchor: "start",
            dx: 6,
            dy: -8,
            fill: ink("muted"),
          }),
      free(({ x, y }, create) => {
        const path = create("path");
        path.setAttribute("d", returns.map((value, i) => `M${tenth(x(i + 1))} ${tenth(y(value))}h0`).join(""));
        path.setAttribute(
          "style",
          `fill:none;stroke:${ink("dqn")};stroke-opacity:.3;stroke-width:3.5;stroke-linecap:round`,
        );
        return path;
      }),
      Plot.line(means, {
        x: (_: number, i: number) => i + 1,
        y: (d: number) => d,
        stroke: ink("dqn"),
        strokeWidth: 2.5,
      }),
      Plot.dot(evaluations, {
        x: "episode",
        y: "mean",
        symbol: "diamond",
        r: 4.5,
        fill: ink("paper"),
        stroke: ink("ink"),
        strokeWidth: 1.5,
      }),
    ],
  });
}

/** Mean of the last `window` values (of all there are, before). */
export function trailingMean(values: readonly number[], window: number): number[] {
  let sum = 0;
  return values.map((value, i) => {
    sum += value - (i >= window ? values[i - window] : 0);
    return sum / Math.min(i + 1, window);
  });
}

const tenth = (value: number): number => Math.round(value * 10) / 10;
