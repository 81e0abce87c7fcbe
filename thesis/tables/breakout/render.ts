import { measured, reported } from "../render.ts";
import type { BreakoutReproduction, BreakoutResultRow } from "./reproduce.ts";

/** Tables for a terminal. */
export function renderBreakoutText({ rows, occlusion, environment, seconds }: BreakoutReproduction): string {
  const lines = [`${environment}: the thesis's Breakout, and ours (${seconds.toFixed(0)} s)`, ""];
  lines.push(
    ...columns([
      ["", "thesis", "ours", ""],
      ...rows.map((row) => [row.name, reported(row.thesis), measured(row.ours), row.verdict ?? ""]),
    ]),
  );
  const players = rows.flatMap(({ name, ours }) => (ours ? [{ name, ...ours.behaviour }] : []));
  lines.push("", "How they play: entropy of actions and of paddle positions (bits), time at the left wall");
  lines.push(
    ...columns(
      players.map((p) => [
        p.name,
        `${p.actionEntropy.toFixed(2)} of 2`,
        `${p.paddleEntropy.toFixed(2)} of 4`,
        `${(100 * p.atLeftWall).toFixed(1)} %`,
      ]),
    ),
  );
  if (occlusion) {
    lines.push("", `Score with ${occlusion.rows} rows black, by the uppermost`);
    lines.push(
      ...columns([
        ["row", "DQN", "SNN"],
        ...occlusion.dqn.map(({ top, mean }, i) => [
          top === null ? "none" : String(top),
          mean.toFixed(1),
          occlusion.snn[i].mean.toFixed(1),
        ]),
      ]),
    );
  }
  const reasons = rows.filter((row) => row.reason !== null && row.verdict !== "missing");
  if (reasons.length > 0) lines.push("", "Why", ...reasons.map((row) => `  ${row.name}: ${row.reason}`));
  const missing = rows.filter((row) => row.verdict === "missing");
  if (missing.length > 0)
    lines.push(
      "",
      `No network for: ${missing.map(({ name }) => name).join("; ")}.`,
      "Train one (dsqn train breakout-dqn; a DSQN: breakout-dsqn) and name it with --model or --dsqn.",
    );
  return lines.join("\n");
}

function columns(cells: readonly string[][]): string[] {
  const widths = (cells[0] ?? []).map((_, j) => Math.max(...cells.map((row) => row[j].length)));
  return cells.map((row) => `  ${row.map((cell, j) => cell.padEnd(widths[j])).join("  ")}`.trimEnd());
}

const FIELDS: readonly (readonly [string, (row: BreakoutResultRow) => number | string | null | undefined])[] = [
  ["name", (row) => row.name],
  ["thesis_mean", (row) => row.thesis.mean],
  ["thesis_std", (row) => row.thesis.std],
  ["thesis_similarity", (row) => row.thesis.similarity],
  ["ours_mean", (row) => row.ours?.mean],
  ["ours_std", (row) => row.ours?.std],
  ["ours_ci95_low", (row) => row.ours?.ci95[0]],
  ["ours_ci95_high", (row) => row.ours?.ci95[1]],
  ["ours_episodes", (row) => row.ours?.episodes],
  ["ours_decisions", (row) => row.ours?.decisions],
  ["ours_similarity", (row) => row.ours?.similarity],
  ["ours_similarity_low", (row) => row.ours?.similarityCi95?.[0]],
  ["ours_similarity_high", (row) => row.ours?.similarityCi95?.[1]],
  ["ours_spikes_per_decision", (row) => row.ours?.spikesPerDecision],
  ["ours_synops_per_decision", (row) => row.ours?.synOpsPerDecision],
  ["ours_action_entropy", (row) => row.ours?.behaviour.actionEntropy],
  ["ours_paddle_entropy", (row) => row.ours?.behaviour.paddleEntropy],
  ["ours_at_left_wall", (row) => row.ours?.behaviour.atLeftWall],
  ["verdict", (row) => row.verdict],
  ["reason", (row) => row.reason],
];

/** One line per row, RFC 4180. */
export function renderBreakoutCsv({ rows }: BreakoutReproduction): string {
  const quoted = (value: number | string | null | undefined): string => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [FIELDS.map(([name]) => name), ...rows.map((row) => FIELDS.map(([, of]) => quoted(of(row))))];
  return `${lines.map((line) => line.join(",")).join("\r\n")}\r\n`;
}
