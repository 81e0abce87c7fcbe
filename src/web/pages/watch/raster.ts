import type { SpikeEvents } from "../../index.ts";
import { colours, type Surface } from "../common/canvas.ts";
import type { Rows } from "./rows.ts";

/** Pixels between layers. */
const GAP = 12;

/** Height of a raster of so many neurons: rows as high as there is room for. */
export function rasterHeight({ layers, neurons }: Rows, most: number): number {
  const row = Math.max(1.5, Math.min(7, (most - GAP * (layers.length - 1)) / neurons));
  return Math.round(row * neurons + GAP * (layers.length - 1));
}

/**
 * The spikes of one decision: a column for each of its `steps`, a row for each neuron. Spikes after `until` are yet to come, and drawn faintly.
 */
export function drawRaster(
  { context: c, width, height }: Surface,
  rows: Rows,
  spikes: readonly SpikeEvents[],
  steps: number,
  until = steps,
): void {
  const { paper, snn, muted } = colours();
  const row = (height - GAP * (rows.layers.length - 1)) / rows.neurons;
  const column = width / steps;
  const [w, h] = [Math.max(1.2, Math.min(column - 1, 9)), Math.max(1.2, row - 1)];
  c.clearRect(0, 0, width, height);
  let top = 0;
  rows.layers.forEach(({ neurons, rowOf }, l) => {
    c.fillStyle = paper;
    c.beginPath();
    c.roundRect(0, top, width, row * neurons, 4);
    c.fill();
    const { step, neuron } = spikes[l] ?? { step: [], neuron: [] };
    for (const coming of [true, false]) {
      c.fillStyle = coming ? muted : snn;
      c.globalAlpha = coming ? 0.22 : 1;
      for (let k = 0; k < step.length; k++)
        if (step[k] >= until === coming)
          c.fillRect(step[k] * column + (column - w) / 2, top + rowOf[neuron[k]] * row + (row - h) / 2, w, h);
    }
    c.globalAlpha = 1;
    top += row * neurons + GAP;
  });
  if (until >= steps) return;
  c.fillStyle = colours().ink;
  c.fillRect(Math.round(until * column), 0, 1.5, height);
}
