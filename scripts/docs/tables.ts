import { createHash } from "node:crypto";

/**
 * Tables in Markdown that a command writes, between two comments:
 *
 *   <!-- table NAME: made by `COMMAND`, sha256 HASH -->
 *   ...
 *   <!-- /table -->
 *
 * The hash is of what lies between, so that an edit by hand shows.
 */
const BLOCK = /<!-- table ([\w-]+): made by `([^`]+)`, sha256 ?([0-9a-f]*) -->\n([\s\S]*?)<!-- \/table -->/g;

export interface Table {
  readonly name: string;
  readonly command: string;
  readonly body: string;
  /** Whether the body is what the command wrote. */
  readonly genuine: boolean;
}

/** The tables in `markdown`. */
export function tablesIn(markdown: string): Table[] {
  return [...markdown.matchAll(BLOCK)].map(([, name, command, hash, body]) => ({
    name,
    command,
    body,
    genuine: digest(body) === hash,
  }));
}

/** `markdown` with new contents for the table `name`; a document without such a table stays as it is. */
export function withTable(markdown: string, name: string, content: string): string {
  const body = `\n${content.trim()}\n\n`;
  return markdown.replace(BLOCK, (whole, found: string, command: string) =>
    found === name
      ? `<!-- table ${name}: made by \`${command}\`, sha256 ${digest(body)} -->\n${body}<!-- /table -->`
      : whole,
  );
}

/** A Markdown table. */
export function markdownTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(headings), line(headings.map(() => "---")), ...rows.map(line)].join("\n");
}

const digest = (body: string): string => createHash("sha256").update(body).digest("hex").slice(0, 16);
