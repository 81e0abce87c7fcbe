import * as Plot from "@observablehq/plot";
import type { SpikeEvents } from "../../network/engine.ts";
import { free, plotSvg } from "../svg/plot.ts";
import { ink } from "../theme.ts";

/** The spikes of one decision, ours and a simulator's. */
export interface Raster {
  /** Ours, per layer that spikes, of one decision (other states in the events are left out). */
  readonly ours: readonly SpikeEvents[];
  /** The simulator's, likewise. */
  readonly theirs?: readonly SpikeEvents[];
  readonly simulator?: string;
  /** Which state of the events to draw. */
  readonly state?: number;
  readonly steps: number;
  /** Only the first so many steps, and per layer so many neurons, so that single bins stay visible. */
  readonly showSteps?: number;
  readonly showNeurons?: number;
}

interface Spike {
  readonly step: number;
  readonly neuron: number;
}

const ROW = 7; // pixels
const GAP = 4; // rows between layers

/**
 * Spikes of one decision: a dot for each of ours, a ring around it for each of the simulator's. A dot without a ring, or a ring
 * without a dot, is a mismatch and drawn in red. Where a layer has more neurons than rows, a selection even over their activity is
 * shown, the busiest on top; neurons with a mismatch are never left out.
 */
export function spikeRaster(
  { ours, theirs, simulator = "simulator", state = 0, steps, showSteps = 64, showNeurons = 28 }: Raster,
  width?: number,
): string {
  const shown = Math.min(steps, showSteps);
  const bands: { name: string; top: number; rows: number }[] = [];
  const dots: Spike[] = [];
  const rings: Spike[] = [];
  let top = 0;
  ours.forEach((events, layer) => {
    const mine = select(events, state, shown);
    const other = theirs ? select(theirs[layer], state, shown) : [];
    const odd = new Set(theirs ? difference(mine, other).map((s) => s.neuron) : []);
    const active = byActivity([...mine, ...other]);
    const shownRanks = new Set(spread(active.length, showNeurons));
    const rows = active.filter((neuron, rank) => shownRanks.has(rank) || odd.has(neuron));
    const rowOf = new Map(rows.map((neuron, row) => [neuron, top + row]));
    for (const [spikes, into] of [
      [mine, dots],
      [other, rings],
    ] as const)
      for (const { step, neuron } of spikes) if (rowOf.has(neuron)) into.push({ step, neuron: rowOf.get(neuron)! });
    const of = rows.length < active.length ? `${rows.length} of the ${active.length}` : `all ${active.length}`;
    bands.push({ name: `hidden layer ${layer + 1}: ${of} neurons that spike`, top, rows: Math.max(1, rows.length) });
    top += Math.max(1, rows.length) + GAP;
  });
  const odd = theirs ? difference(dots, rings) : [];
  const both = theirs
    ? `; ${odd.length === 0 ? `${simulator}'s lie in the same bins` : `${odd.length} bins differ from ${simulator}'s`}`
    : "";
  return plotSvg({
    alt: `Spike raster of one decision, first ${shown} of ${steps} steps: ${dots.length} spikes of ours${both}.`,
    width,
    height: top * ROW + 52,
    marginLeft: 10,
    marginTop: 20,
    x: { label: "time step", labelArrow: "none", domain: [-1, shown], ticks: 8, tickSize: 0 },
    y: { axis: null, domain: [-1, top - GAP + 1], range: [20, top * ROW + 14] },
    marks: [
      Plot.rect(bands, {
        x1: -1,
        x2: shown,
        y1: (b: { top: number }) => b.top - 1,
        y2: (b: { top: number; rows: number }) => b.top + b.rows,
        fill: ink("panel"),
      }),
      Plot.text(bands, {
        x: -1,
        y: (b: { top: number }) => b.top - 1,
        text: "name",
        textAnchor: "start",
        dy: -9,
        fill: ink("muted"),
      }),
      free(({ x, y }, create) =>
        circles(
          create,
          rings.map((s) => [x(s.step), y(s.neuron)]),
          3.1,
          `fill:none;stroke:${ink("nest")};stroke-width:1.1`,
        ),
      ),
      free(({ x, y }, create) => {
        const path = create("path");
        path.setAttribute("d", dots.map((s) => `M${tenth(x(s.step))} ${tenth(y(s.neuron))}h0`).join(""));
        path.setAttribute("style", `fill:none;stroke:${ink("snn")};stroke-width:3.6;stroke-linecap:round`);
        return path;
      }),
      free(({ x, y }, create) =>
        circles(
          create,
          odd.map((s) => [x(s.step), y(s.neuron)]),
          5.5,
          `fill:none;stroke:${ink("alarm")};stroke-width:2`,
        ),
      ),
    ],
  });
}

function select(events: SpikeEvents, state: number, steps: number): Spike[] {
  const spikes: Spike[] = [];
  for (let i = 0; i < events.state.length; i++)
    if (events.state[i] === state && events.step[i] < steps)
      spikes.push({ step: events.step[i], neuron: events.neuron[i] });
  return spikes;
}

/** The neurons that spike, most spikes first, then by number. */
function byActivity(spikes: readonly Spike[]): number[] {
  const counts = new Map<number, number>();
  for (const { neuron } of spikes) counts.set(neuron, (counts.get(neuron) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([neuron]) => neuron);
}

/** `count` of the numbers below n, evenly, the first and the last among them; all if there are no more. */
function spread(n: number, count: number): number[] {
  const taken = Math.min(n, count);
  return Array.from({ length: taken }, (_, k) => (taken < 2 ? k : Math.round((k * (n - 1)) / (taken - 1))));
}

/** Spikes that are in one list and not in the other. */
function difference(a: readonly Spike[], b: readonly Spike[]): Spike[] {
  const key = (s: Spike): string => `${s.step} ${s.neuron}`;
  const inA = new Set(a.map(key));
  const inB = new Set(b.map(key));
  return [...a.filter((s) => !inB.has(key(s))), ...b.filter((s) => !inA.has(key(s)))];
}

/** Many circles as one path: a tenth of the bytes of as many elements. */
function circles(
  create: (tag: string) => { setAttribute(name: string, value: unknown): void },
  centres: readonly (readonly [number, number])[],
  r: number,
  style: string,
) {
  const path = create("path");
  const arc = `a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;
  path.setAttribute("d", centres.map(([cx, cy]) => `M${tenth(cx - r)} ${tenth(cy)}${arc}`).join(""));
  path.setAttribute("style", style);
  return path as ReturnType<Parameters<typeof free>[0]>;
}

const tenth = (value: number): number => Math.round(value * 10) / 10;
