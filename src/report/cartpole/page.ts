import { type Content, html } from "../html/html.ts";
import { renderPage } from "../html/page.ts";
import { keyFigures, untitled } from "../html/parts.ts";
import { conversion, scores } from "./conversion.ts";
import { count, fixed, judgeOf, NAMES, type CartPoleReport, type CartPoleSummary } from "./facts.ts";
import { acting, training } from "./learning.ts";
import { next } from "./next.ts";
import { certificate, decision } from "./spikes.ts";

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
