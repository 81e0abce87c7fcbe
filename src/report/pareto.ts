import type { ParetoRow } from "../learning/pareto.ts";
import { renderPage } from "./html/page.ts";
import { paragraph, plotFigure, section, table } from "./html/parts.ts";
import { paretoPlot } from "./plots/pareto.ts";

/** Score against what a decision costs, as a page: operations, energy by both models, and T. */
export function renderPareto(environment: string, rows: readonly ParetoRow[], episodes: number): string {
  const some = (n: number): string => (n < 100 ? n.toFixed(1) : Math.round(n).toLocaleString("en"));
  const best = rows.filter(({ efficient }) => efficient.withMemory);
  return renderPage({
    title: `What a decision costs: ${environment}`,
    kicker: "dsqn pareto",
    lead: `${rows.length} networks over ${episodes} episodes each, on the same seeds. Filled dots are those that no other beats: as good a score for less energy.`,
    sections: [
      section(
        "operations",
        "Score against operations",
        plotFigure(
          (width) =>
            paretoPlot(
              { rows, price: ({ acs, macs }) => acs + macs, front: "compute", label: "operations per decision" },
              width,
            ),
          "Effective accumulates and multiply-accumulates of a decision, as NeuroBench counts them.",
        ),
      ),
      section(
        "energy",
        "Score against energy, memory included",
        plotFigure(
          (width) =>
            paretoPlot(
              { rows, price: ({ energy }) => energy.withMemory, front: "withMemory", label: "pJ per decision" },
              width,
            ),
          "45 nm: arithmetic, and what it fetches and stores. A model, not a measurement.",
        ),
      ),
      section(
        "steps",
        "Score against T",
        plotFigure(
          (width) =>
            paretoPlot(
              { rows, price: ({ steps }) => steps, front: "withMemory", label: "T, time steps per decision" },
              width,
            ),
          "Dense networks stand at 1.",
        ),
      ),
      section(
        "rows",
        "Row by row",
        table(
          `Of ${rows.length} rows ${best.length} are beaten by none with memory counted.`,
          [
            { heading: "model", cell: (row: ParetoRow) => row.model },
            { heading: "T", cell: (row: ParetoRow) => (row.spiking ? row.steps : "–"), numeric: true },
            { heading: "bits", cell: (row: ParetoRow) => row.bits, numeric: true },
            {
              heading: "score",
              cell: (row: ParetoRow) => `${row.score.toFixed(2)} ± ${row.std.toFixed(2)}`,
              numeric: true,
            },
            { heading: "spikes", cell: (row: ParetoRow) => some(row.spikes), numeric: true },
            { heading: "accumulates", cell: (row: ParetoRow) => some(row.acs), numeric: true },
            { heading: "multiply-accumulates", cell: (row: ParetoRow) => some(row.macs), numeric: true },
            { heading: "pJ, arithmetic", cell: (row: ParetoRow) => some(row.energy.compute), numeric: true },
            { heading: "pJ with memory", cell: (row: ParetoRow) => some(row.energy.withMemory), numeric: true },
          ],
          rows,
        ),
        paragraph(
          "Energy: 4.6 pJ a multiply-accumulate, 0.9 pJ an accumulate (Horowitz 2014); with memory 10 pJ more for each 32 bits fetched or stored (arXiv 2409.08290 on why that has to be counted). Operations on smaller weights are counted as those on 32 bits.",
        ),
      ),
    ],
  });
}
