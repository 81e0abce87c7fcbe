import * as Plot from "@observablehq/plot";
import { free, grid, plotSvg } from "../svg/plot.ts";
import { type Colour, ink } from "../theme.ts";

/** The membrane potential of one neuron over the steps of a decision. */
export interface Trace {
  readonly name: string;
  /** Membrane potential after each step. */
  readonly values: ArrayLike<number>;
  readonly colour: Colour;
  /** What the simulator's neuron ends at, drawn as a ring around the end. */
  readonly simulatorEnd?: number;
}

/** Membrane potentials over the steps of one decision; `threshold` as a dashed line where the neurons have one. */
export function membraneTraces(
  {
    traces,
    threshold,
    label = "membrane potential",
    height = 240,
  }: { traces: readonly Trace[]; threshold?: number; label?: string; height?: number },
  width?: number,
): string {
  const points = traces.flatMap(({ name, values, colour }) =>
    Array.from(values, (v, step) => ({ name, step, v, colour })),
  );
  const ends = traces.map((t) => ({ ...t, step: t.values.length - 1, v: t.values[t.values.length - 1] }));
  // Labels at the ends must not lie on each other.
  const span = Math.max(1e-9, Math.max(...points.map((p) => p.v)) - Math.min(...points.map((p) => p.v)));
  const sorted = [...ends].sort((a, b) => a.v - b.v);
  const gap = (16 / (height - 60)) * span;
  const labels = sorted.map((end) => ({ ...end, at: end.v }));
  for (let i = 1; i < labels.length; i++) labels[i].at = Math.max(labels[i].at, labels[i - 1].at + gap);
  return plotSvg({
    alt: `Membrane potentials over ${traces[0]?.values.length ?? 0} steps; at the end ${ends.map((e) => `${e.name} ${e.v.toFixed(3)}`).join(", ")}.`,
    width,
    height,
    marginRight: 18 + 7 * Math.max(...traces.map((t) => t.name.length)),
    x: { label: "time step", labelArrow: "none", tickSize: 0, ticks: 8 },
    y: { label, labelArrow: "none", tickSize: 0, ticks: 5, nice: true },
    marks: [
      grid(),
      threshold === undefined ? null : Plot.ruleY([threshold], { stroke: ink("muted"), strokeDasharray: "2 4" }),
      Plot.line(points, {
        x: "step",
        y: "v",
        z: "name",
        stroke: (p: { colour: Colour }) => ink(p.colour),
        strokeWidth: 1.8,
        curve: "step-after",
      }),
      free(({ x, y }, create) => {
        const group = create("g");
        for (const { step, simulatorEnd, v, colour } of ends) {
          const dot = create("circle");
          for (const [name, value] of Object.entries({ cx: x(step), cy: y(v), r: 2.5, style: `fill:${ink(colour)}` }))
            dot.setAttribute(name, value);
          group.appendChild(dot);
          if (simulatorEnd === undefined) continue;
          const ring = create("circle");
          for (const [name, value] of Object.entries({
            cx: x(step),
            cy: y(simulatorEnd),
            r: 5.5,
            style: `fill:none;stroke:${ink("nest")};stroke-width:1.8`,
          }))
            ring.setAttribute(name, value);
          group.appendChild(ring);
        }
        return group;
      }),
      Plot.text(labels, {
        x: "step",
        y: "at",
        text: "name",
        textAnchor: "start",
        dx: 10,
        fill: (l: { colour: Colour }) => ink(l.colour),
        fontWeight: 600,
      }),
    ],
  });
}
