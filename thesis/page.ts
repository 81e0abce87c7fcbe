import { html, type Html } from "../src/report/html/html.ts";
import { renderPage } from "../src/report/html/page.ts";
import { details, type Fact, keyFigures, legend, paragraph, plotFigure } from "../src/report/html/parts.ts";
import { section, table } from "../src/report/html/parts.ts";
import { dotRows } from "../src/report/plots/dot-rows.ts";
import { similaritySweep } from "../src/report/plots/sweep.ts";
import * as breakout from "./breakout/page.ts";
import { experimentOf, type Row } from "./experiments.ts";
import { type Column, columnsOf, heading, reasonsOf, trainingColumns } from "./render.ts";
import type { Reproduction } from "./reproduce.ts";
import type { Verdict } from "./verdict.ts";

const headings: Record<string, string> = {
  "4.1": "Scores",
  "4.2": "Normalisation",
  "4.3": "Encoding and decoding",
  "4.4": "Simulation time",
  "4.5": "Training",
  "4.6": "Scores",
  "4.7": "Normalisation",
  "4.8": "Encoding and decoding",
  "4.9": "Simulation time",
  "4.10": "Training",
  "4.11": "Policy gradient",
};

/** The whole reproduction as a page that needs nothing else. `film`: Breakout's animated PNG. */
export function renderReproduction(
  reproduction: Reproduction,
  { film, now = new Date() }: { readonly film?: Uint8Array; readonly now?: Date } = {},
): string {
  const { experiment, rows, training, quick, occlusion } = reproduction;
  const { title, family } = experimentOf(experiment);
  const groups = [...new Set(rows.map(groupOf))];
  const players = breakout.played(rows);
  return renderPage({
    title:
      family.name === "breakout"
        ? "Breakout: the thesis's figures, and a spiking network that plays"
        : `${title}: the thesis's tables`,
    kicker: `dsqn reproduce ${experiment}${quick ? " --quick" : ""}, ${now.toISOString().slice(0, 10)}`,
    lead: leads[family.name](reproduction),
    sections: [
      section("summary", "At a glance", ...summaries[family.name](reproduction)),
      ...groups.map((group) =>
        tableSection(
          group,
          rows.filter((row) => groupOf(row) === group),
        ),
      ),
      training.length > 0 ? trainingSection(training) : null,
      film && reproduction.film ? breakout.filmSection(reproduction.film, film) : null,
      players.length > 0 ? breakout.behaviourSection(players) : null,
      occlusion ? breakout.occlusionSection(occlusion) : null,
    ].filter((part): part is Html => part !== null),
  });
}

const count = (rows: readonly Row[], ...verdicts: Verdict[]): number =>
  rows.filter(({ verdict }) => verdict !== null && verdicts.includes(verdict)).length;

/** What stands under the title, by the kind of experiment. */
const leads = {
  gymnasium: ({ rows, episodes, environment }: Reproduction): string =>
    `Every row is ${episodes} greedy episodes of at most 500 steps in Gymnasium's ${environment}. Of ${rows.length} rows ours is better in ${count(rows, "better")}, agrees in ${count(rows, "agrees")}, is worse in ${count(rows, "worse")}.`,
  simulator: ({ episodes }: Reproduction): string =>
    `The original's own networks in the thesis's set-ups, ${episodes} greedy episodes of at most 500 steps a row; and the same networks under the exact mapping, in which the simulator computes what our engine computes.`,
  breakout({ rows, environment }: Reproduction): string {
    const main = breakout.mainPlayers(rows);
    return main
      ? `In ${environment} the DQN scores ${main.dqn.mean.toFixed(1)}, its conversion to spikes ${main.snn.mean.toFixed(1)}; the thesis's networks stayed at the left wall with about 10.`
      : `In ${environment}; rows without a network of ours are missing.`;
  },
};

const summaries = {
  gymnasium({ rows }: Reproduction): Html[] {
    const there = rows.length - count(rows, "missing");
    const originals = rows.filter((row) => row.original);
    const of = (verdict: Verdict): number => originals.filter((row) => row.originalVerdict === verdict).length;
    const ours: Fact = {
      label: "ours: better or equal",
      value: `${count(rows, "better", "agrees")} of ${there}`,
      tone: "snn",
    };
    const theirs: Fact = {
      label: "original's networks: thesis confirmed",
      value: `${of("agrees")} of ${originals.length}`,
      note: `${of("explained")} explained`,
      tone: "nest",
    };
    return [keyFigures(originals.length > 0 ? [ours, theirs] : [ours])];
  },
  simulator({ rows }: Reproduction): Html[] {
    const there = rows.length - count(rows, "missing");
    return [
      keyFigures([
        { label: "rows that agree with the thesis", value: `${count(rows, "agrees")} of ${there}`, tone: "nest" },
        {
          label: "differ because the network is not the table's",
          value: String(count(rows, "explained")),
          note: "without any simulator it scores something else",
        },
        { label: "not explained", value: String(count(rows, "better", "worse")), tone: "alarm" },
      ]),
      paragraph(
        "A row agrees if score and similarity lie within the 95 % intervals of their differences: of many such rows one in twenty differs by chance.",
      ),
    ];
  },
  breakout: ({ rows }: Reproduction): Html[] => breakout.atAGlance(rows),
};

/** What shares a table on the page. */
const groupOf = ({ table, simulator }: Row): string => {
  if (simulator !== undefined) return `${heading(table)}, ${simulator}`;
  return headings[table] === undefined ? heading(table) : `${heading(table)}: ${headings[table]}`;
};

/** A row's name where its simulator stands in the heading. */
const short = ({ name, simulator }: Row): string => name.replace(`, ${simulator}`, "");

/** A figure as a page shows it: a line breaks between score and similarity only. */
const unbroken = (figure: string): string => figure.replace(/ (?=[±%])|(?<=±) /g, "\u00a0");

const onPage = <R>(columns: readonly Column<R>[]): Column<R>[] =>
  columns.map(({ heading: of, cell }) => ({ heading: of, cell: (row) => unbroken(cell(row)) }));

function tableSection(group: string, rows: readonly Row[]): Html {
  const reasons = reasonsOf(rows, short);
  const [first, ...others] = columnsOf(rows);
  return section(
    group.replaceAll(/[^\w]+/g, "-"),
    group,
    rows[0].simulator === undefined ? null : dotFigure(rows),
    table(
      "Mean and standard deviation over episodes; similarity: equal actions on the states that the spiking network visits.",
      [
        { ...first, cell: short },
        ...onPage(others),
        ...(breakout.played(rows).length > 0 ? breakout.scoreColumns : []),
      ],
      rows,
    ),
    sweepFigure(rows),
    reasons.length > 0
      ? details(
          "Why rows differ",
          reasons.map((reason) => paragraph(`${reason}.`)),
        )
      : null,
  );
}

function trainingSection(training: Reproduction["training"]): Html {
  return section(
    `table-${training[0].table}`,
    `Table ${training[0].table}: training with the thesis's settings`,
    table("Runs that solve the task, and the best mean of 100 episodes.", onPage(trainingColumns), training),
  );
}

/** Similarities of a simulator's rows as dots beside each other. */
function dotFigure(rows: readonly Row[]): Html {
  const series = [
    { name: "exact mapping", colour: "snn", of: (row: Row) => row.exact?.similarity },
    { name: "thesis", colour: "muted", of: (row: Row) => row.thesis.similarity },
    { name: "run again", colour: "nest", of: (row: Row) => row.ours?.similarity },
  ] as const;
  const dots = rows.map((row) => ({ name: short(row), values: series.map(({ of }) => of(row) ?? null) }));
  return plotFigure(
    (width) => dotRows({ rows: dots, series, x: "equal actions, %" }, width),
    html`${legend(series.map(({ name, colour }) => ({ name, mark: "dot" as const, tone: colour })))} Actions equal to
    those of the network that was converted, or of the same network without a simulator.`,
  );
}

/** Similarity against T of our calibrated DQN, where a table has it. */
function sweepFigure(rows: readonly Row[]): Html | null {
  const points = rows.flatMap((row) => {
    const steps = /^(?:DQN, )?calibrated, T = (\d+)/.exec(row.name)?.[1];
    return steps && row.ours?.similarity !== null && row.ours
      ? [{ steps: Number(steps), similarity: row.ours.similarity / 100 }]
      : [];
  });
  if (points.length < 2) return null;
  return plotFigure(
    (width) => similaritySweep(points, width),
    html`Our network, calibrated: equal actions against the number of time steps.`,
  );
}
