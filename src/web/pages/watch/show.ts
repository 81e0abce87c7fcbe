import type { RunResult } from "../../index.ts";
import { onColours, type Surface, surface } from "../common/canvas.ts";
import { type Bar, makeBars } from "../common/bars.ts";
import { byId, count, say } from "../common/dom.ts";
import { History, KEPT } from "./history.ts";
import { Maps } from "./maps.ts";
import { drawRaster, rasterHeight } from "./raster.ts";
import type { Thinker } from "./thinker.ts";

/** What is seen of a thinker, drawn anew whenever something of it changes. */
export class Show {
  thinker: Thinker;
  readonly history: History | null;
  readonly #maps: Maps | null;
  readonly #scene: Surface;
  readonly #raster: Surface;
  readonly #past: Surface | null;
  readonly #bars: readonly Bar[];
  #gap = 1e-6;
  #last: RunResult | undefined;
  #until: number | undefined;

  constructor(thinker: Thinker) {
    const { stage, rows, network } = thinker;
    this.thinker = thinker;
    this.#maps = stage.recorded ? new Maps(network) : null;
    this.history =
      stage.recorded || !document.getElementById("history") ? null : new History(rows, stage.actions.length);
    hide("past", stage.recorded !== undefined);
    hide("pushes", stage.push === undefined);
    const maps = this.#maps;
    const redraw = (): void => this.draw();
    this.#scene = surface(fresh("scene"), (width) => stage.height(width), redraw);
    this.#raster = surface(fresh("raster"), (width) => (maps ? maps.height(width) : rasterHeight(rows, 300)), redraw);
    this.#past =
      this.history && surface(fresh("history"), () => Math.min(190, Math.max(90, rows.neurons * 2)) + 24, redraw);
    this.#bars = makeBars(byId("values"), stage.actions);
    const layers = rows.layers.map(({ neurons }, l) => `${count(neurons)} in layer ${l + 1}`).join(", ");
    say(
      byId("raster-note"),
      maps
        ? `Every hidden neuron a pixel, the brighter the more often it spikes: ${layers}. The game is a recording; the decisions are made here.`
        : `A row for each neuron (${layers}), a column for each time step; each mark is a spike.`,
    );
    if (this.history)
      say(
        byId("history-note"),
        `A column for each of the last ${KEPT} decisions. Below: what was chosen, left in blue, right in orange${stage.actions.length === 2 ? "" : ", neither in grey"}. Blue lines: pushes.`,
      );
    onColours(redraw);
  }

  /** Another network of the same shape, in the same world. */
  use(thinker: Thinker): void {
    this.thinker = thinker;
    this.#last = undefined;
  }

  /** A decision; `until`: how far it has come, in steps. */
  set(result: RunResult, until?: number): void {
    [this.#last, this.#until] = [result, until];
  }

  draw(): void {
    const { thinker } = this;
    if (!this.#last) return;
    const { outputs, actions, spikes = [], spikeCounts } = this.#last;
    thinker.stage.draw(this.#scene, actions[0]);
    if (this.#maps) this.#maps.draw(this.#raster, spikeCounts, thinker.steps);
    else drawRaster(this.#raster, thinker.rows, spikes, thinker.steps, this.#until);
    if (this.#past) this.history!.draw(this.#past);
    const [low, high] = [Math.min(...outputs), Math.max(...outputs)];
    this.#gap = Math.max(high - low, this.#gap * 0.995, 1e-6);
    this.#bars.forEach(({ row, bar, value }, a) => {
      for (const element of row) element.classList.toggle("chosen", a === actions[0]);
      bar.style.transform = `scaleX(${(0.06 + (0.94 * (outputs[a] - low)) / this.#gap).toFixed(3)})`;
      say(value, outputs[a].toFixed(Math.abs(outputs[a]) < 100 ? 2 : 1));
    });
  }

  /** In words, for those who can't see it; not fifty times a second. */
  describe(): void {
    const { stage, steps } = this.thinker;
    byId("scene").setAttribute("aria-label", stage.describe());
    if (!this.#last) return;
    const { actions, spikeCounts } = this.#last;
    const total = spikeCounts.reduce((sum, layer) => sum + layer.reduce((a, b) => a + b, 0), 0);
    byId("raster").setAttribute(
      "aria-label",
      `Spikes of this decision: ${count(total)} in ${steps} steps; chosen: ${stage.actions[actions[0]]}.`,
    );
  }
}

/** Not every page has everything. */
function hide(id: string, hidden: boolean): void {
  const element = document.getElementById(id);
  if (element) element.hidden = hidden;
}

/** A canvas whose listeners of a former show are gone. */
function fresh(id: string): HTMLCanvasElement {
  const old = byId<HTMLCanvasElement>(id);
  const own = old.cloneNode() as HTMLCanvasElement;
  own.style.height = "";
  old.replaceWith(own);
  return own;
}
