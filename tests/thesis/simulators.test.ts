import { renderReproduction } from "../../thesis/page.ts";
import { renderCsv, renderText } from "../../thesis/render.ts";
import type { Reproduction } from "../../thesis/reproduce.ts";
import { simulatorTrials } from "../../thesis/tables/in-simulators.ts";
import { judgeInSimulator, judgeOriginal, type Measured } from "../../thesis/verdict.ts";

const all = (["nest", "pynn", "spinnaker", "board"] as const).flatMap((experiment) =>
  simulatorTrials(experiment).map((trial) => ({ experiment, ...trial })),
);

describe("the rows of tables 4.12 to 4.14", () => {
  it("have a reason beforehand only where the thesis contradicts itself", () => {
    const reasoned = all.filter(({ reason }) => reason !== undefined);
    expect(new Set(reasoned.map(({ environment, player, steps }) => `${environment} ${player} ${steps}`))).toEqual(
      new Set(["mountaincar dqn 100"]),
    );
  });

  it("know what the thesis says of the same network without a simulator", () => {
    for (const { name, own, player, steps } of all)
      if (name.includes("stored")) expect(own).toBeUndefined();
      else expect([player, steps, typeof own?.mean]).toEqual([player, steps, "number"]);
  });

  it("say what the numbers say otherwise, on the board too", () => {
    for (const trial of all.filter(({ reason }) => reason === undefined)) {
      const { mean, std, similarity } = trial.thesis as { mean: number; std: number; similarity: number };
      const ours = (score: number, equal: number): Measured => ({
        mean: score,
        std,
        ci95: [score, score],
        episodes: 100,
        decisions: 10_000,
        similarity: equal,
        similarityCi95: [equal - 0.1, equal + 0.1],
        seconds: 1,
      });
      const far = 10 + 5 * std;
      expect(judgeOriginal(trial, ours(mean, similarity)).verdict).toBe("agrees");
      expect(judgeOriginal(trial, ours(mean + far, similarity)).verdict).toBe("better");
      expect(judgeOriginal(trial, ours(mean - far, similarity)).verdict).toBe("worse");
      expect(judgeOriginal(trial, ours(mean, similarity - 5)).verdict).toBe("worse");
    }
  });

  it("know that the board's rest on five episodes", () => {
    for (const { experiment, thesisEpisodes } of all)
      expect(thesisEpisodes).toBe(experiment === "spinnaker" || experiment === "board" ? 5 : undefined);
  });
});

describe("a row that differs", () => {
  const trial = all.find(({ name }) => name === "MountainCar DSQN, T = 20, nest-original-iaf")!;
  const measured = (mean: number, std: number, similarity: number): Measured => ({
    mean,
    std,
    ci95: [mean, mean],
    episodes: 100,
    decisions: 10_000,
    similarity,
    similarityCi95: [similarity - 0.5, similarity + 0.5],
    seconds: 1,
  });

  it("is explained only where the network itself is shown to be another one", () => {
    const another = judgeInSimulator(trial, measured(-197, 30, 38), measured(-112, 5, 100));
    expect(another).toMatchObject({
      verdict: "explained",
      reason: expect.stringContaining("gives -112.00, the table's -130.92"),
    });
    const same = judgeInSimulator(trial, measured(-197, 30, 38), measured(-131, 28, 100));
    expect(same).toMatchObject({ verdict: "worse", reason: expect.stringMatching(/^not explained/) });
    expect(judgeInSimulator(trial, measured(-160, 69, 61.8), measured(-112, 5, 100)).verdict).toBe("agrees");
  });

  it("compares conversions by similarity too", () => {
    const converted = all.find(({ name }) => name === "CartPole classifier, T = 100, nest-original-iaf")!;
    const ours = measured(194.5, 18, 95.5);
    expect(judgeInSimulator(converted, ours, measured(195, 18, 95.6)).reason).toMatch(/^not explained/);
    expect(judgeInSimulator(converted, ours, measured(195, 18, 85)).reason).toMatch(
      /^the conversion is not the table's/,
    );
  });
});

describe("a reproduction in a simulator", () => {
  const [first, second] = simulatorTrials("nest");
  const measured: Measured = {
    mean: 103.57,
    std: 3.36,
    ci95: [102.9, 104.2],
    episodes: 100,
    decisions: 10_357,
    similarity: 58.41,
    similarityCi95: [57.9, 58.9],
    seconds: 300,
  };
  const row = { table: first.table, name: first.name, simulator: first.simulator, thesis: first.thesis };
  const none = { table: second.table, name: second.name, simulator: second.simulator, thesis: second.thesis };
  const reproduction: Reproduction = {
    experiment: "nest",
    quick: false,
    episodes: 100,
    upTo: 100,
    rows: [
      { ...row, ours: measured, exact: { ...measured, similarity: 59.93 }, verdict: "worse", reason: "not explained" },
      { ...none, ours: null, exact: null, verdict: "missing", reason: "there is no such network" },
    ],
    training: [],
    seconds: 400,
  };

  it("prints the thesis's figure, ours, and the exact mapping's, and why they differ", () => {
    const text = renderText(reproduction);
    expect(text).toMatch(
      /102\.75 ± 3\.10 {2}58\.88 % +103\.57 ± 3\.36 {2}58\.41 % +worse +103\.57 ± 3\.36 {2}59\.93 %/,
    );
    expect(text).toContain(`4.12 ${first.name}: not explained`);
  });

  it("is CSV with a value for every head", () => {
    const [head, ours, missing] = renderCsv(reproduction).split("\r\n");
    for (const line of [ours, missing]) expect(line.split(",").length - head.split(",").length).toBe(2); // in the name
    expect(ours).toContain(",102.75,3.1,58.88,103.57,3.36,102.9,104.2,100,10357,58.41,57.9,58.9,worse,not explained,");
  });

  it("is a page with a picture of each table in each simulator", () => {
    const page = renderReproduction(reproduction, { now: new Date("2026-01-02T03:04:05Z") });
    expect(page).toContain("Table 4.12, nest-original-iaf");
    expect(page).toContain("0 of 1");
    expect(page).toContain("CartPole DQN, T = 100: exact mapping 59.93, thesis 58.88, run again 58.41");
    expect(page).toMatch(/there is no such network/);
  });
});
