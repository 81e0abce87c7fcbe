// The script of a report's decision: the engine that defines the dynamics runs it in the reader's page. One file, which loads nothing.
import { referenceEngine } from "../../../engines/reference/index.ts";
import type { RunResult } from "../../../network/engine.ts";
import { decodeModel } from "../../../network/file/bytes.ts";
import { outputsOf } from "../../../network/layer.ts";
import { isSpiking, type SpikingNetwork } from "../../../network/network.ts";
import { fromBase64 } from "../../../numeric/base64.ts";
import { coloursChanged, onColours, surface } from "../common/canvas.ts";
import { makeBars } from "../common/bars.ts";
import { byId, say } from "../common/dom.ts";
import { drawRaster, rasterHeight } from "../watch/raster.ts";
import { rowsOf } from "../watch/rows.ts";

/** What the page says of the decision (report/stepper.ts). */
interface Facts {
  readonly state: readonly number[];
  readonly inputs: readonly { readonly name: string }[];
  readonly actions: readonly string[];
  readonly steps: number;
  readonly judge?: { readonly name: string; readonly spikes: number };
}

/** Milliseconds a time step is looked at. */
const STEP = 90;

function start(figure: HTMLElement): void {
  const facts = JSON.parse(figure.dataset.facts!) as Facts;
  const network = decodeModel(fromBase64(byId("stepper-model").textContent.trim()));
  if (!isSpiking(network)) return;
  figure.hidden = false;
  const engine = referenceEngine.load(network);
  const run = (state: readonly number[]): RunResult =>
    engine.run(Float32Array.from(state), { steps: facts.steps, recordSpikes: true, recordPotentials: true });
  const first = run(facts.state);
  const rows = rowsOf(first.spikeCounts);
  let result = first;
  let playing: number | undefined;
  const slider = byId<HTMLInputElement>("stepper-at");
  const values = bars(facts.actions);
  const draw = (): void => {
    const at = slider.valueAsNumber;
    drawRaster(place, rows, result.spikes!, facts.steps, at);
    say(byId("stepper-now"), `${at} of ${facts.steps}`);
    const total = result.spikes!.reduce((sum, { step }) => sum + step.filter((t) => t < at).length, 0);
    byId("stepper-raster").setAttribute(
      "aria-label",
      `${total} spikes in the first ${at} of ${facts.steps} time steps`,
    );
    values(potentialsAt(network, result, at, facts.steps));
  };
  const place = surface(byId<HTMLCanvasElement>("stepper-raster"), () => rasterHeight(rows, 300), draw);
  const go = (to: number): void => {
    slider.value = String(to);
    draw();
  };
  const pause = (): void => {
    clearInterval(playing);
    playing = undefined;
    say(byId("stepper-play"), "Play");
  };
  byId("stepper-play").addEventListener("click", () => {
    if (playing !== undefined) return pause();
    if (slider.valueAsNumber >= facts.steps) go(0);
    say(byId("stepper-play"), "Pause");
    playing = window.setInterval(
      () => (slider.valueAsNumber >= facts.steps ? pause() : go(slider.valueAsNumber + 1)),
      STEP,
    );
  });
  byId("stepper-back").addEventListener("click", () => (pause(), go(slider.valueAsNumber - 1)));
  byId("stepper-on").addEventListener("click", () => (pause(), go(slider.valueAsNumber + 1)));
  slider.addEventListener("input", () => (pause(), draw()));
  const state = [...facts.state];
  facts.inputs.forEach((_, k) => {
    const input = byId<HTMLInputElement>(`stepper-input-${k}`);
    input.value = String(state[k]);
    say(byId(`stepper-value-${k}`), state[k].toPrecision(3));
    input.addEventListener("input", () => {
      state[k] = input.valueAsNumber;
      say(byId(`stepper-value-${k}`), state[k].toPrecision(3));
      result = run(state);
      byId("stepper-said").textContent = `This page’s own state: it chooses “${facts.actions[result.actions[0]]}”.`;
      draw();
    });
  });
  byId("stepper-said").textContent = verdict(first, facts);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", coloursChanged);
  onColours(draw);
  draw();
}

/** What was computed here beside what the simulator did. */
function verdict({ spikes, actions }: RunResult, { judge, actions: names }: Facts): string {
  const total = spikes!.reduce((sum, { step }) => sum + step.length, 0);
  const chosen = `Computed in this page: ${total.toLocaleString("en-US")} spikes, and it chooses “${names[actions[0]]}”`;
  if (!judge) return `${chosen}.`;
  return total === judge.spikes
    ? `${chosen}; ${judge.name} has as many.`
    : `${chosen}; ${judge.name} has ${judge.spikes}.`;
}

/** The output layer's potentials after so many steps. */
function potentialsAt({ layers }: SpikingNetwork, { membranes }: RunResult, at: number, steps: number): number[] {
  const size = outputsOf(layers.at(-1)!);
  const own = membranes!.at(-1)!;
  return Array.from({ length: size }, (_, a) => (at === 0 ? 0 : own[(Math.min(at, steps) - 1) * size + a]));
}

/** A bar for each action; returns what sets them. */
function bars(actions: readonly string[]): (values: readonly number[]) => void {
  const made = makeBars(byId("stepper-values"), actions);
  return (values) => {
    const [low, high] = [Math.min(...values, 0), Math.max(...values)];
    made.forEach(({ row, bar, value }, a) => {
      for (const element of row) element.classList.toggle("chosen", values[a] === high && high > low);
      bar.style.transform = `scaleX(${((values[a] - low) / (high - low || 1)).toFixed(3)})`;
      say(value, values[a].toFixed(2));
    });
  };
}

const figure = document.getElementById("stepper");
if (figure) start(figure);
