import { judgeOriginal, type Measured } from "../../src/reproduce/verdict.ts";
import { simulatorTrials } from "../../src/simulators/reproduce-trials.ts";

const all = (["nest", "pynn", "spinnaker"] as const).flatMap((experiment) =>
  simulatorTrials(experiment).map((trial) => ({ experiment, ...trial })),
);

describe("the rows of tables 4.12 to 4.14", () => {
  it("have a reason only where the difference has a known cause", () => {
    const reasoned = all.filter(({ reason }) => reason !== undefined);
    expect(new Set(reasoned.map(({ environment, network, steps }) => `${environment} ${network} ${steps}`))).toEqual(
      new Set(["mountaincar dsqn 20", "mountaincar dqn 100"]),
    );
    expect(reasoned.length).toBeLessThan(all.length / 4);
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
