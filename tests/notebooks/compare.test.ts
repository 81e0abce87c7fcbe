import { describe, expect, it } from "@jest/globals";
import { differences, differs } from "../../scripts/notebooks/compare.ts";
import { fromMarkdown, type Notebook, type Output, serialise, withOutputs } from "../../scripts/notebooks/notebook.ts";

const SOURCE = "# Title\n\nProse.\n\n```ts\nconst a = 1;\n```\n\n## Next\n\n```ts tolerance=0.1\na;\n```\n\nEnd.\n";

/** A notebook of two code cells that put this out. */
const having = (...outputs: Output[][]): Notebook => {
  const notebook = fromMarkdown(SOURCE);
  let k = 0;
  return withOutputs(notebook, {
    ...notebook,
    cells: notebook.cells.map((cell) => (cell.cell_type === "code" ? { ...cell, outputs: outputs[k++] ?? [] } : cell)),
  });
};
const says = (text: string, name = "stdout"): Output => ({ output_type: "stream", name, text });
const shows = (data: Record<string, string>): Output => ({ output_type: "display_data", data, metadata: {} });

describe("a notebook from Markdown", () => {
  it("has a code cell per ts block, and begins a text cell at each heading", () => {
    const { cells } = fromMarkdown(SOURCE);
    expect(cells.map(({ cell_type, source }) => [cell_type, source])).toEqual([
      ["markdown", "# Title\n\nProse."],
      ["code", "const a = 1;"],
      ["markdown", "## Next"],
      ["code", "a;"],
      ["markdown", "End."],
    ]);
    expect(cells.map(({ metadata }) => metadata.dsqn?.tolerance)).toEqual([
      undefined,
      undefined,
      undefined,
      0.1,
      undefined,
    ]);
    expect(new Set(cells.map(({ id }) => id)).size).toBe(cells.length);
  });

  it("is written the same whatever the execution added: counts, ids and pieces of a stream", () => {
    const whole = having([says("one\ntwo\n")]);
    const pieces = having([{ ...says("one\n"), metadata: { transient: 1 } }, says("two\n")]);
    expect(serialise(pieces)).toBe(serialise(whole));
    expect(serialise(whole)).toContain('"one\\n",\n');
  });
});

describe("outputs are compared", () => {
  it.each([
    ["3 spikes", "3 spikes", undefined],
    ["3 spikes", "4 spikes", "4 instead of 3"],
    ["mean 500.0", "mean 499.0", "499 instead of 500"],
    ["Confirmed: true", "Confirmed: false", '"Confirmed: false" instead of "Confirmed: true"'],
    ["1,638,400 bins", "1,638,401 bins", "1638401 instead of 1638400"],
    ["-104.0", "\u2212104.0", undefined],
    ["took 3.2 s, 40 ms", "took 9.9 s, 2 ms", undefined],
    ["4,090 steps/s", "1,000 steps/s", undefined],
    ["3.2 steps", "9.9 steps", "9.9 instead of 3.2"],
    ["1e-16", "2e-16", "2e-16 instead of 1e-16"],
    ["| a |\n| --- |\n| 1 |", "| a |\n| ----- |\n| 1 |", undefined],
  ])("exactly: %j and %j", (before, after, problem) => {
    expect(differs(before, after, 1e-9)).toBe(problem);
  });

  it("with the cell's tolerance where it states one, and exactly elsewhere", () => {
    const committed = having([says("10 spikes")], [says("mean 100")]);
    expect(differences(committed, having([says("10 spikes")], [says("mean 109")]))).toEqual([]);
    expect(differences(committed, having([says("11 spikes")], [says("mean 112")]))).toEqual([
      "cell 1: stdout: 11 instead of 10",
      "cell 2: stdout: 112 instead of 100 (tolerance 0.1)",
    ]);
  });

  it("by kind: a missing picture, another order, a complaint", () => {
    const picture = shows({ "image/svg+xml": '<svg aria-label="Score: 5"/>' });
    const committed = having([picture, says("x")]);
    expect(differences(committed, having([says("x")]))).toEqual([
      "cell 1: puts out stdout instead of image/svg+xml, stdout",
    ]);
    expect(differences(committed, having([picture, says("x"), says("Warning", "stderr")]))).toContain(
      "cell 1: it complains: Warning",
    );
  });

  it("pictures by their description, not by their strokes", () => {
    const at = (label: string, path: string): Notebook =>
      having([shows({ "image/svg+xml": `<svg aria-label="${label}"><path d="${path}"/></svg>` })]);
    expect(differences(at("Score: 5", "M0 0"), at("Score: 5", "M1 1"))).toEqual([]);
    expect(differences(at("Score: 5", "M0 0"), at("Score: 6", "M0 0"))).toEqual([
      "cell 1: image/svg+xml: 6 instead of 5",
    ]);
  });

  it("only in the number of cells, if that differs", () => {
    expect(differences(having(), fromMarkdown("```ts\n1\n```\n"))).toEqual(["2 code cells committed, 1 executed"]);
  });
});
