import type { Certificate, CheckedCertificate, CheckedLayer, CheckedNetwork, SpikeEvents } from "../../index.ts";
import { onColours, surface } from "../common/canvas.ts";
import { byId, count, make, percent, say } from "../common/dom.ts";
import { drawRaster, rasterHeight } from "../watch/raster.ts";
import { type Rows, rowsOf } from "../watch/rows.ts";

const NAMES: Readonly<Record<string, string>> = {
  "nest": "NEST",
  "pynn-nest": "PyNN on NEST",
  "spinnaker": "sPyNNaker",
  "nest2": "NEST 2",
};
const [TICK, CROSS] = ["M4 13l5.5 5.5L20 6", "M6 6l12 12M18 6L6 18"];

export function showResult(certificate: Certificate, result: CheckedCertificate, seconds: number): void {
  const judge = `${NAMES[certificate.simulator] ?? certificate.simulator} ${certificate.version}`;
  const checked = result.networks.filter(({ missing }) => missing === undefined);
  const spikes = checked.reduce((sum, { layers }) => sum + layers.reduce((a, { ours }) => a + ours.spikes, 0), 0);
  const states = checked.reduce((sum, network) => sum + network.states, 0);
  byId("verdict").className = `verdict ${result.equal ? "good" : "bad"}`;
  byId("mark").setAttribute("d", result.equal ? TICK : CROSS);
  say(byId("verdict-title"), title(judge, result, checked.length));
  say(
    byId("verdict-text"),
    checked.length === 0
      ? "Drop the model whose SHA-256 the certificate names."
      : `${count(spikes)} spikes in ${count(states)} decisions, computed here in ${seconds.toFixed(seconds < 10 ? 2 : 0)} s.${result.equal ? " Number and SHA-256 of every layer are those that the certificate holds." : ""}`,
  );
  say(byId("their-name"), `spikes of ${judge}`);
  byId("layers").replaceChildren(...result.networks.flatMap(rows));
  byId("claims").replaceChildren(...claims(certificate, judge));
  look(checked.find(({ shown }) => shown.length > 0));
}

function title(judge: string, { equal, networks }: CheckedCertificate, checked: number): string {
  if (equal) return `The spikes are ${judge}’s, every one of them`;
  if (checked === 0) return "There is nothing to compare yet";
  if (networks.every((network) => network.equal || network.missing !== undefined))
    return `${checked} of ${networks.length} networks are ${judge}’s; of the others the model is missing`;
  return `These are not ${judge}’s spikes`;
}

function rows({ name, layers, missing }: CheckedNetwork): HTMLTableRowElement[] {
  if (missing !== undefined) return [make("tr", {}, heading(name), make("td", { colspan: "4" }, missing))];
  return layers.map((layer) =>
    make(
      "tr",
      {},
      heading(`${name}, layer ${layer.layer + 1}`),
      make("td", { class: "num" }, count(layer.theirs.spikes)),
      make("td", { class: "num" }, count(layer.ours.spikes)),
      make(
        "td",
        {},
        make("code", {}, layer.theirs.sha256.slice(0, 16)),
        make("br"),
        make("code", {}, layer.ours.sha256.slice(0, 16)),
      ),
      make(
        "td",
        {},
        make("span", { class: layer.equal ? "same" : "other" }, layer.equal ? "equal" : difference(layer)),
      ),
    ),
  );
}

const heading = (text: string): HTMLElement => make("th", { scope: "row" }, text);

function difference({ firstDifference: first }: CheckedLayer): string {
  if (!first) return "different";
  return `different: in state ${first.state + 1}, step ${first.step}, neuron ${first.neuron} only ${first.only === "ours" ? "we spike" : "the simulator spikes"}`;
}

function claims(c: Certificate, judge: string): HTMLTableRowElement[] {
  const facts: readonly (readonly [string, string])[] = [
    ["judge", judge],
    ["made", c.date.slice(0, 16).replace("T", " ")],
    [
      "networks",
      c.results
        .map(({ name, shape }) => `${name} (${shape.join("–")})`)
        .slice(0, 6)
        .join(", ") + (c.networks > 6 ? ", …" : ""),
    ],
    ["decisions", count(c.states)],
    ["time bins compared", count(c.bins)],
    ["bins that differ", count(c.mismatchedBins)],
    ["equal actions", percent(c.actionsEqual, 2)],
    ["mapping", `${c.mapping.name}: ${c.mapping.layers.map(({ model }) => model).join(", ")}`],
    [
      "versions",
      Object.entries(c.versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(", "),
    ],
  ];
  return facts.map(([name, value]) => make("tr", {}, heading(name), make("td", {}, value)));
}

let shown: { readonly network: CheckedNetwork; readonly rows: Rows } | undefined;
let place: ReturnType<typeof surface> | undefined;

/** The decisions of one network, one at a time. */
function look(network: CheckedNetwork | undefined): void {
  byId("look").hidden = network === undefined;
  if (!network) return;
  shown = { network, rows: rowsOf(network.shown.map(countsOf)) };
  const input = byId<HTMLInputElement>("state");
  [input.max, input.value] = [String(network.shownStates), "1"];
  if (!place) {
    place = surface(byId<HTMLCanvasElement>("raster"), () => rasterHeight(shown!.rows, 420), draw);
    input.addEventListener("input", draw);
    onColours(draw);
  }
  draw();
}

/** How often each neuron spikes; as many neurons as spike. */
function countsOf({ neuron }: SpikeEvents): Float64Array {
  const counts = new Float64Array(1 + neuron.reduce((most, j) => Math.max(most, j), 0));
  for (const j of neuron) counts[j]++;
  return counts;
}

function draw(): void {
  if (!shown || !place) return;
  const { network, rows } = shown;
  const state = Math.max(1, Math.min(network.shownStates, byId<HTMLInputElement>("state").valueAsNumber || 1)) - 1;
  const own = network.shown.map((layer) => ofState(layer, state));
  drawRaster(place, rows, own, network.steps);
  const total = own.reduce((sum, { step }) => sum + step.length, 0);
  const text = `State ${state + 1} of ${network.states}, ${network.steps} time steps: ${count(total)} spikes.`;
  say(byId("raster-note"), `${text} A row for each neuron, the busiest on top.`);
  byId("raster").setAttribute("aria-label", text);
}

function ofState({ state, step, neuron }: SpikeEvents, wanted: number): SpikeEvents {
  const [from, to] = [state.indexOf(wanted), state.lastIndexOf(wanted) + 1];
  if (from < 0) return { state: new Int32Array(), step: new Int32Array(), neuron: new Int32Array() };
  return { state: state.slice(from, to), step: step.slice(from, to), neuron: neuron.slice(from, to) };
}
