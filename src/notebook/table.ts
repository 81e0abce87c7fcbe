/** What a cell of a table may hold; undefined is left empty. */
export type Cell = string | number | undefined;

/**
 * Rows as a Markdown table, whose columns are the keys of the first row. Numbers are written as they are: round them first.
 *
 * @example
 * display.markdown(markdownTable([{ agent: "DQN", mean: 499.9, thesis: 226.31 }]));
 */
export function markdownTable(rows: readonly Readonly<Record<string, Cell>>[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const line = (cells: readonly unknown[]): string => `| ${cells.join(" | ")} |`;
  const numeric = (column: string): boolean => rows.every((row) => typeof row[column] !== "string");
  return [
    line(columns),
    line(columns.map((column) => (numeric(column) ? "---:" : "---"))),
    ...rows.map((row) => line(columns.map((column) => String(row[column] ?? "").replaceAll("|", "\\|")))),
  ].join("\n");
}
