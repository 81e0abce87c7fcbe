import type { Mapping } from "../simulators/simulator.ts";
import type { SpikeEvents } from "../snn/engine.ts";
import { type CartPoleEpisode, cartPoleAnimation, cartPoleStill } from "./images/cartpole.ts";
import { type Content, html, type Html } from "./html/html.ts";
import { renderPage } from "./html/page.ts";
import {
  commands,
  details,
  filmStrip,
  keyFigures,
  legend,
  motionFigure,
  paragraph,
  plotFigure,
  scrollFigure,
  section,
  smallFigure,
  pair,
  table,
  untitled,
} from "./html/parts.ts";
import { stack } from "./svg/stack.ts";
import { standalone } from "./theme.ts";
import { learningCurve } from "./plots/learning-curve.ts";
import { membraneTraces, type Trace } from "./plots/membranes.ts";
import { actionMargins, qValueScatter } from "./plots/q-values.ts";
import { spikeRaster } from "./plots/raster.ts";
import { type Score, scoreBars } from "./plots/scores.ts";
import { scoreSweep, similaritySweep, type SweepPoint } from "./plots/sweep.ts";

/** A mean over episodes with its 95 % interval. */
export interface Estimate {
  readonly mean: number;
  readonly std: number;
  readonly ci95: readonly [number, number];
  readonly episodes: number;
}

/** What `summary.json` of a run holds. */
export interface CartPoleSummary {
  readonly environment: string;
  readonly seed: number;
  /** ISO 8601. */
  readonly finished: string;
  readonly passed: boolean;
  /** What a run that did not pass missed, in words. */
  readonly missed: readonly string[];
  readonly dqn: Estimate;
  readonly snn: Estimate & {
    /** Share of the spiking network's decisions that the DQN would have made too. */
    readonly similarity: number;
    /** T */
    readonly steps: number;
    readonly spikesPerDecision: number;
    readonly synOpsPerDecision: number;
  };
  readonly certificate: {
    readonly simulator: string;
    readonly version: string;
    readonly states: number;
    readonly steps: number;
    /** Spiking neurons x steps x states. */
    readonly bins: number;
    readonly spikes: number;
    readonly mismatchedBins: number;
    readonly maxPotentialError: number;
    /** Share of states in which both choose the same action. */
    readonly actionsEqual: number;
  };
  readonly seconds: Readonly<Record<"setup" | "train" | "convert" | "evaluate" | "certify" | "total", number>>;
  readonly versions: Readonly<Record<string, string>>;
}

/** Everything that the report of a CartPole run shows. */
export interface CartPoleReport {
  readonly summary: CartPoleSummary;
  readonly training: {
    readonly returns: readonly number[];
    readonly threshold: number;
    readonly evaluations?: readonly { readonly episode: number; readonly mean: number }[];
    readonly environmentSteps: number;
  };
  /** [inputs, hidden..., outputs] */
  readonly shape: readonly number[];
  readonly episodes: readonly CartPoleEpisode[];
  readonly frames: readonly {
    readonly png: Uint8Array;
    readonly alt: string;
    readonly width: number;
    readonly height: number;
  }[];
  /** [states, 2] each, less the mean over the actions; the spiking network's in the DQN's unit. */
  readonly qValues: { readonly dqn: ArrayLike<number>; readonly snn: ArrayLike<number> };
  readonly sweep: readonly SweepPoint[];
  readonly decision: {
    /** The state, in words. */
    readonly words: string;
    readonly ours: readonly SpikeEvents[];
    readonly theirs: readonly SpikeEvents[];
    readonly steps: number;
    readonly output: readonly Trace[];
    readonly hidden: readonly Trace[];
  };
  readonly mapping: Mapping;
  /** Where the networks are, for the commands at the end. */
  readonly files: { readonly dqn: string; readonly snn: string; readonly replay: string };
  /** How this user starts the CLI: "dsqn", or in a clone "npm run -s dsqn --". */
  readonly cli: string;
}

const ACTIONS = ["left", "right"];

/** How things call themselves. */
const NAMES: Readonly<Record<string, string>> = { nest: "NEST", node: "Node.js" };
export const judgeOf = ({ simulator, version }: CartPoleSummary["certificate"]): string =>
  `${NAMES[simulator] ?? simulator} ${version}`;

/** Pictures of a run as SVG files, light or dark as the reader prefers: the agents acting, the raster, the learning curve, an overview. */
export function cartPoleFigures({
  summary,
  training: t,
  episodes,
  decision: d,
}: CartPoleReport): Readonly<Record<string, string>> {
  const judge = judgeOf(summary.certificate);
  const agent = cartPoleAnimation(episodes);
  const raster = spikeRaster({ ours: d.ours, theirs: d.theirs, simulator: judge, steps: d.steps, showNeurons: 14 });
  const overview = stack(
    [cartPoleAnimation(episodes.slice(-1)), raster],
    `A spiking network balances the pole of CartPole; below, its spikes in one decision, and around each the spike of ${judge}.`,
  );
  return {
    "agent": standalone(agent),
    "raster": standalone(spikeRaster({ ours: d.ours, theirs: d.theirs, simulator: judge, steps: d.steps })),
    "learning-curve": standalone(learningCurve(t)),
    "overview": standalone(overview),
  };
}

/** The report of a CartPole run as one HTML file. */
export function renderCartPoleReport(report: CartPoleReport): string {
  const { summary } = report;
  const judge = judgeOf(summary.certificate);
  return renderPage({
    title: summary.passed
      ? "A spiking CartPole agent, confirmed spike for spike"
      : "A CartPole run that missed its targets",
    kicker: html`dsqn · ${summary.environment} · seed ${summary.seed} ·
      <time datetime="${summary.finished}">${summary.finished.slice(0, 16).replace("T", " ")} UTC</time>`,
    lead: lead(summary, judge),
    sections: [
      untitled("result", "Result", headline(summary, judge)),
      acting(report),
      training(report),
      conversion(report),
      decision(report, judge),
      scores(report),
      certificate(report, judge),
      next(report),
    ],
    footer: html`Made with
    ${Object.entries(summary.versions).map(([name, version], i) => `${i ? ", " : ""}${NAMES[name] ?? name} ${version}`)}.
    Every number and picture on this page comes from this run; the same seed gives the same networks.`,
  });
}

function lead(summary: CartPoleSummary, judge: string): Content {
  if (!summary.passed) return html`This run ended without passing: ${summary.missed.join(" ")}`;
  const { dqn, snn, certificate: c } = summary;
  return html`A DQN learned to balance a pole. Converted to spiking neurons it scores ${fixed(snn.mean)} where the DQN
  scores ${fixed(dqn.mean)}, and ${judge} reproduces it: all ${count(c.spikes)} spikes fall in the same time bin.`;
}

function headline({ dqn, snn, certificate: c }: CartPoleSummary, judge: string): Content {
  return keyFigures([
    {
      label: "DQN, mean return",
      value: fixed(dqn.mean),
      note: `${dqn.episodes} greedy episodes, at most 500`,
      tone: "dqn",
    },
    { label: "Spiking network", value: fixed(snn.mean), note: `T = ${snn.steps} steps per decision`, tone: "snn" },
    {
      label: "Same decision",
      value: `${fixed(100 * snn.similarity, 2)}\u2009%`,
      note: "as the DQN, on the states the spiking network visits",
      tone: "snn",
    },
    {
      label: `Mismatched bins, ${judge}`,
      value: count(c.mismatchedBins),
      note: `of ${count(c.bins)}, with ${count(c.spikes)} spikes`,
      tone: c.mismatchedBins ? "alarm" : "nest",
    },
  ]);
}

function acting({ episodes, frames }: CartPoleReport): Html {
  return section(
    "agent",
    "The agent acting",
    motionFigure(
      cartPoleAnimation(episodes),
      cartPoleStill(episodes),
      html`Recorded in Gymnasium and shown in real time: cart position and pole angle of every step, both agents from
      the same start. An episode ends when the pole leans by more than 12°, the cart leaves the track between the two
      marks, or after 500 steps.`,
    ),
    frames.length > 0 &&
      filmStrip(
        frames,
        html`Gymnasium's own picture of the spiking network's episode, ${frames.length} moments of it.`,
      ),
  );
}

function training({ training: t, summary, shape }: CartPoleReport): Html {
  return section(
    "training",
    "Training the DQN",
    paragraph(
      html`A ${shape.join("\u2013")} network of rectified linear units learned from ${count(t.environmentSteps)} steps
      in ${t.returns.length} episodes, in ${fixed(summary.seconds.train)} seconds.`,
    ),
    plotFigure(
      (width) =>
        learningCurve(
          { returns: t.returns, threshold: t.threshold, evaluations: t.evaluations, unit: "return" },
          width,
        ),
      html`${legend([
        { name: "an episode", mark: "dot", tone: "dqn" },
        { name: "mean of the last 100", mark: "line", tone: "dqn" },
      ])}Exploring
      costs return: the greedy agent scores higher than the
      curve.${t.evaluations?.length ? " Diamonds: greedy evaluations." : ""}`,
    ),
  );
}

function conversion({ qValues, sweep, summary }: CartPoleReport): Html {
  const states = qValues.dqn.length / ACTIONS.length;
  return section(
    "conversion",
    "From rates to spikes",
    paragraph(
      html`Nothing is trained anew: the conversion scales weights so that no neuron need spike more than once per step.
      Spike counts over T steps then stand for the activations of the units that the neurons replace, and the membrane
      potentials of the output neurons for Q-values.`,
    ),
    pair(
      smallFigure(
        (width) =>
          qValueScatter({ ...qValues, actions: 2, actionNames: ACTIONS, snnLabel: "read from the SNN" }, width),
        html`${legend([
          { name: "left", mark: "ring", tone: "dqn" },
          { name: "right", mark: "ring", tone: "snn" },
        ])}Q-value
        less the mean of both actions, in ${states} visited states. On a straight line the conversion would be perfect.`,
      ),
      smallFigure(
        (width) => actionMargins({ ...qValues, actions: 2, actionNames: ACTIONS }, width),
        html`Only the sign decides. In the shaded quadrants both choose the same action; red crosses are states where
        they do not.`,
      ),
    ),
    sweep.length > 1 &&
      pair(
        smallFigure(
          (width) => similaritySweep(sweep, width),
          html`More time per decision, finer rates: decisions equal to the DQN's against T.`,
        ),
        smallFigure(
          (width) => scoreSweep({ points: sweep, source: summary.dqn.mean }, width),
          html`Score in the environment with 95&#8201;% interval; dashed, the DQN's.`,
        ),
      ),
  );
}

function decision({ decision: d }: CartPoleReport, judge: string): Html {
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

function scores({ summary: { dqn, snn } }: CartPoleReport): Html {
  const rows: (Score & Estimate)[] = [
    { name: "DQN", colour: "dqn", ...dqn },
    { name: `SNN, T = ${snn.steps}`, colour: "snn", ...snn },
  ];
  const interval = ([low, high]: readonly [number, number]): string => `${fixed(low)} to ${fixed(high)}`;
  return section(
    "scores",
    "Scores",
    plotFigure(
      (width) => scoreBars({ scores: rows, limit: 500 }, width),
      html`Mean return with its 95&#8201;% confidence
      interval${rows.some((r) => r.ci95[1] > 500) ? " (of a normal mean, which knows no limit of 500)" : ""}.`,
    ),
    table(
      "Greedy episodes in CartPole-v1, limit 500 steps, the same seeds for both",
      [
        { heading: "agent", cell: (r) => r.name },
        { heading: "mean", numeric: true, cell: (r) => fixed(r.mean, 2) },
        { heading: "95 % interval", numeric: true, cell: (r) => interval(r.ci95) },
        { heading: "std", numeric: true, cell: (r) => fixed(r.std, 2) },
        { heading: "episodes", numeric: true, cell: (r) => count(r.episodes) },
      ],
      rows,
    ),
    paragraph(
      html`A decision of the spiking network takes ${count(Math.round(snn.spikesPerDecision))} spikes and
      ${count(Math.round(snn.synOpsPerDecision))} synaptic operations on average.`,
    ),
  );
}

function certificate({ mapping, summary: { certificate: c } }: CartPoleReport, judge: string): Html {
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

function next({ summary, files, cli }: CartPoleReport): Html {
  const s = summary.seconds;
  const stages = (["setup", "train", "convert", "evaluate", "certify", "total"] as const).map((stage) => ({
    stage,
    seconds: s[stage],
  }));
  return section(
    "next",
    "How to go on",
    commands([
      {
        remark: "Score the spiking network again, or under another simulator:",
        command: `${cli} evaluate ${files.snn} --env CartPole-v1 \\\n  --compare ${files.dqn}`,
      },
      {
        remark: "Convert with another method, or another T:",
        command: `${cli} convert ${files.dqn} \\\n  --replay ${files.replay} \\\n  --method model --out other.safetensors`,
      },
      {
        remark: "Compare more states with NEST:",
        command: `${cli} certify ${files.snn} --states 1000`,
      },
      { remark: "Train on another seed:", command: `${cli} train cartpole-dqn --seed ${summary.seed + 1}` },
    ]),
    table(
      "Where the time went",
      [
        { heading: "stage", cell: (r) => r.stage },
        { heading: "seconds", numeric: true, cell: (r) => fixed(r.seconds) },
      ],
      stages,
    ),
  );
}

const fixed = (value: number, digits = 1): string => value.toFixed(digits);
const count = (value: number): string => value.toLocaleString("en-US");
