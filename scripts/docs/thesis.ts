import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { measured, reported, trainingFigures } from "../../src/reproduce/render.ts";
import type { Reproduction, Row } from "../../src/reproduce/reproduce.ts";
import { experiments, title, type ExperimentName } from "../../src/reproduce/trials.ts";
import type { Measured } from "../../src/reproduce/verdict.ts";
import { markdownTable, withTable } from "./tables.ts";

const results = fileURLToPath(new URL("../../docs/results", import.meta.url));
const fileOf = (name: string): string => join(results, `reproduce-${name}.json`);
const names = Object.keys(experiments) as ExperimentName[];

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
  const { rows, training, episodes, upTo } = JSON.parse(readFileSync(fileOf(name), "utf8")) as Reproduction;
  const originals = rows.some((row) => row.original);
  const interval = (m: Measured | null): string =>
    m === null ? "" : `${m.ci95.map((x) => x.toFixed(1)).join(" to ")}`;
  const line = (row: Row): string[] => [
    row.table,
    row.name,
    reported(row.thesis),
    measured(row.ours),
    interval(row.ours),
    row.verdict + (row.verdict === "explained" ? ` (${row.reason})` : ""),
    ...(originals
      ? [
          measured(row.original),
          (row.originalVerdict ?? "") + (row.originalVerdict === "explained" ? ` (${row.originalReason})` : ""),
        ]
      : []),
  ];
  const head = [
    "table",
    "",
    "thesis",
    "ours",
    "95 % of the mean",
    "",
    ...(originals ? ["original's networks", ""] : []),
  ];
  return [
    markdownTable(head, rows.map(line)),
    ...(training.length === 0
      ? []
      : [
          markdownTable(
            ["table", "training with the thesis's settings", "thesis", "ours", ""],
            training.map((row) => [
              row.table,
              row.name,
              trainingFigures(row.thesis),
              trainingFigures(row.ours),
              row.verdict,
            ]),
          ),
        ]),
    `${title(name)}: ${episodes} episodes a row, ${rows.length} rows${upTo === null ? "" : `, those of more than ${upTo.toLocaleString("en-US")} time steps left out`}.`,
  ].join("\n\n");
}
