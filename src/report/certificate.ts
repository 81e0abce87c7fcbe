import type { Certificate, Exhibit, NetworkCertificate } from "../simulators/certificate.ts";
import type { SpikeEvents } from "../network/engine.ts";
import { shownParameters } from "../simulators/render.ts";
import { judgesTable, NAMES } from "./judges.ts";
import { type Content, html, type Html } from "./html/html.ts";
import { renderPage } from "./html/page.ts";
import {
  commands,
  details,
  keyFigures,
  legend,
  paragraph,
  scrollFigure,
  section,
  table,
  untitled,
} from "./html/parts.ts";
import { spikeRaster } from "./plots/raster.ts";
import { type Stepper, stepperFigure } from "./stepper.ts";

/** What a certificate's page shows besides the certificate itself. */
export interface CertificatePage {
  readonly certificate: Certificate;
  /** One decision, ours and the simulator's: the first one, or the first in which they differ. */
  readonly exhibit?: Exhibit;
  /** How to make this certificate again. */
  readonly command?: string;
  /** With it the reader can step through the exhibit's decision. */
  readonly stepper?: Stepper;
}

/** Of a layer that the simulator doesn't record. */
const NONE: SpikeEvents = { state: new Int32Array(), step: new Int32Array(), neuron: new Int32Array() };
/** More networks than these are in the JSON file alone. */
const SHOWN = 50;

/** A certificate as one HTML file: whether it is the same network, one decision spike by spike, the mapping, and what it takes to repeat it. */
export function renderCertificatePage({ certificate: c, exhibit, command, stepper }: CertificatePage): string {
  const judge = `${NAMES[c.simulator] ?? c.simulator} ${c.version}`;
  const failed = c.results.filter((result) => !agrees(result, c));
  return renderPage({
    title: c.passed ? `The same network in ${judge}` : `Not the same network in ${judge}`,
    kicker: html`dsqn · certificate · <time datetime="${c.date}">${c.date.slice(0, 16).replace("T", " ")} UTC</time>`,
    lead: lead(c, judge, failed),
    sections: [
      untitled("result", "Result", figures(c, judge)),
      (c.columns?.length ?? 0) > 1 || c.columns?.[0].recorded ? judgesTable(c) : null,
      failed.length > 0 ? mismatches(failed) : null,
      exhibit && exhibit.theirs.length > 0 ? decision(exhibit, judge, stepper) : null,
      networks(c),
      mapping(c, judge),
      repeating(c, command),
    ].filter((part) => part !== null),
    footer: html`Made with
    ${Object.entries(c.versions).map(([name, version], i) => `${i ? ", " : ""}${NAMES[name] ?? name} ${version}`)}. Our
    side is the ${c.engine.name} engine in ${c.engine.precision}.`,
  });
}

function agrees(result: NetworkCertificate, { potentialTolerance }: Certificate): boolean {
  return result.mismatchedBins === 0 && result.maxPotentialError <= potentialTolerance && result.actionsEqual === 1;
}

function lead(c: Certificate, judge: string, failed: readonly NetworkCertificate[]): Content {
  const compared = `${plural(c.networks, "network")}, ${plural(c.states, "state")}`;
  if (!c.passed)
    return html`Of ${compared}, ${plural(failed.length, "network")} ${failed.length === 1 ? "differs" : "differ"}:
    ${count(c.mismatchedBins)} of ${count(c.bins)} time bins hold a spike on one side and none on the other.`;
  return html`Compared over ${compared}: all ${count(c.spikes)} spikes fall in the same time bin, every choice of action
  is the same${readout(c)}.`;
}

/** What is to be said of potentials. */
function readout({ columns, maxPotentialError: error }: Certificate): string {
  if (columns?.[0].recorded) return "";
  return `, and the readout potentials ${error === 0 ? "are equal to the last bit" : `differ by at most ${error.toExponential(1)}`}`;
}

function figures(c: Certificate, judge: string): Content {
  return keyFigures([
    {
      label: `Mismatched bins, ${judge}`,
      value: count(c.mismatchedBins),
      note: `of ${count(c.bins)}, with ${count(c.spikes)} spikes`,
      tone: c.mismatchedBins ? "alarm" : "nest",
    },
    {
      label: "Potentials differ by",
      value:
        c.columns?.[0].potentials === false
          ? "–"
          : c.maxPotentialError === 0
            ? "0"
            : c.maxPotentialError.toExponential(1),
      note: allowed(c),
      tone: c.maxPotentialError > c.potentialTolerance ? "alarm" : "nest",
    },
    {
      label: "Equal actions",
      value: `${(100 * c.actionsEqual).toFixed(c.actionsEqual === 1 ? 0 : 2)}\u2009%`,
      note: `of ${plural(c.states, "decision")}${c.tiedActions ? `, ${count(c.tiedActions)} between outputs that tie` : ""}`,
      tone: c.actionsEqual === 1 ? "nest" : "alarm",
    },
    {
      label: "Near ties",
      value: count(c.nearTies),
      note: "bins within 1e-9 of the threshold",
      tone: "snn",
    },
  ]);
}

function allowed({ potentialTolerance, columns }: Certificate): string {
  if (columns?.[0].recorded) return columns[0].potentials ? "float32 there: shown, not judged" : "not recorded there";
  return potentialTolerance === 0 ? "allowed: not a bit" : `allowed: ${potentialTolerance}`;
}

function mismatches(failed: readonly NetworkCertificate[]): Html {
  return section(
    "mismatches",
    "Where they part",
    paragraph("The earliest difference in each network; whatever differs later may follow from it."),
    table(
      failed.length > SHOWN ? `The first ${SHOWN} of ${count(failed.length)}` : "Every network that differs",
      [
        { heading: "network", cell: (r) => r.name },
        { heading: "bins", numeric: true, cell: (r) => count(r.mismatchedBins) },
        { heading: "potentials", numeric: true, cell: (r) => r.maxPotentialError.toExponential(1) },
        { heading: "first", cell: (r) => place(r) },
        {
          heading: "why",
          cell: (r) =>
            html`${r.firstMismatch?.reason ?? "No spike differs, only potentials or the choice between them."}${around(r)}`,
        },
      ],
      failed.slice(0, SHOWN),
    ),
  );
}

function place({ firstMismatch: first }: NetworkCertificate): Content {
  if (!first) return "–";
  return html`state ${first.state}, layer ${first.layer}, neuron ${first.neuron}, step ${first.step}:
  ${first.spikes.ours ? "only we spike" : "only the simulator spikes"}`;
}

/** Both potentials, step by step. */
function around({ firstMismatch: first }: NetworkCertificate): Content {
  if (!first?.around) return null;
  const { step, ours, theirs } = first.around;
  const shown = (v: number | null): string => (v === null || Number.isNaN(v) ? "?" : v.toPrecision(8));
  return html`<br /><small
      >After steps ${step}–${step + ours.length - 1}: ours ${ours.map(shown).join(", ")}; theirs
      ${theirs.map(shown).join(", ")}.</small
    >`;
}

function decision(exhibit: Exhibit, judge: string, stepper?: Stepper): Html {
  const { steps, state, name, mismatch } = exhibit;
  const layers = exhibit.ours.map((ours, l) => sparse(ours, exhibit.theirs[l] ?? NONE));
  const dropped = layers.reduce((sum, layer) => sum + layer.dropped, 0);
  // Where something differs the picture ends soon after it, so that single bins stay visible.
  const from = mismatch ? Math.max(64, mismatch.step + 16) : 64;
  const shown = Math.min(from, steps);
  return section(
    "decision",
    "One decision, spike by spike",
    paragraph(
      html`State ${state} of <code>${name}</code>${mismatch ? ", the first in which they differ" : ""}: our
        spikes${shown < steps ? ` in the first ${shown} of ${steps} steps` : ""}, and around them those of ${judge}.`,
    ),
    scrollFigure(
      spikeRaster({
        ours: layers.map((layer) => layer.ours),
        theirs: layers.map((layer) => layer.theirs),
        simulator: judge,
        state,
        steps,
        showSteps: shown,
      }),
      html`${legend([
        { name: "ours", mark: "dot", tone: "snn" },
        { name: judge, mark: "ring", tone: "nest" },
        { name: "mismatch", mark: "ring", tone: "alarm" },
      ])}The
      busiest neurons on top.${dropped > 0 ? ` ${count(dropped)} more neurons differ, later than these.` : null}`,
    ),
    stepper
      ? stepperFigure(stepper, "The same decision, computed by this page in the engine that defines the dynamics.")
      : null,
  );
}

/** Of many neurons with a mismatch in a layer those that differ first: the raster shows them all. */
function sparse(
  ours: SpikeEvents,
  theirs: SpikeEvents,
  most = 40,
): { ours: SpikeEvents; theirs: SpikeEvents; dropped: number } {
  const key = (e: SpikeEvents, k: number): string => `${e.step[k]} ${e.neuron[k]}`;
  const keys = [ours, theirs].map((e) => new Set(Array.from(e.step.keys(), (k) => key(e, k))));
  const first = new Map<number, number>();
  for (const [e, other] of [
    [ours, keys[1]],
    [theirs, keys[0]],
  ] as const)
    for (let k = 0; k < e.step.length; k++)
      if (!other.has(key(e, k))) first.set(e.neuron[k], Math.min(e.step[k], first.get(e.neuron[k]) ?? Infinity));
  const late = new Set(
    [...first]
      .sort((a, b) => a[1] - b[1] || a[0] - b[0])
      .slice(most)
      .map(([neuron]) => neuron),
  );
  const without = (e: SpikeEvents): SpikeEvents => {
    const kept = Array.from(e.neuron.keys()).filter((k) => !late.has(e.neuron[k]));
    const pick = (values: ArrayLike<number>): Int32Array => Int32Array.from(kept, (k) => values[k]);
    return { state: pick(e.state), step: pick(e.step), neuron: pick(e.neuron) };
  };
  return late.size === 0
    ? { ours, theirs, dropped: 0 }
    : { ours: without(ours), theirs: without(theirs), dropped: late.size };
}

function networks(c: Certificate): Html {
  const rows = c.results.slice(0, SHOWN);
  return section(
    "networks",
    c.networks === 1 ? "The network" : "The networks",
    table(
      rows.length < c.networks
        ? `The first ${rows.length} of ${count(c.networks)}; the JSON file has them all`
        : "The hash is that of the model's file, or of a random network's description and weights",
      [
        { heading: "network", cell: (r) => html`${r.name}<br /><small><code>${r.sha256.slice(0, 16)}</code></small>` },
        { heading: "shape", cell: (r) => r.shape.join("\u2013") },
        { heading: "T", numeric: true, cell: (r) => r.steps },
        { heading: "reset, input, output", cell: (r) => `${r.reset}, ${r.encoding}, ${r.decoding}` },
        { heading: "states", numeric: true, cell: (r) => html`${count(r.states)}<br /><small>${r.source}</small>` },
        { heading: "spikes", numeric: true, cell: (r) => count(r.spikes) },
        { heading: "mismatched", numeric: true, cell: (r) => count(r.mismatchedBins) },
        {
          heading: "potentials",
          numeric: true,
          cell: (r) => (r.maxPotentialError === 0 ? "0" : r.maxPotentialError.toExponential(1)),
        },
      ],
      rows,
    ),
  );
}

function mapping({ mapping: m, networks: total, results }: Certificate, judge: string): Html {
  return section(
    "mapping",
    `How it is expressed in ${judge}`,
    paragraph(
      html`Mapping <code>${m.name}</code>${total > 1 ? html` of ${results[0].name}` : null}: one step of ours is
        ${m.step} ms, resolution ${m.resolution} ms, ${m.exact ? "exact" : "not exact"}. Input: ${m.input}. Ties:
        ${m.ties}.`,
    ),
    table(
      "Neurons, delays and weights",
      [
        { heading: "layer", cell: (l) => String(l.layer) },
        { heading: "model", cell: (l) => html`<code>${l.model}</code>` },
        { heading: "delay, ms", numeric: true, cell: (l) => l.delay },
        {
          heading: "weights",
          cell: (l) =>
            l.weights.factor === 1 ? l.weights.unit : html`× ${String(l.weights.factor)} ${l.weights.unit}`,
        },
      ],
      m.layers,
    ),
    m.notes.length > 0 &&
      html`<ul>
        ${m.notes.map((note) => html`<li>${note}</li>`)}
      </ul>`,
    details(
      "Every parameter",
      table(
        "As they are set in the simulator",
        [
          { heading: "layer", cell: (l) => String(l.layer) },
          { heading: "parameters", cell: (l) => html`<code>${shownParameters(l.parameters)}</code>` },
        ],
        m.layers,
      ),
    ),
  );
}

function repeating(c: Certificate, command?: string): Html {
  const facts: [string, Content][] = [
    ...Object.entries(c.versions).map(([name, version]): [string, Content] => [NAMES[name] ?? name, version]),
    ["seed of networks, states and Poisson input", c.seed],
    ["took", `${c.seconds.toFixed(1)} s`],
    ...c.results.slice(0, 10).map((r): [string, Content] => [`SHA-256 of ${r.name}`, html`<code>${r.sha256}</code>`]),
  ];
  return section(
    "repeat",
    "To repeat it",
    command ? commands([{ remark: "The same comparison:", command }]) : null,
    table(
      "What it rests on",
      [
        { heading: "", cell: (f) => f[0] },
        { heading: "", cell: (f) => f[1] },
      ],
      facts,
    ),
  );
}

const count = (value: number): string => value.toLocaleString("en-US");
const plural = (n: number, noun: string): string => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;
