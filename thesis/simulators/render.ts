import { columns, csv, csvOf, measured, reported } from "../tables/render.ts";
import type { SimulatorReproduction } from "./reproduce.ts";
import { titles } from "./trials.ts";

/** Tables for a terminal. */
export function renderText({ experiment, rows, episodes, seconds }: SimulatorReproduction): string {
  const lines = [
    `${titles[experiment]}: the thesis, its set-up run again, and the exact mapping (${episodes} episodes each; ${seconds.toFixed(0)} s)`,
  ];
  for (const table of new Set(rows.map((row) => row.table))) {
    const part = rows.filter((row) => row.table === table);
    const cells = part.map((row) => [
      row.name,
      reported(row.thesis),
      measured(row.ours),
      row.verdict,
      measured(row.exact),
    ]);
    lines.push("", heading(table), ...columns([["", "thesis", "run again", "", "exact mapping"], ...cells]));
  }
  const reasons = rows.filter((row) => row.reason !== null);
  if (reasons.length > 0) lines.push("", "Why", ...reasons.map((row) => `  ${row.table} ${row.name}: ${row.reason}`));
  return lines.join("\n");
}

/** "Table 4.12", or what stands in for a number. */
export const heading = (table: string): string =>
  table === "notebook" ? "In the original's notebooks" : `Table ${table}`;

/** One line per row, RFC 4180. */
export function renderCsv({ rows }: SimulatorReproduction): string {
  const head = [
    ...["table", "name", "simulator", "thesis_mean", "thesis_std", "thesis_similarity"],
    ...csvOf.heads("ours"),
    ...["verdict", "reason"],
    ...csvOf.heads("exact"),
  ];
  const body = rows.map(({ table, name, simulator, thesis, ours, verdict, reason, exact }) => [
    ...[table, name, simulator, thesis.mean, thesis.std, thesis.similarity],
    ...csvOf.cells(ours),
    ...[verdict, reason],
    ...csvOf.cells(exact),
  ]);
  return csv([head, ...body]);
}
