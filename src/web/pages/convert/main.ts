import type { NeuronKind, SimilarityRow } from "../../index.ts";
import { drawChart } from "../common/chart.ts";
import { byId, count, download, make, percent, say } from "../common/dom.ts";
import { fetchBytes, type Given, listFiles, takeFiles } from "../common/files.ts";
import { notice, plain, startPage } from "../common/shell.ts";
import { ask } from "../common/work.ts";
import type { Asked, Sent } from "../converter/messages.ts";
import { type Method, methods, STEPS } from "./methods.ts";

/** A curve that was computed; those of other methods stay to be compared. */
interface Curve {
  readonly method: Method;
  readonly neuron: NeuronKind;
  readonly rows: SimilarityRow[];
}

startPage();
const methodList = byId<HTMLSelectElement>("method");
const neuronList = byId<HTMLSelectElement>("neuron");
const slider = byId<HTMLInputElement>("steps");
methodList.replaceChildren(...methods.map(({ name }) => new Option(name)));

let model: Given | undefined;
let inputs: Given | undefined;
let facts: Given | undefined;
let curves: Curve[] = [];
let running: AbortController | undefined;

const startsWith = ({ bytes }: Given, text: string): boolean =>
  new TextDecoder("latin1").decode(bytes.subarray(0, text.length)) === text;

async function take(files: readonly Given[]): Promise<void> {
  for (const file of files) {
    if (startsWith(file, "PK")) {
      // Q-values are not needed: the network computes them again.
      if (!/outputs/.test(file.name)) inputs = file;
    } else if (/^\s*\{/.test(new TextDecoder().decode(file.bytes.subarray(0, 16))))
      facts = /replay/.test(file.name) ? file : facts;
    else model = file;
    curves = [];
  }
  const listed = [model, inputs].filter((file) => file !== undefined);
  listFiles(listed.map((file) => ({ name: file.name, what: file === model ? "network" : "states" })));
  if (model && inputs) return compute();
  byId("result").hidden = true;
  say(byId("said"), model ? "Now states that it visited." : inputs ? "Now the network that visited these states." : "");
}

const chosen = (): { method: Method; neuron: NeuronKind } => ({
  method: methods[methodList.selectedIndex],
  neuron: neuronList.value as NeuronKind,
});

function question(): Asked {
  const { method, neuron } = chosen();
  const options = { ...method.options, spiking: { ...method.options.spiking, neuron } };
  return { model: model!, replay: { inputs: inputs!, ...(facts && { facts }) }, options, steps: STEPS };
}

async function compute(): Promise<void> {
  if (!model || !inputs) return;
  running?.abort();
  const own = (running = new AbortController());
  const curve: Curve = { ...chosen(), rows: [] };
  curves = [...curves.filter(({ method, neuron }) => method !== curve.method || neuron !== curve.neuron), curve];
  const bar = byId<HTMLProgressElement>("progress");
  notice("convert");
  [bar.hidden, bar.value] = [false, 0];
  say(byId("said"), "Converting, and deciding side by side…");
  document.body.dataset.state = "computing";
  try {
    const { judged, calibrated, shape } = await ask<Sent>(
      "converter",
      question(),
      ({ row, of }) => {
        curve.rows.push(row);
        bar.value = curve.rows.length / of;
        byId("result").hidden = false;
        show();
      },
      own.signal,
    );
    say(byId("states"), count(judged));
    say(byId("states-note"), `judged; scales from ${count(calibrated)} others`);
    say(byId("said"), `${model.name}, ${shape.join("–")}, converted for ${STEPS.length} values of T.`);
    document.body.dataset.state = "done";
  } catch (error) {
    const { message, hint, code } = plain(error);
    // Half a curve would look like a whole one.
    curves = curves.filter((one) => one !== curve);
    if (code === "INTERRUPTED") return;
    if (curves.length === 0) byId("result").hidden = true;
    notice("convert", message, hint);
    say(byId("said"), "It could not be converted; other files may be dropped.");
    document.body.dataset.state = "failed";
  } finally {
    if (running === own) bar.hidden = true;
  }
}

function show(): void {
  const curve = curves.at(-1);
  if (!curve || curve.rows.length === 0) return;
  const steps = STEPS[slider.valueAsNumber];
  const lines = curves.map(({ method, neuron, rows }) => ({
    points: rows.map((row) => [row.steps, 100 * row.similarity] as const),
    colour: method.colour,
    width: rows === curve.rows ? 3 : 1.8,
    ...(neuron === "lif" && { dash: "7 5" }),
  }));
  const named = ({ method, neuron }: Curve): string => `${method.short}${neuron === "lif" ? ", lif" : ""}`;
  drawChart(byId("chart"), {
    label: `Share of equal decisions against T. ${curves.map((c) => `${named(c)}: ${c.rows.map((r) => `T ${r.steps} ${percent(r.similarity)}`).join(", ")}`).join(". ")}`,
    x: { name: "time steps T", domain: [1, STEPS.at(-1)!], log: true },
    y: { name: "same decision, %", domain: [0, 100] },
    lines,
    at: steps,
    height: 280,
  });
  byId("legend").replaceChildren(
    ...curves.map((one) => {
      const tone = /--(\w+)/.exec(one.method.colour)![1];
      return make("li", {}, make("i", { class: `${tone}${one.neuron === "lif" ? " dash" : ""}` }), named(one));
    }),
  );
  const row = curve.rows.find((one) => one.steps === steps);
  slider.setAttribute("aria-valuetext", `${steps} time steps`);
  say(byId("steps-shown"), `T = ${steps}`);
  say(byId("same"), row ? percent(row.similarity) : "–");
  say(byId("spikes"), row ? count(Math.round(row.spikesPerDecision)) : "–");
  const enough = curve.rows.find(({ similarity }) => similarity >= 0.99);
  say(byId("enough"), enough ? `T = ${enough.steps}` : "–");
  say(byId("enough-note"), enough ? "is enough" : `not within ${curve.rows.at(-1)!.steps} steps`);
  say(byId("table-name"), `Method: ${curve.method.name}; neuron ${curve.neuron}`);
  byId("rows").replaceChildren(
    ...curve.rows.map(({ steps: t, similarity, spikesPerDecision }) =>
      make(
        "tr",
        {},
        make("th", { scope: "row" }, String(t)),
        make("td", { class: "num" }, percent(similarity, 2)),
        make("td", { class: "num" }, count(Math.round(spikesPerDecision))),
      ),
    ),
  );
}

takeFiles(take);
byId("options").addEventListener("change", () => void compute());
byId("options").addEventListener("submit", (event) => event.preventDefault());
slider.addEventListener("input", show);
addEventListener("resize", show);
byId("download").addEventListener("click", () => {
  const steps = STEPS[slider.valueAsNumber];
  void ask<Sent>("converter", { ...question(), make: steps }, () => {})
    .then((done) =>
      download(`${model!.name.replace(/\.safetensors$/, "")}-converted-T${steps}.safetensors`, done.model!),
    )
    .catch((error: unknown) => notice("convert", plain(error).message));
});
byId("example").addEventListener("click", () => {
  notice("file");
  const names = [
    "cartpole-dqn.safetensors",
    "cartpole-dqn-replay/memory_inputs.npz",
    "cartpole-dqn-replay/replay.json",
  ];
  void Promise.all(
    names.map(async (name) => ({ name: name.split("/").at(-1)!, bytes: await fetchBytes(`data/${name}`) })),
  )
    .then(take)
    .catch((error: unknown) => notice("file", plain(error).message));
});
document.body.dataset.state = "ready";
