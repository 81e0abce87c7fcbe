import { experimentOf, type Row } from "./experiments.ts";
import type { TrainingFigures, TrainingRow } from "./measure/training.ts";
import type { Reproduction } from "./reproduce.ts";
import type { Reported } from "./tables/figures.ts";
import type { Measured } from "./verdict.ts";

const number = (value: number | null | undefined, digits = 2): string =>
  value === null || value === undefined ? "" : value.toFixed(digits);

export const reported = ({ mean, std, similarity }: Reported): string =>
  [
    mean === null ? "" : `${number(mean)}${std === null ? "" : ` ± ${number(std)}`}`,
    similarity === null ? "" : `${number(similarity)} %`,
  ]
    .filter(Boolean)
    .join("  ");

export const measured = (m: Measured | null | undefined): string => (m ? reported(m) : "–");

const trainingFigures = ({ solved, runs, solvedAt, best, bestAt }: TrainingFigures): string =>
  `${solved}/${runs}${solvedAt === null ? "" : ` at ${number(solvedAt, 0)}`}, best ${number(best)} at ${number(bestAt, 0)}`;

/** A column of a table for people: in a terminal, on a page, in a document. */
export interface Column<R> {
  readonly heading: string;
  readonly cell: (row: R) => string;
}

/** What the rows have besides the thesis's figures and ours: the exact mapping (simulators), or the original's networks. */
export function columnsOf(rows: readonly Row[]): Column<Row>[] {
  const simulated = rows.some(({ exact }) => exact !== undefined);
  const originals = rows.some(({ original }) => original);
  return [
    { heading: "", cell: (row) => row.name },
    { heading: "thesis", cell: (row) => reported(row.thesis) },
    { heading: simulated ? "run again" : "ours", cell: (row) => measured(row.ours) },
    { heading: "", cell: (row) => row.verdict ?? "" },
    ...(simulated ? [{ heading: "exact mapping", cell: (row: Row) => measured(row.exact) }] : []),
    ...(originals
      ? [
          { heading: "original's networks", cell: (row: Row) => measured(row.original) },
          { heading: "", cell: (row: Row) => row.originalVerdict ?? "" },
        ]
      : []),
  ];
}

export const trainingColumns: readonly Column<TrainingRow>[] = [
  { heading: "", cell: (row) => row.name },
  { heading: "thesis", cell: (row) => trainingFigures(row.thesis) },
  { heading: "ours", cell: (row) => trainingFigures(row.ours) },
  { heading: "", cell: (row) => row.verdict },
];

/** "Table 4.12", or what stands in for a number. */
export const heading = (table: string): string =>
  table === "notebook" ? "In the original's notebooks" : /^\d/.test(table) ? `Table ${table}` : table;

/** Why rows differ, a sentence for each; `name` is how a row is called. */
export const reasonsOf = (rows: readonly Row[], name: (row: Row) => string): string[] =>
  rows.flatMap((row) =>
    [
      row.reason && `${name(row)}: ${row.reason}`,
      row.originalReason && `${name(row)}, original's network: ${row.originalReason}`,
    ].filter((text) => typeof text === "string"),
  );

/** What can be done about rows without a network. */
const remedies = {
  gymnasium: "dsqn models makes it.",
  simulator: "The original's folder has no such network.",
  breakout: "Train one (dsqn train breakout-dqn; a DSQN: breakout-dsqn) and name it with --model or --dsqn.",
};

/** Tables for a terminal. */
export function renderText(reproduction: Reproduction): string {
  const { experiment, rows, training, episodes, occlusion, seconds } = reproduction;
  const { title, family } = experimentOf(experiment);
  const columns = columnsOf(rows);
  const what = columns.flatMap((column) => column.heading || []).join(", ");
  const lines = [`${title}: ${what} (${episodes} episodes each; ${seconds.toFixed(0)} s)`];
  for (const table of new Set(rows.map((row) => row.table)))
    lines.push(
      "",
      heading(table),
      ...aligned(
        columns,
        rows.filter((row) => row.table === table),
      ),
    );
  if (training.length > 0) lines.push("", heading(training[0].table), ...aligned(trainingColumns, training));
  const players = rows.flatMap(({ name, ours }) => (ours?.behaviour ? [{ name, ...ours.behaviour }] : []));
  if (players.length > 0)
    lines.push(
      ...["", "How they play: entropy of actions and of paddle positions (bits), time at the left wall"],
      ...aligned(
        [
          { heading: "", cell: (p) => p.name },
          { heading: "actions", cell: (p) => `${p.actionEntropy.toFixed(2)} of 2` },
          { heading: "paddle", cell: (p) => `${p.paddleEntropy.toFixed(2)} of 4` },
          { heading: "at the wall", cell: (p) => `${(100 * p.atLeftWall).toFixed(1)} %` },
        ],
        players,
      ),
    );
  if (occlusion)
    lines.push(
      ...["", `Score with ${occlusion.rows} rows black, by the uppermost`],
      ...aligned(
        [
          { heading: "row", cell: (i) => String(occlusion.dqn[i].top ?? "none") },
          { heading: "DQN", cell: (i) => occlusion.dqn[i].mean.toFixed(1) },
          { heading: "SNN", cell: (i) => occlusion.snn[i].mean.toFixed(1) },
        ],
        [...occlusion.dqn.keys()],
      ),
    );
  const missing = rows.filter((row) => row.verdict === "missing");
  if (missing.length > 0)
    lines.push("", `No network for: ${missing.map(({ name }) => name).join("; ")}.`, remedies[family.name]);
  const there = rows.map((row) => (row.verdict === "missing" ? { ...row, reason: null } : row));
  const reasons = reasonsOf(there, ({ table, name }) => `${table} ${name}`);
  if (reasons.length > 0) lines.push("", "Why", ...reasons.map((reason) => `  ${reason}`));
  return lines.join("\n");
}

/** Headings and rows, a line each, in columns as wide as they must be. */
function aligned<R>(columns: readonly Column<R>[], rows: readonly R[]): string[] {
  const cells = [columns.map((column) => column.heading), ...rows.map((row) => columns.map(({ cell }) => cell(row)))];
  const widths = columns.map((_, j) => Math.max(...cells.map((line) => line[j].length)));
  return cells.map((line) => `  ${line.map((cell, j) => cell.padEnd(widths[j])).join("  ")}`.trimEnd());
}

type Field = readonly [name: string, value: (row: Row) => number | string | null | undefined];

/** What a CSV file says of one side's measurement. */
const fieldsOf = (name: string, of: (row: Row) => Measured | null | undefined): Field[] => [
  [`${name}_mean`, (row) => of(row)?.mean],
  [`${name}_std`, (row) => of(row)?.std],
  [`${name}_ci95_low`, (row) => of(row)?.ci95[0]],
  [`${name}_ci95_high`, (row) => of(row)?.ci95[1]],
  [`${name}_episodes`, (row) => of(row)?.episodes],
  [`${name}_decisions`, (row) => of(row)?.decisions],
  [`${name}_similarity`, (row) => of(row)?.similarity],
  [`${name}_similarity_low`, (row) => of(row)?.similarityCi95?.[0]],
  [`${name}_similarity_high`, (row) => of(row)?.similarityCi95?.[1]],
];
const thesisFields: readonly Field[] = [
  ["thesis_mean", (row) => row.thesis.mean],
  ["thesis_std", (row) => row.thesis.std],
  ["thesis_similarity", (row) => row.thesis.similarity],
];
const behaviourFields: readonly Field[] = [
  ["ours_spikes_per_decision", (row) => row.ours?.spikesPerDecision],
  ["ours_synops_per_decision", (row) => row.ours?.synOpsPerDecision],
  ["ours_action_entropy", (row) => row.ours?.behaviour?.actionEntropy],
  ["ours_paddle_entropy", (row) => row.ours?.behaviour?.paddleEntropy],
  ["ours_at_left_wall", (row) => row.ours?.behaviour?.atLeftWall],
];

/** One line per row, RFC 4180. */
export function renderCsv({ experiment, rows }: Reproduction): string {
  const family = experimentOf(experiment).family.name;
  const fields: readonly Field[] = [
    ["table", (row) => row.table],
    ["name", (row) => row.name],
    ...(family === "simulator" ? [["simulator", (row) => row.simulator] satisfies Field] : []),
    ...thesisFields,
    ...fieldsOf("ours", (row) => row.ours),
    ...(family === "breakout" ? behaviourFields : []),
    ["verdict", (row) => row.verdict],
    ["reason", (row) => row.reason],
    ...(family === "simulator" ? fieldsOf("exact", (row) => row.exact) : []),
    ...(family === "gymnasium" ? originalFields : []),
  ];
  const lines = [fields.map(([name]) => name), ...rows.map((row) => fields.map(([, value]) => quoted(value(row))))];
  return `${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
}

const originalFields: readonly Field[] = [
  ...fieldsOf("original", (row) => row.original),
  ["original_verdict", (row) => row.originalVerdict],
  ["original_reason", (row) => row.originalReason],
];

function quoted(value: number | string | null | undefined): string {
  // What a spreadsheet would take for a formula it shows as text behind an apostrophe; a negative number is a number.
  const formula = typeof value === "string" && /^[=+\-@\t\r]/.test(value);
  const text = `${formula ? "'" : ""}${value ?? ""}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
