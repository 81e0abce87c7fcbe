// tier: python
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { examples } from "../../scripts/docs/examples.ts";
import { typeErrors } from "../../scripts/docs/typecheck.ts";
import { exampleFolder, runExamples } from "./running.ts";

const all = examples();
const folder = exampleFolder();
afterAll(() => folder.remove());

describe("the examples in docstrings", () => {
  let outcomes: Map<string, string | null>;
  beforeAll(async () => {
    outcomes = await runExamples(all.map((example) => ({ ...example, folder: folder.path })));
  }, 600_000);

  it("are many enough to matter", () => {
    expect(all.length).toBeGreaterThan(15);
  });

  it("have the types that the library has", () => {
    expect(typeErrors(all)).toEqual([]);
  });

  it.each(all.map(({ name }) => name))("%s runs", (name) => {
    expect(outcomes.get(name)).toBeNull();
  });
});
