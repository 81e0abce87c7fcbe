import { colours, type Surface } from "../common/canvas.ts";
import type { Rows } from "./rows.ts";

/** Decisions that are kept: ten seconds. */
export const KEPT = 500;
const [ACTIONS, GAP] = [16, 8];

/** The last decisions side by side: a column for each, the brighter the more often a neuron spiked in it. */
export class History {
  readonly #rows: Rows;
  readonly #actions: number;
  readonly #counts: Float64Array[] = [];
  readonly #chosen: { action: number; pushed: boolean; begins: boolean }[] = [];
  #pushed = false;
  #begins = true;

  constructor(rows: Rows, actions: number) {
    this.#rows = rows;
    this.#actions = actions;
  }

  /** Of one decision: how often each neuron spiked in its `steps`, by layer, and what was chosen. */
  add(counts: readonly Float64Array[], steps: number, action: number): void {
    const column = new Float64Array(this.#rows.neurons);
    let top = 0;
    this.#rows.layers.forEach(({ neurons, rowOf }, l) => {
      for (let j = 0; j < neurons; j++) column[top + rowOf[j]] = counts[l][j] / steps;
      top += neurons;
    });
    this.#counts.push(column);
    this.#chosen.push({ action, pushed: this.#pushed, begins: this.#begins });
    [this.#pushed, this.#begins] = [false, false];
    if (this.#counts.length > KEPT) {
      this.#counts.shift();
      this.#chosen.shift();
    }
  }

  /** The next decision is the first after a push, or of an episode. */
  mark(kind: "pushed" | "begins"): void {
    if (kind === "pushed") this.#pushed = true;
    else this.#begins = true;
  }

  draw({ context: c, width, height }: Surface): void {
    const { paper, snn, dqn, nest, line } = colours();
    const room = height - ACTIONS - GAP;
    c.clearRect(0, 0, width, height);
    c.fillStyle = paper;
    c.beginPath();
    c.roundRect(0, 0, width, room, 6);
    c.fill();
    const column = width / KEPT;
    const row = room / this.#rows.neurons;
    const left = width - this.#counts.length * column;
    const tones = this.#actions === 2 ? [dqn, snn] : [dqn, line, snn, nest];
    this.#counts.forEach((rates, k) => {
      const x = left + k * column;
      c.fillStyle = snn;
      for (let j = 0; j < rates.length; j++) {
        if (rates[j] === 0) continue;
        c.globalAlpha = 0.12 + 0.88 * rates[j];
        c.fillRect(x, j * row, column + 0.3, row);
      }
      c.globalAlpha = 1;
      const { action, pushed, begins } = this.#chosen[k];
      c.fillStyle = tones[action];
      const height = this.#actions === 2 ? ACTIONS / 2 : ACTIONS;
      c.fillRect(x, room + GAP + (this.#actions === 2 ? action * height : 0), column + 0.3, height);
      if (!pushed && !begins) return;
      c.fillStyle = pushed ? dqn : line;
      c.fillRect(x, 0, pushed ? 2 : 1.5, room);
    });
  }
}
