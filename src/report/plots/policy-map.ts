import * as Plot from "@observablehq/plot";
import { free, plotSvg } from "../svg/plot.ts";
import { type Colour, ink } from "../theme.ts";

/** What a policy does over a rectangle of states. */
export interface PolicyMap {
  /** [rows, columns], the action in each cell; row 0 is at the bottom. */
  readonly actions: ArrayLike<number>;
  readonly columns: number;
  readonly x: { readonly label: string; readonly range: readonly [number, number] };
  readonly y: { readonly label: string; readonly range: readonly [number, number] };
  readonly actionNames: readonly string[];
  /** A way through the states, drawn over them: (x, y) of each step. */
  readonly path?: readonly (readonly [x: number, y: number])[];
}

const FILLS: readonly Colour[] = ["dqn", "muted", "snn", "nest", "alarm"];

/** The action in every cell as a colour (named above the plot), and over it the way of an episode. */
export function policyMap({ actions, columns, x, y, actionNames, path = [] }: PolicyMap, width?: number): string {
  const rows = actions.length / columns;
  const cell = [(x.range[1] - x.range[0]) / columns, (y.range[1] - y.range[0]) / rows];
  const counts = actionNames.map((_, a) => Array.from(actions).filter((action) => action === a).length);
  const shares = counts.map((n, a) => `${actionNames[a]} in ${((100 * n) / actions.length).toFixed(1)} %`);
  // Neighbouring cells of a row and action are one rectangle: a tenth of the bytes.
  const runs: { action: number; row: number; from: number; to: number }[] = [];
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const [action, last] = [actions[row * columns + column], runs.at(-1)];
      if (last && last.row === row && last.action === action) last.to = column + 1;
      else runs.push({ action, row, from: column, to: column + 1 });
    }
  return plotSvg({
    alt: `Actions over ${x.label} and ${y.label}: ${shares.join(", ")}.`,
    width,
    height: 320,
    marginLeft: 58,
    marginTop: 30,
    x: { label: x.label, labelArrow: "none", domain: x.range, tickSize: 0, ticks: 6 },
    y: { label: y.label, labelArrow: "none", domain: y.range, tickSize: 0, ticks: 5 },
    marks: [
      ...actionNames.map((_, a) =>
        free((place, create) => {
          const shape = create("path");
          const at = (column: number, row: number): string =>
            `${tenth(place.x(x.range[0] + column * cell[0]))} ${tenth(place.y(y.range[0] + row * cell[1]))}`;
          const boxes = runs
            .filter(({ action }) => action === a)
            .map(({ row, from, to }) => `M${at(from, row)}L${at(to, row)}L${at(to, row + 1)}L${at(from, row + 1)}Z`);
          shape.setAttribute("d", boxes.join(""));
          shape.setAttribute("style", `fill:${ink(FILLS[a % FILLS.length])};fill-opacity:.5`);
          return shape;
        }),
      ),
      Plot.line(path, { x: "0", y: "1", stroke: ink("ink"), strokeWidth: 1.5 }),
      Plot.dot(path.slice(0, 1), { x: "0", y: "1", r: 4, fill: ink("ink") }),
      ...actionNames.map((name, a) =>
        Plot.text([`\u25a0 ${name}`], {
          frameAnchor: "top-right",
          dx: -90 * (actionNames.length - 1 - a),
          dy: -20,
          fill: ink(FILLS[a % FILLS.length]),
          fontWeight: 600,
        }),
      ),
    ],
  });
}

const tenth = (value: number): number => Math.round(value * 10) / 10;
