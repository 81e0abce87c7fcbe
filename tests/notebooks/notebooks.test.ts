// tier: long
import { describe, expect, it } from "@jest/globals";
import { execa } from "execa";
import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { built, committed, fastSubset, fileOf, notebookNames } from "../../scripts/notebooks/check.ts";
import { type Cell, serialise, whole } from "../../scripts/notebooks/notebook.ts";
import { typeErrors } from "../../scripts/docs/typecheck.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const names = notebookNames();
const code = (cells: readonly Cell[]): Cell[] => cells.filter(({ cell_type }) => cell_type === "code");

describe.each(names)("notebook %s", (name) => {
  const notebook = committed(name) ?? built(name);
  const outputs = code(notebook.cells).flatMap((cell) => cell.outputs ?? []);

  it("is what its source says, executed: npm run notebooks:check -- --update makes it so", () => {
    const bare = {
      ...notebook,
      cells: notebook.cells.map((cell) =>
        cell.cell_type === "code" ? { ...cell, outputs: [], execution_count: null } : cell,
      ),
    };
    expect(serialise(bare)).toBe(serialise(built(name)));
    expect(code(notebook.cells).map(({ execution_count }) => execution_count)).toEqual(
      code(notebook.cells).map((_, i) => i + 1),
    );
  });

  it("ran without a complaint, shows something, and stays small", () => {
    expect(outputs.filter((output) => output.output_type === "error" || output.name === "stderr")).toEqual([]);
    expect(outputs.length).toBeGreaterThan(3);
    expect(statSync(fileOf(name)).size).toBeLessThan(500_000);
  });

  it("has pictures that name their content, load nothing and bring their own paper", () => {
    const pictures = outputs
      .map(({ data }) => data?.["image/svg+xml"])
      .filter((svg) => svg !== undefined)
      .map(whole);
    expect(pictures.length).toBeGreaterThan(0);
    for (const svg of pictures) {
      expect(svg).toMatch(/^<svg [^>]*aria-label="[^"]{15,}"/);
      expect(svg).toMatch(/<rect (?:x="[-\d]+" y="[-\d]+" )?width="100%" height="100%" fill="var\(--paper\)"\/>/);
      expect(svg.replace('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(/https?:|@import|url\((?!#)/);
    }
  });

  it("names nothing of the machine that it ran on", () => {
    expect(readFileSync(fileOf(name), "utf8")).not.toMatch(/\/(?:home|root|Users|tmp)\//);
  });
});

describe("the cells of all notebooks", () => {
  it("have the types that the library has", () => {
    const examples = names.map((name) => ({
      name,
      code: code(built(name).cells)
        .map(({ source }) => whole(source))
        .join("\n"),
    }));
    expect(typeErrors(examples)).toEqual([]);
  });
});

describe("npm run notebooks:check", () => {
  it(`executes ${fastSubset.join(" and ")}, and finds what is committed`, async () => {
    const { stdout, exitCode } = await execa(process.execPath, ["scripts/notebooks-check.mjs", "--fast"], {
      cwd: root,
      reject: false,
    });
    expect(stdout).toMatch(new RegExp(`^${fastSubset.length} of ${fastSubset.length} notebooks`, "m"));
    expect(exitCode).toBe(0);
  }, 900_000);

  it.each([
    [["--only", "nothing-like-it"], 2],
    [["--unknown"], 2],
    [["--help"], 0],
  ])(
    "%j ends with %i",
    async (args, code) => {
      const { exitCode } = await execa(process.execPath, ["scripts/notebooks-check.mjs", ...args], {
        cwd: root,
        reject: false,
      });
      expect(exitCode).toBe(code);
    },
    300_000,
  );
});
