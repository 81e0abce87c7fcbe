// The code blocks of the documents, and whether tests run them.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A fenced block. `notRun` is the reason in the comment before it: `<!-- not run: needs a board -->`. */
export interface Block {
  readonly document: string;
  /** The line of its fence. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
  readonly notRun: string | undefined;
}

/** README, CONTRIBUTING and everything in docs/, by path. */
export const documents: readonly string[] = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(path.join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => path.join("docs", name))
    .sort(),
];

/** All fenced blocks of a document, in order. */
export function blocksOf(document: string): Block[] {
  const text = readFileSync(path.join(root, document), "utf8");
  return Array.from(
    text.matchAll(/(?:<!-- not run: ([^>]+?) -->\n)?^( *)```([\w-]*)[^\n]*\n([\s\S]*?)^ *```$/gm),
    ({ index, 1: notRun, 2: indent, 3: language, 4: code }) => ({
      document,
      line: text.slice(0, index).split("\n").length + (notRun === undefined ? 0 : 1),
      language,
      code: indent ? code.replaceAll(new RegExp(`^${indent}`, "gm"), "") : code,
      notRun,
    }),
  );
}

/** The commands of a shell block: a line each, those that end in a backslash joined, comments left out. */
export function commandsOf({ code }: Block): string[] {
  return code
    .replace(/\\\n\s*/g, "")
    .split("\n")
    .map((line) =>
      line
        .replace(/(?:^|\s)#.*$/, "")
        .replace(/^\$ /, "")
        .trim(),
    )
    .filter(Boolean);
}

/** What `dsqn ...` or `npm run -s dsqn -- ...` runs, and with which variables; undefined for any other command. */
export function dsqnCommand(
  command: string,
): { readonly env: Record<string, string>; readonly args: string[] } | undefined {
  const found = /^((?:\w+=\S+ )*)(?:npm run -s dsqn -- |(?:npx )?dsqn )(.*)$/.exec(command);
  if (!found) return undefined;
  const env = Object.fromEntries(
    found[1]
      .trim()
      .split(" ")
      .filter(Boolean)
      .map((pair) => pair.split(/=(.*)/s).slice(0, 2)),
  );
  const args = Array.from(
    found[2].matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g),
    ([, double, single, bare]) => double ?? single ?? bare,
  );
  return { env: env as Record<string, string>, args };
}
