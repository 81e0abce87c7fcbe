import { html, type Html } from "../../src/report/html/html.ts";
import { renderPage } from "../../src/report/html/page.ts";
import { details, keyFigures, legend, paragraph, plotFigure, section, table } from "../../src/report/html/parts.ts";
import { dotRows } from "../../src/report/plots/dot-rows.ts";
import { measured, reported, unbroken } from "../tables/render.ts";
import { heading } from "./render.ts";
import type { SimulatorReproduction } from "./reproduce.ts";
import type { SimulatorRow } from "./row.ts";
import { titles } from "./trials.ts";

/** The whole reproduction as a page that needs nothing else. */
export function renderSimulatorReproduction(reproduction: SimulatorReproduction, now = new Date()): string {
  const { experiment, rows, episodes, quick } = reproduction;
  const count = (verdict: string): number => rows.filter((row) => row.verdict === verdict).length;
  const there = rows.length - count("missing");
  return renderPage({
    title: `${titles[experiment]}: the thesis's tables`,
    kicker: `dsqn reproduce ${experiment}${quick ? " --quick" : ""}, ${now.toISOString().slice(0, 10)}`,
    lead: `The original's own networks in the thesis's set-ups, ${episodes} greedy episodes of at most 500 steps a row; and the same networks under the exact mapping, in which the simulator computes what our engine computes.`,
    sections: [
      section(
        "summary",
        "At a glance",
        keyFigures([
          { label: "rows that agree with the thesis", value: `${count("agrees")} of ${there}`, tone: "nest" },
          {
            label: "differ because the network is not the table's",
            value: String(count("explained")),
            note: "without any simulator it scores something else",
          },
          { label: "not explained", value: String(count("better") + count("worse")), tone: "alarm" },
        ]),
        paragraph(
          "A row agrees if score and similarity lie within the 95 % intervals of their differences: of many such rows one in twenty differs by chance.",
        ),
      ),
      ...[...new Set(rows.map(place))].map((name) =>
        tableSection(
          name,
          rows.filter((row) => place(row) === name),
        ),
      ),
    ],
  });
}

const place = ({ table, simulator }: SimulatorRow): string => `${heading(table)}, ${simulator}`;
/** A row's name where its simulator stands in the heading. */
const short = ({ name, simulator }: SimulatorRow): string => name.replace(`, ${simulator}`, "");

function tableSection(name: string, rows: readonly SimulatorRow[]): Html {
  const reasons = rows.filter((row) => row.reason !== null);
  const series = [
    { name: "exact mapping", colour: "snn", of: (row: SimulatorRow) => row.exact?.similarity },
    { name: "thesis", colour: "muted", of: (row: SimulatorRow) => row.thesis.similarity },
    { name: "run again", colour: "nest", of: (row: SimulatorRow) => row.ours?.similarity },
  ] as const;
  const dots = rows.map((row) => ({ name: short(row), values: series.map(({ of }) => of(row) ?? null) }));
  return section(
    name.replaceAll(/[^\w]+/g, "-"),
    name,
    plotFigure(
      (width) => dotRows({ rows: dots, series, x: "equal actions, %" }, width),
      html`${legend(series.map(({ name, colour }) => ({ name, mark: "dot" as const, tone: colour })))} Actions equal to
      those of the network that was converted, or of the same network without a simulator.`,
    ),
    table(
      "Mean and standard deviation over episodes; equal actions on the states that the simulated network visits.",
      [
        { heading: "", cell: short },
        { heading: "thesis", cell: (row: SimulatorRow) => unbroken(reported(row.thesis)) },
        { heading: "run again", cell: (row: SimulatorRow) => unbroken(measured(row.ours)) },
        { heading: "", cell: (row: SimulatorRow) => row.verdict },
        { heading: "exact mapping", cell: (row: SimulatorRow) => unbroken(measured(row.exact)) },
      ],
      rows,
    ),
    reasons.length > 0
      ? details(
          "Why rows differ",
          reasons.map((row) => paragraph(`${short(row)}: ${row.reason}.`)),
        )
      : null,
  );
}
