import * as Plot from "@observablehq/plot";
import { plotSvg } from "../svg/plot.ts";
import { type Colour, ink } from "../theme.ts";

/** Rows with a value of each series; null: none. */
export interface DotRows {
  readonly rows: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
  readonly series: readonly { readonly name: string; readonly colour: Colour }[];
  readonly x: string;
}

/** A line per row, its name above it, with a dot for each series, the last series' on top: what differs, and by how much. */
export function dotRows({ rows, series, x }: DotRows, width?: number): string {
  const dots = series.flatMap(({ colour }, s) =>
    rows.flatMap(({ name, values }) => (values[s] === null ? [] : [{ name, colour, value: values[s] }])),
  );
  const spans = rows.map(({ name, values }) => ({ name, values: values.filter((v) => v !== null) }));
  return plotSvg({
    alt: rows
      .map(({ name, values }) => `${name}: ${series.map((s, i) => `${s.name} ${values[i] ?? "none"}`).join(", ")}`)
      .join("; "),
    width,
    height: 60 + 38 * rows.length,
    marginLeft: 16,
    x: { label: x, labelArrow: "none", ticks: 5, tickSize: 0, nice: true, inset: 6 },
    y: { label: null, domain: rows.map(({ name }) => name), axis: null },
    marks: [
      Plot.gridX({ stroke: ink("line"), strokeOpacity: 1 }),
      Plot.ruleY(
        spans.filter(({ values }) => values.length > 1),
        {
          y: "name",
          x1: (row: (typeof spans)[number]) => Math.min(...row.values),
          x2: (row: (typeof spans)[number]) => Math.max(...row.values),
          stroke: ink("line"),
          strokeWidth: 2,
        },
      ),
      Plot.dot(dots, {
        y: "name",
        x: "value",
        r: 4.5,
        fill: (d: (typeof dots)[number]) => ink(d.colour),
        stroke: ink("paper"),
      }),
      Plot.text(rows, { y: "name", text: "name", frameAnchor: "left", dy: -15, fill: ink("muted") }),
    ],
  });
}
