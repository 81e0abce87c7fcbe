import { html, type Html } from "../html/html.ts";
import { legend, pair, paragraph, plotFigure, section, smallFigure, table } from "../html/parts.ts";
import { actionMargins, qValueScatter } from "../plots/q-values.ts";
import { scoreBars, type Score } from "../plots/scores.ts";
import { scoreSweep, similaritySweep } from "../plots/sweep.ts";
import { count, fixed, type CartPoleReport, type Estimate } from "./facts.ts";

const ACTIONS = ["left", "right"];

/** What becomes of Q-values, and how similarity and score grow with T. */
export function conversion({ qValues, sweep, summary }: CartPoleReport): Html {
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

/** Both agents' scores. */
export function scores({ summary: { dqn, snn } }: CartPoleReport): Html {
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
