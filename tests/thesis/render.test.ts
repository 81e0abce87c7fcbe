import type { Row } from "../../thesis/experiments.ts";
import { renderReproduction } from "../../thesis/page.ts";
import { renderCsv, renderText } from "../../thesis/render.ts";
import type { Reproduction } from "../../thesis/reproduce.ts";

const row: Row = {
  table: "4.4",
  name: "DQN, calibrated, T = 64 (thesis: T = 100)",
  thesis: { mean: 122.26, std: 3.6, similarity: 60.72 },
  ours: {
    mean: 499.5,
    std: 2,
    ci95: [499, 500],
    episodes: 100,
    decisions: 49_950,
    similarity: 98.5,
    similarityCi95: [98.2, 98.8],
    seconds: 3,
  },
  verdict: "better",
  reason: null,
  original: null,
  originalVerdict: null,
  originalReason: null,
};
const reproduction: Reproduction = {
  experiment: "cartpole",
  environment: "CartPole-v1",
  quick: false,
  episodes: 100,
  upTo: null,
  rows: [
    row,
    {
      ...row,
      name: "DQN, calibrated, T = 128 (thesis: T = 100)",
      reason: 'a "reason", with a comma',
      verdict: "explained",
    },
  ],
  training: [],
  seconds: 9,
};

describe("a reproduction", () => {
  it("prints as tables", () => {
    const text = renderText(reproduction);
    expect(text).toContain("Table 4.4");
    expect(text).toMatch(/T = 64 .*122\.26 ± 3\.60 {2}60\.72 % .*499\.50 ± 2\.00 {2}98\.50 % .*better/);
  });

  it("is CSV with quoted text and a value for every head", () => {
    const [head, first, second] = renderCsv(reproduction).split("\r\n");
    expect(first.split(",").length - head.split(",").length).toBe(2); // the commas within the quoted name
    expect(second).toContain('"a ""reason"", with a comma"');
    expect(first.startsWith('4.4,"DQN, calibrated, T = 64 (thesis: T = 100)",122.26,3.6,60.72,499.5,2,')).toBe(true);
  });

  it("holds no formula in CSV, whatever its names are", () => {
    const [row] = reproduction.rows;
    const named = {
      ...reproduction,
      rows: [
        { ...row, name: "=HYPERLINK(1)" },
        { ...row, name: "@SUM(1,2)" },
      ],
    } as never;
    const [, first, second] = renderCsv(named).split("\r\n");
    expect(first).toContain(",'=HYPERLINK(1),");
    expect(second).toContain(',"\'@SUM(1,2)",');
  });

  it("is a page with the sweep drawn", () => {
    const page = renderReproduction(reproduction, { now: new Date("2026-01-02T03:04:05Z") });
    expect(page).toContain("2026-01-02");
    expect(page).toContain("Similarity against T: 98.5 % at 64, 98.5 % at 128.");
    expect(page).toContain("Why rows differ");
    expect(page).not.toMatch(/(?:src|href)="https?:/);
  });
});
