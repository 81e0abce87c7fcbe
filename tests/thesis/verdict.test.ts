import { experiments, experimentOf, type ExperimentName } from "../../thesis/experiments.ts";
import { judgeSolved } from "../../thesis/measure/training.ts";
import { timeSteps, type Trial } from "../../thesis/tables/trial.ts";
import { explain, judge, judgeOriginal, type Measured, type Verdict } from "../../thesis/verdict.ts";

const measured = (mean: number, std: number, similarity: number | null = null): Measured => ({
  mean,
  std,
  ci95: [mean - std / 5, mean + std / 5],
  episodes: 100,
  decisions: 20_000,
  similarity,
  similarityCi95: similarity === null ? null : [similarity - 0.5, similarity + 0.5],
  seconds: 1,
});
const plain: Trial = {
  table: "4.1",
  name: "DQN",
  environment: "cartpole",
  player: "dqn",
  thesis: { mean: 226.31, std: 32.74, similarity: null },
};
const converted: Trial = { ...plain, conversion: {}, thesis: { mean: 122.26, std: 3.6, similarity: 60.72 } };

describe("judge", () => {
  it("judges scores by Welch's interval", () => {
    expect(judge(plain, measured(228, 40)).verdict).toBe("agrees");
    expect(judge(plain, measured(500, 0)).verdict).toBe("better");
    expect(judge(plain, measured(180, 30)).verdict).toBe("worse");
  });

  it("judges conversions by similarity, whatever the score", () => {
    expect(judge(converted, measured(20, 1, 98)).verdict).toBe("better");
    expect(judge(converted, measured(122, 4, 61)).verdict).toBe("agrees");
    expect(judge(converted, measured(500, 0, 50)).verdict).toBe("worse");
  });

  it('takes "> 99.9" as a bound', () => {
    const bound: Trial = { ...converted, thesis: { mean: null, std: null, similarity: 99.9 }, thesisIsBound: true };
    expect(judge(bound, measured(500, 0, 100)).verdict).toBe("agrees");
    expect(judge(bound, measured(500, 0, 90)).verdict).toBe("worse");
  });

  it("says when there is no network", () => {
    expect(judge(plain, null).verdict).toBe("missing");
  });
});

describe("explain", () => {
  const trial: Trial = { ...converted, name: "narrow", remedy: { row: "wide", cause: "too narrow" } };
  const row = (name: string, verdict: Verdict) => ({ table: "4.1", name, verdict, reason: null as string | null });

  it("takes a cause for tested where its removal mends the row", () => {
    const narrow = row("narrow", "worse");
    expect(explain(trial, narrow, [narrow, row("wide", "agrees")])).toMatchObject({
      verdict: "explained",
      reason: "too narrow",
    });
    expect(explain(trial, narrow, [narrow, row("wide", "worse")])).toBe(narrow);
    expect(explain(trial, narrow, [narrow])).toBe(narrow);
    expect(explain(converted, narrow, [narrow, row("wide", "agrees")])).toBe(narrow);
    const fine = row("narrow", "better");
    expect(explain(trial, fine, [fine, row("wide", "agrees")])).toBe(fine);
  });
});

describe("judgeOriginal", () => {
  it("takes five episodes for as uncertain as they are", () => {
    const board: Trial = { ...plain, thesis: { mean: 288.2, std: 152.77, similarity: 74.25 } };
    const ours = measured(350, 100, 74.5);
    expect(judgeOriginal(board, ours).verdict).toBe("better"); // of a hundred episodes
    expect(judgeOriginal({ ...board, thesisEpisodes: 5 }, ours).verdict).toBe("agrees");
    const similar = measured(288, 100, 76);
    expect(judgeOriginal(board, similar).verdict).toBe("better");
    expect(judgeOriginal({ ...board, thesisEpisodes: 5 }, similar).verdict).toBe("agrees");
  });

  it("asks for score and similarity both", () => {
    expect(judgeOriginal(converted, measured(122, 4, 60.5)).verdict).toBe("agrees");
    expect(judgeOriginal(converted, measured(122, 4, 70)).verdict).toBe("better");
    expect(judgeOriginal(converted, measured(80, 4, 60.5)).verdict).toBe("worse");
  });

  it("explains what differs by another figure for the same network, if that one is met", () => {
    const other = { figures: { mean: 140, std: 4, similarity: 70 }, reason: "two figures" };
    const known = { ...converted, alsoReported: other };
    expect(judgeOriginal(known, measured(122, 4, 60.5))).toEqual({ verdict: "agrees", reason: null });
    expect(judgeOriginal(known, measured(140, 4, 70))).toEqual({ verdict: "explained", reason: "two figures" });
    expect(judgeOriginal(known, measured(150, 4, 75))).toEqual({ verdict: "better", reason: null });
    expect(judgeOriginal(known, measured(100, 4, 60.5))).toEqual({ verdict: "worse", reason: null });
  });
});

describe("judgeSolved", () => {
  it("needs more than five runs' luck to differ (Fisher's exact test)", () => {
    expect(judgeSolved({ solved: 5, runs: 5 }, { solved: 3, runs: 5 })).toBe("agrees"); // p = 0.44
    expect(judgeSolved({ solved: 5, runs: 5 }, { solved: 0, runs: 5 })).toBe("better"); // p = 0.008
    expect(judgeSolved({ solved: 0, runs: 5 }, { solved: 5, runs: 5 })).toBe("worse");
  });
});

describe("experiments", () => {
  const names = Object.keys(experiments) as ExperimentName[];
  const trialsOf = (name: ExperimentName): readonly Trial[] => experimentOf(name).trials();

  it("cover every table, each row once", () => {
    const tables = (name: ExperimentName): string[] => [...new Set(trialsOf(name).map((trial) => trial.table))];
    expect(Object.fromEntries(names.map((name) => [name, tables(name)]))).toEqual({
      "cartpole": ["4.1", "4.2", "4.3", "4.4"],
      "mountaincar": ["4.6", "4.7", "4.8", "4.9"],
      "policy-gradient": ["4.11"],
      "breakout": ["Breakout"],
      "nest": ["4.12", "notebook", "4.13"],
      "pynn": ["notebook"],
      "spinnaker": ["4.14"],
      "board": ["4.14"],
    });
    for (const name of names) {
      const rows = trialsOf(name).map((trial) => `${trial.table} ${trial.name}`);
      expect(new Set(rows).size).toBe(rows.length);
    }
  });

  it("have the rows of 10,000 steps", () => {
    expect(trialsOf("cartpole").filter((trial) => timeSteps(trial) === 10_000)).toHaveLength(2);
  });

  it("name remedies that are rows of the same table", () => {
    for (const name of names) {
      const all = trialsOf(name);
      const remedies = all.flatMap(({ table, remedy }) => (remedy ? [`${table} ${remedy.row}`] : []));
      for (const remedy of remedies) expect(all.map((trial) => `${trial.table} ${trial.name}`)).toContain(remedy);
    }
    expect(trialsOf("cartpole").filter(({ remedy }) => remedy)).toHaveLength(7);
  });

  it("measure something in every row of the thesis's tables", () => {
    for (const name of names)
      if (name !== "breakout")
        for (const { thesis } of trialsOf(name)) expect(thesis.mean ?? thesis.similarity).not.toBeNull();
  });
});
