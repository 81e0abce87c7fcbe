import type { Reproduction, Row } from "./reproduce.ts";
import type { Reported } from "./thesis.ts";
import type { TrainingFigures } from "./training.ts";
import { title } from "./trials.ts";
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

export const measured = (m: Measured | null): string =>
  m === null
    ? "–"
    : [`${number(m.mean)} ± ${number(m.std)}`, m.similarity === null ? "" : `${number(m.similarity)} %`]
        .filter(Boolean)
        .join("  ");

/** A figure as a page shows it: a line breaks between score and similarity only. */
export const unbroken = (figure: string): string => figure.replace(/ (?=[±%])|(?<=±) /g, "\u00a0");

export const trainingFigures = ({ solved, runs, solvedAt, best, bestAt }: TrainingFigures): string =>
  `${solved}/${runs}${solvedAt === null ? "" : ` at ${number(solvedAt, 0)}`}, best ${number(best)} at ${number(bestAt, 0)}`;

/** Tables for a terminal. */
export function renderText(reproduction: Reproduction): string {
  const { rows, training, episodes, seconds } = reproduction;
  const lines: string[] = [
    `${title(reproduction.experiment)}: thesis, ours, and the original's own networks run by our engine (${episodes} episodes each; ${seconds.toFixed(0)} s)`,
  ];
  const originals = rows.some((row) => row.original);
  for (const table of new Set(rows.map((row) => row.table))) {
    lines.push("", `Table ${table}`);
    const part = rows.filter((row) => row.table === table);
    const cells = part.map((row) => [
      row.name,
      reported(row.thesis),
      measured(row.ours),
      row.verdict,
      ...(originals ? [measured(row.original), row.originalVerdict ?? ""] : []),
    ]);
    lines.push(...columns([["", "thesis", "ours", "", ...(originals ? ["original's networks", ""] : [])], ...cells]));
  }
  if (training.length > 0) {
    lines.push("", `Table ${training[0].table}`);
    lines.push(
      ...columns([
        ["", "thesis", "ours", ""],
        ...training.map((row) => [row.name, trainingFigures(row.thesis), trainingFigures(row.ours), row.verdict]),
      ]),
    );
  }
  const reasons = rows.flatMap((row) =>
    [
      row.reason && row.verdict !== "missing" && `${row.table} ${row.name}: ${row.reason}`,
      row.originalReason && `${row.table} ${row.name}, original's network: ${row.originalReason}`,
    ].filter((text) => typeof text === "string"),
  );
  const missing = rows.filter((row) => row.verdict === "missing").length;
  if (missing > 0) lines.push("", `${missing} rows lack our network: dsqn models makes it.`);
  if (reasons.length > 0) lines.push("", "Why", ...reasons.map((reason) => `  ${reason}`));
  return lines.join("\n");
}

/** Rows of cells, a line each, in columns as wide as they must be. */
export function columns(cells: readonly string[][]): string[] {
  const widths = cells[0].map((_, j) => Math.max(...cells.map((row) => row[j].length)));
  return cells.map((row) => `  ${row.map((cell, j) => cell.padEnd(widths[j])).join("  ")}`.trimEnd());
}

/** What a CSV file says of a measurement, and the names of these columns. */
export const csvOf = {
  heads: (name: string): string[] =>
    ["mean", "std", "ci95_low", "ci95_high", "similarity", "similarity_low", "similarity_high", "decisions"].map(
      (field) => `${name}_${field}`,
    ),
  cells: (m: Measured | null): (number | string | null)[] =>
    m === null
      ? Array<null>(8).fill(null)
      : [
          m.mean,
          m.std,
          ...m.ci95,
          m.similarity,
          m.similarityCi95?.[0] ?? null,
          m.similarityCi95?.[1] ?? null,
          m.decisions,
        ],
};

/** One line per row, RFC 4180. */
export function renderCsv({ rows }: Reproduction): string {
  const head = [
    "table",
    "name",
    "thesis_mean",
    "thesis_std",
    "thesis_similarity",
    ...csvOf.heads("ours"),
    "verdict",
    "reason",
    ...csvOf.heads("original"),
    "original_verdict",
    "original_reason",
  ];
  const body = rows.map((row: Row) => [
    row.table,
    row.name,
    row.thesis.mean,
    row.thesis.std,
    row.thesis.similarity,
    ...csvOf.cells(row.ours),
    row.verdict,
    row.reason,
    ...csvOf.cells(row.original),
    row.originalVerdict,
    row.originalReason,
  ]);
  return csv([head, ...body]);
}

/** RFC 4180. */
export function csv(lines: readonly (readonly (number | string | null)[])[]): string {
  return lines.map((line) => line.map((value) => quoted(value)).join(",")).join("\r\n") + "\r\n";
}

function quoted(value: number | string | null): string {
  const text = value === null ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
