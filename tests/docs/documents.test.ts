import { describe, expect, it } from "@jest/globals";
import { Command as Parser } from "commander";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { commandTable, plainTable, resultTable, thriftTable } from "../../scripts/docs/results.ts";
import { markdownTable, tablesIn, withTable } from "../../scripts/docs/tables.ts";
import { commands } from "../../src/cli/commands.ts";
import "../../thesis/index.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const scripts = Object.keys(
  (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object }).scripts,
);

const documents = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
].map((name) => ({ name, text: readFileSync(join(root, name), "utf8") }));

/** The fenced blocks of a language. */
const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(([, body]) => body);

/** Commands of dsqn in shell blocks, with lines that end in a backslash joined. */
const dsqnLines = (text: string): string[][] =>
  ["sh", "bash", "console"]
    .flatMap((language) => blocks(text, language))
    .flatMap((block) => block.replace(/\\\n/g, " ").split("\n"))
    .map((line) =>
      /^\$?\s*(?:\w+=\S+ )*(?:npm run -s dsqn -- |(?:npx )?dsqn )(.*?)(?:\s+[>#].*)?$/
        .exec(line)?.[1]
        .trim()
        .split(/\s+/),
    )
    .filter((words) => words !== undefined);

describe.each(documents)("$name", ({ name, text }) => {
  it("shows only commands and options that exist", async () => {
    for (const [command, ...words] of dsqnLines(text)) {
      const entry = commands[command];
      if (command.startsWith("-")) continue;
      expect([command, entry !== undefined]).toEqual([command, true]);
      const parser = new Parser(command);
      (await entry.load()).default.configure(parser);
      const known = ["--help", "--json", "--verbose", ...parser.options.flatMap(({ long, short }) => [long, short])];
      // Behind -- stands another program's command.
      const own = words.includes("--") ? words.slice(0, words.indexOf("--")) : words;
      for (const word of own)
        if (word.startsWith("-") && !/^-\d/.test(word)) expect(known).toContain(word.split("=")[0]);
    }
  });

  it("shows only npm scripts that exist", () => {
    for (const [, script] of text.matchAll(/`?npm run (?:-s )?([\w:]+)/g)) expect(scripts).toContain(script);
  });

  it("links to files that exist", () => {
    for (const [, target] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const path = join(root, dirname(name), target);
      expect([relative(root, path), existsSync(path)]).toEqual([relative(root, path), true]);
    }
  });

  it("has no line of prose beyond 150 characters", () => {
    const long = text.split("\n").filter((line) => line.length > 150 && !line.startsWith("|"));
    expect(long).toEqual([]);
  });

  it("has no table that was edited by hand", () => {
    for (const table of tablesIn(text)) expect([table.name, table.genuine]).toEqual([table.name, true]);
  });
});

describe("README.md", () => {
  const { text } = documents[0];

  it("fits into what a newcomer reads", () => {
    expect(text.split("\n").length).toBeLessThanOrEqual(121);
    const [{ body }] = tablesIn(text);
    expect(body.split("\n").filter((line) => line.startsWith("|")).length - 2).toBeLessThanOrEqual(8);
  });

  it("has a picture that loads nothing and names its content", () => {
    const svg = readFileSync(join(root, "docs/images/overview.svg"), "utf8");
    expect(svg).toMatch(/^<svg [^>]*aria-label="[^"]{20,}"/);
    expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(/https?:|@import|url\((?!#)/);
    expect(svg).toContain("prefers-color-scheme:dark");
  });
});

describe("tables that commands write", () => {
  it.each([
    ["README.md", "results", plainTable],
    ["docs/performance.md", "measurements", resultTable],
    ["docs/commands.md", "commands", commandTable],
    ["docs/thrift.md", "thrift", thriftTable],
  ] as const)("are in %s as docs/results and the commands have them now", (document, name, table) => {
    const { text } = documents.find((each) => each.name === document)!;
    expect(withTable(text, name, table())).toBe(text);
  });

  const empty = "a\n\n<!-- table t: made by `npm run x`, sha256 -->\n<!-- /table -->\n\nb\n";

  it("are filled between their markers, and nothing else changes", () => {
    const filled = withTable(empty, "t", markdownTable(["a", "b"], [["1", "x|y"]]));
    expect(filled).toMatch(
      /^a\n\n<!-- table t: made by `npm run x`, sha256 [0-9a-f]{16} -->\n\n\| a \| b \|\n\| --- \| --- \|\n\| 1 \| x\\\|y \|\n\n<!-- \/table -->\n\nb\n$/,
    );
    expect(withTable(filled, "t", markdownTable(["a", "b"], [["1", "x|y"]]))).toBe(filled);
    expect(withTable(filled, "other", "z")).toBe(filled);
  });

  it("show an edit by hand", () => {
    const filled = withTable(empty, "t", "| 1 |");
    expect(tablesIn(filled)).toEqual([expect.objectContaining({ name: "t", command: "npm run x", genuine: true })]);
    expect(tablesIn(filled.replace("| 1 |", "| 2 |"))[0].genuine).toBe(false);
  });
});
