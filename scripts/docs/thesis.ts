import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { experimentOf, experiments, type ExperimentName, type Row } from "../../thesis/experiments.ts";
import { type Column, columnsOf, trainingColumns } from "../../thesis/render.ts";
import type { Reproduction } from "../../thesis/reproduce.ts";
import { markdownTable, withTable } from "./tables.ts";

const results = fileURLToPath(new URL("../../docs/results", import.meta.url));
const fileOf = (name: string): string => join(results, `reproduce-${name}.json`);
/** Those with tables of numbers; Breakout's page is docs/breakout.md. */
const names = (Object.keys(experiments) as ExperimentName[]).filter((name) => name !== "breakout");

/** Of each reproduction below `runs`, what the documents show: figures to two decimals, without time spent. */
export function collectReproductions(runs: string): void {
  for (const name of names) {
    const summary = join(runs, `reproduce-${name}`, "summary.json");
    if (!existsSync(summary)) continue;
    const full = JSON.parse(readFileSync(summary, "utf8")) as Reproduction;
    if (full.quick) continue;
    const round = (_: string, value: unknown): unknown =>
      typeof value === "number" && !Number.isInteger(value) ? Number(value.toFixed(2)) : value;
    writeFileSync(fileOf(name), `${JSON.stringify(full, round)}\n`);
  }
}

/** `markdown` with a table for each experiment that was reproduced. */
export function withReproductions(markdown: string): string {
  return names
    .filter((name) => existsSync(fileOf(name)))
    .reduce((text, name) => withTable(text, `reproduce-${name}`, reproductionTable(name)), markdown);
}

function reproductionTable(name: ExperimentName): string {
  const { rows, training = [], episodes, upTo } = JSON.parse(readFileSync(fileOf(name), "utf8")) as Reproduction;
  const { title, family } = experimentOf(name);
  const leftOut = upTo === null ? "" : `, those of more than ${upTo.toLocaleString("en-US")} time steps left out`;
  const counted = family.name === "simulator" ? `; ${counts(rows)}` : "";
  return [
    tableOf([{ heading: "table", cell: (row) => row.table }, ...withReasons(rows)], rows),
    ...(training.length > 0
      ? [
          tableOf(
            [
              { heading: "table", cell: (row) => row.table },
              { ...trainingColumns[0], heading: "training with the thesis's settings" },
              ...trainingColumns.slice(1),
            ],
            training,
          ),
        ]
      : []),
    `${title}: ${episodes} episodes a row, ${rows.length} ${rows.length === 1 ? "row" : "rows"}${leftOut}${counted}.`,
  ].join("\n\n");
}

const tableOf = <R>(columns: readonly Column<R>[], rows: readonly R[]): string =>
  markdownTable(
    columns.map((column) => column.heading),
    rows.map((row) => columns.map(({ cell }) => cell(row))),
  );

/** The columns of a page; verdicts with their reasons, where they have one. */
function withReasons(rows: readonly Row[]): Column<Row>[] {
  const simulated = rows.some(({ simulator }) => simulator !== undefined);
  const said = (verdict: string | null | undefined, reason: string | null | undefined): string =>
    (verdict ?? "") + (reason && (simulated ? verdict !== "missing" : verdict === "explained") ? ` (${reason})` : "");
  const [name, thesis, ours, , ...others] = columnsOf(rows);
  const interval: Column<Row> = {
    heading: "95 % of the mean",
    cell: (row) => row.ours?.ci95.map((end) => end.toFixed(1)).join(" to ") ?? "",
  };
  return [
    name,
    thesis,
    ...(simulated ? [{ ...ours, heading: "its set-up, run again" }] : [ours, interval]),
    { heading: "", cell: (row: Row) => said(row.verdict, row.reason) },
    others[0],
    ...(others.length > 1 ? [{ heading: "", cell: (row: Row) => said(row.originalVerdict, row.originalReason) }] : []),
  ].filter((column) => column !== undefined);
}

function counts(rows: readonly Row[]): string {
  const count = (...verdicts: string[]): number => rows.filter((row) => verdicts.includes(row.verdict ?? "")).length;
  return [
    [count("agrees"), "agreeing"],
    [count("explained"), "explained"],
    [count("better", "worse"), "not explained"],
    [count("missing"), "without a stored network"],
  ]
    .flatMap(([n, what]) => (n ? [`${n} ${what}`] : []))
    .join(", ");
}
