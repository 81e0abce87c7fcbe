import { type Content, html, type Html } from "../html/html.ts";
import { details, legend, pair, paragraph, scrollFigure, section, smallFigure, table } from "../html/parts.ts";
import { membraneTraces } from "../plots/membranes.ts";
import { spikeRaster } from "../plots/raster.ts";
import { stepperFigure } from "../stepper.ts";
import { count, fixed, type CartPoleReport } from "./facts.ts";

/** One decision, our spikes and the simulator's. */
export function decision({ decision: d }: CartPoleReport, judge: string): Html {
  const shown = Math.min(64, d.steps);
  return section(
    "decision",
    "One decision, spike by spike",
    paragraph(
      html`What happens inside when ${d.words}: our engine's
      spikes${shown < d.steps ? ` in the first ${shown} of ${d.steps} steps` : ""}, and around them those of ${judge}.`,
    ),
    scrollFigure(
      spikeRaster({ ours: d.ours, theirs: d.theirs, simulator: judge, steps: d.steps }),
      html`${legend([
        { name: "ours", mark: "dot", tone: "snn" },
        { name: judge, mark: "ring", tone: "nest" },
        { name: "mismatch", mark: "ring", tone: "alarm" },
      ])}The
      busiest neurons on top.`,
    ),
    d.stepper
      ? stepperFigure(
          d.stepper,
          "The same decision, computed by this page in the engine that defines the dynamics. Move the state, and see what becomes of it.",
        )
      : null,
    pair(
      smallFigure(
        (width) => membraneTraces({ traces: d.output, label: "output potential", height: 260 }, width),
        html`The two output neurons integrate; the higher one at the end is the action. Rings: where ${judge} ends.`,
      ),
      smallFigure(
        (width) => membraneTraces({ traces: d.hidden, threshold: 1, label: "hidden potential", height: 260 }, width),
        html`Hidden neurons climb to the threshold (dotted), spike, and keep the excess.`,
      ),
    ),
  );
}

/** What was compared with the simulator, and how the network is expressed there. */
export function certificate({ mapping, summary: { certificate: c } }: CartPoleReport, judge: string): Html {
  const facts: [string, Content][] = [
    ["simulator", judge],
    ["states compared", `${count(c.states)}, each for ${c.steps} steps`],
    ["bins compared (spiking neurons \u00d7 steps \u00d7 states)", count(c.bins)],
    ["spikes", count(c.spikes)],
    ["mismatched bins", count(c.mismatchedBins)],
    [
      "largest difference of an output potential",
      c.maxPotentialError === 0 ? "0 (equal to the last bit)" : c.maxPotentialError.toExponential(2),
    ],
    ["equal actions", `${fixed(100 * c.actionsEqual, c.actionsEqual === 1 ? 0 : 2)}\u2009%`],
  ];
  const parameters = (p: Readonly<Record<string, unknown>>): string =>
    Object.entries(p)
      .map(([name, value]) => `${name} ${String(value)}`)
      .join(", ");
  return section(
    "certificate",
    "The certificate",
    paragraph(
      html`The same weights were loaded into ${judge}, a simulator that this project did not write, and every spike of
      every neuron compared with ours.`,
    ),
    table(
      "What was compared, and how it came out",
      [
        { heading: "quantity", cell: (f) => f[0] },
        { heading: "value", numeric: true, cell: (f) => f[1] },
      ],
      facts,
    ),
    details(
      `How the network is expressed in ${judge}`,
      table(
        `Mapping \u201c${mapping.name}\u201d: one step of ours is ${mapping.step} ms, resolution ${mapping.resolution} ms`,
        [
          { heading: "layer", cell: (l) => String(l.layer + 1) },
          { heading: "model", cell: (l) => html`<code>${l.model}</code>` },
          { heading: "delay, ms", numeric: true, cell: (l) => l.delay },
          { heading: "parameters", cell: (l) => html`<code>${parameters(l.parameters)}</code>` },
        ],
        mapping.layers,
      ),
      paragraph(html`Input: ${mapping.input}. Ties: ${mapping.ties}.`),
      mapping.notes.length > 0 &&
        html`<ul>
          ${mapping.notes.map((note) => html`<li>${note}</li>`)}
        </ul>`,
    ),
  );
}
