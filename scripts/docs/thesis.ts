import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { measured, reported, trainingFigures } from "../../thesis/tables/render.ts";
import type { Reproduction, Row } from "../../thesis/tables/reproduce.ts";
import { experiments, title, type ExperimentName } from "../../thesis/tables/trials.ts";
import type { Measured } from "../../thesis/tables/verdict.ts";
import type { SimulatorReproduction } from "../../thesis/simulators/reproduce.ts";
import { titles as simulatorTitles, type SimulatorExperiment } from "../../thesis/simulators/trials.ts";
import { markdownTable, withTable } from "./tables.ts";

const results = fileURLToPath(new URL("../../docs/results", import.meta.url));
const fileOf = (name: string): string => join(results, `reproduce-${name}.json`);
const names = Object.keys(experiments) as ExperimentName[];
const simulatorNames = Object.keys(simulatorTitles) as SimulatorExperiment[];

/** Of each reproduction below `runs`, what the documents show: figures to two decimals, without time spent. */
export function collectReproductions(runs: string): void {
  for (const name of [...names, ...simulatorNames]) {
    const summary = join(runs, `reproduce-${name}`, "summary.json");
    if (!existsSync(summary)) continue;
    const full = JSON.parse(readFileSync(summary, "utf8")) as Reproduction | SimulatorReproduction;
    if (full.quick) continue;
    const round = (_: string, value: unknown): unknown =>
      typeof value === "number" && !Number.isInteger(value) ? Number(value.toFixed(2)) : value;
    writeFileSync(fileOf(name), `${JSON.stringify(full, round)}\n`);
  }
}

/** `markdown` with a table for each experiment that was reproduced. */
export function withReproductions(markdown: string): string {
  const tables = [
    ...names.map((name) => [name, reproductionTable] as const),
    ...simulatorNames.map((name) => [name, simulatorTable] as const),
  ] as readonly (readonly [string, (name: string) => string])[];
  return tables
    .filter(([name]) => existsSync(fileOf(name)))
    .reduce((text, [name, table]) => withTable(text, `reproduce-${name}`, table(name)), markdown);
}

const leftOut = (upTo: number | null): string =>
  upTo === null ? "" : `, those of more than ${upTo.toLocaleString("en-US")} time steps left out`;

function simulatorTable(name: SimulatorExperiment): string {
  const { rows, episodes, upTo } = JSON.parse(readFileSync(fileOf(name), "utf8")) as SimulatorReproduction;
  const count = (...verdicts: string[]): number => rows.filter((row) => verdicts.includes(row.verdict)).length;
  const counts = [
    [count("agrees"), "agreeing"],
    [count("explained"), "explained"],
    [count("better", "worse"), "not explained"],
    [count("missing"), "without a stored network"],
  ].flatMap(([n, what]) => (n ? [`${n} ${what}`] : []));
  const lines = rows.map((row) => [
    row.table,
    row.name,
    reported(row.thesis),
    measured(row.ours),
    row.verdict + (row.reason === null || row.verdict === "missing" ? "" : ` (${row.reason})`),
    measured(row.exact),
  ]);
  return [
    markdownTable(["table", "", "thesis", "its set-up, run again", "", "exact mapping"], lines),
    `${simulatorTitles[name]}: ${episodes} episodes a row, ${rows.length} ${rows.length === 1 ? "row" : "rows"}${leftOut(upTo)}; ${counts.join(", ")}.`,
  ].join("\n\n");
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
    `${title(name)}: ${episodes} episodes a row, ${rows.length} rows${leftOut(upTo)}.`,
  ].join("\n\n");
}
