import { html, type Html } from "../../src/report/html/html.ts";
import { renderPage } from "../../src/report/html/page.ts";
import { details, keyFigures, paragraph, plotFigure, section, table } from "../../src/report/html/parts.ts";
import { similaritySweep } from "../../src/report/plots/sweep.ts";
import { measured, reported, trainingFigures, unbroken } from "./render.ts";
import type { Reproduction, Row } from "./reproduce.ts";
import { title } from "./trials.ts";

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

/** The whole reproduction as a page that needs nothing else. */
export function renderReproduction(reproduction: Reproduction, now = new Date()): string {
  const { rows, training, episodes } = reproduction;
  const count = (verdict: string): number => rows.filter((row) => row.verdict === verdict).length;
  const originals = rows.filter((row) => row.originalVerdict !== null);
  const agreeing = originals.filter((row) => row.originalVerdict === "agrees").length;
  const tables = [...new Set(rows.map((row) => row.table))];
  return renderPage({
    title: `${title(reproduction.experiment)}: the thesis's tables`,
    kicker: `dsqn reproduce ${reproduction.experiment}${reproduction.quick ? " --quick" : ""}, ${now.toISOString().slice(0, 10)}`,
    lead: `Every row is ${episodes} greedy episodes of at most 500 steps in Gymnasium's ${reproduction.environment}. Of ${rows.length} rows ours is better in ${count("better")}, agrees in ${count("agrees")}, is worse in ${count("worse")}.`,
    sections: [
      section(
        "summary",
        "At a glance",
        keyFigures([
          {
            label: "ours: better or equal",
            value: `${count("better") + count("agrees")} of ${rows.length - count("missing")}`,
            tone: "snn",
          },
          ...(originals.length > 0
            ? [
                {
                  label: "original's networks: thesis confirmed",
                  value: `${agreeing} of ${originals.length}`,
                  note: `${originals.filter((row) => row.originalVerdict === "explained").length} explained`,
                  tone: "nest" as const,
                },
              ]
            : []),
        ]),
      ),
      ...tables.map((number) =>
        tableSection(
          number,
          rows.filter((row) => row.table === number),
        ),
      ),
      ...(training.length === 0
        ? []
        : [
            section(
              `table-${training[0].table}`,
              `Table ${training[0].table}: training with the thesis's settings`,
              table(
                "Runs that solve the task, and the best mean of 100 episodes.",
                [
                  { heading: "", cell: (row) => row.name },
                  { heading: "thesis", cell: (row) => trainingFigures(row.thesis) },
                  { heading: "ours", cell: (row) => trainingFigures(row.ours) },
                  { heading: "", cell: (row) => row.verdict },
                ],
                training,
              ),
            ),
          ]),
    ],
  });
}

function tableSection(number: string, rows: readonly Row[]): Html {
  const originals = rows.some((row) => row.original);
  const reasons = rows.flatMap((row) =>
    [
      row.reason && `${row.name}: ${row.reason}.`,
      row.originalReason && `${row.name}, the original's network: ${row.originalReason}.`,
    ].filter((text): text is string => text !== null),
  );
  const columns = [
    { heading: "", cell: (row: Row) => row.name },
    { heading: "thesis", cell: (row: Row) => unbroken(reported(row.thesis)) },
    { heading: "ours", cell: (row: Row) => unbroken(measured(row.ours)) },
    { heading: "", cell: (row: Row) => row.verdict },
    ...(originals
      ? [
          { heading: "original's networks", cell: (row: Row) => unbroken(measured(row.original)) },
          { heading: "", cell: (row: Row) => row.originalVerdict ?? "" },
        ]
      : []),
  ];
  return section(
    `table-${number}`,
    `Table ${number}: ${headings[number] ?? ""}`,
    table(
      "Mean and standard deviation over episodes; similarity: equal actions on the states that the spiking network visits.",
      columns,
      rows,
    ),
    sweepFigure(rows),
    reasons.length > 0
      ? details(
          "Why rows differ",
          reasons.map((reason) => paragraph(reason)),
        )
      : null,
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
