import type { Sweep, SweepRow } from "../learning/sweep.ts";
import { renderPage } from "./html/page.ts";
import { paragraph, plotFigure, section, table } from "./html/parts.ts";
import { scoreSweep, similaritySweep } from "./plots/sweep.ts";

/** A T-sweep as a page: similarity and score against T, and which T to use. */
export function renderSweep(environment: string, { rows, source, recommended, earlyExit }: Sweep): string {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  return renderPage({
    title: `How many time steps? ${environment}`,
    kicker: "dsqn sweep",
    lead:
      recommended.steps === null ? `No T: ${recommended.reason}.` : `T = ${recommended.steps}: ${recommended.reason}.`,
    sections: [
      section(
        "similarity",
        "The same decisions",
        plotFigure(
          (width) => similaritySweep(rows, width),
          "Share of equal actions on the states that the spiking network visits, against T.",
        ),
      ),
      section(
        "score",
        "The score",
        plotFigure(
          (width) => scoreSweep({ points: rows, source: source.mean }, width),
          "Mean return with its 95 % interval, against T. The line is the dense network.",
        ),
      ),
      section(
        "rows",
        "Row by row",
        table(
          `${rows[0].episodes} episodes each, on the same seeds.`,
          [
            { heading: "T", cell: (row: SweepRow) => row.steps, numeric: true },
            {
              heading: "score",
              cell: (row: SweepRow) => `${row.mean.toFixed(2)} ± ${row.std.toFixed(2)}`,
              numeric: true,
            },
            { heading: "equal actions", cell: (row: SweepRow) => percent(row.similarity), numeric: true },
            { heading: "95 %", cell: (row: SweepRow) => row.similarityCi95.map(percent).join(" to "), numeric: true },
            {
              heading: "spikes per decision",
              cell: (row: SweepRow) => row.spikesPerDecision?.toFixed(0) ?? "–",
              numeric: true,
            },
          ],
          rows,
        ),
      ),
      ...(earlyExit
        ? [
            section(
              "exit",
              "Stopping early",
              paragraph(
                `A decision ends when the best output leads by ${earlyExit.rule.margin.toFixed(2)}: after ${earlyExit.meanSteps.toFixed(1)} steps on average instead of ${earlyExit.steps}, with a score of ${earlyExit.mean.toFixed(2)} and ${percent(earlyExit.similarity)} equal actions.`,
              ),
            ),
          ]
        : []),
    ],
  });
}
