import { judgeOriginal, type Measured } from "../../src/reproduce/verdict.ts";
import { judgeInSimulator } from "../../src/simulators/reproduce-verdict.ts";
import { simulatorTrials } from "../../src/simulators/reproduce-trials.ts";

const all = (["nest", "pynn", "spinnaker"] as const).flatMap((experiment) =>
  simulatorTrials(experiment).map((trial) => ({ experiment, ...trial })),
);

describe("the rows of tables 4.12 to 4.14", () => {
  it("have a reason beforehand only where the thesis contradicts itself", () => {
    const reasoned = all.filter(({ reason }) => reason !== undefined);
    expect(new Set(reasoned.map(({ environment, network, steps }) => `${environment} ${network} ${steps}`))).toEqual(
      new Set(["mountaincar dqn 100"]),
    );
  });

  it("know what the thesis says of the same network without a simulator", () => {
    for (const { name, own, network, steps } of all)
      if (name.includes("stored")) expect(own).toBeUndefined();
      else expect([network, steps, typeof own?.mean]).toEqual([network, steps, "number"]);
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
      expect(judgeOriginal(trial, ours(mean, similarity))!.verdict).toBe("agrees");
      expect(judgeOriginal(trial, ours(mean + far, similarity))!.verdict).toBe("better");
      expect(judgeOriginal(trial, ours(mean - far, similarity))!.verdict).toBe("worse");
      expect(judgeOriginal(trial, ours(mean, similarity - 5))!.verdict).toBe("worse");
    }
  });

  it("know that the board's rest on five episodes", () => {
    for (const { experiment, thesisEpisodes } of all)
      expect(thesisEpisodes).toBe(experiment === "spinnaker" ? 5 : undefined);
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
