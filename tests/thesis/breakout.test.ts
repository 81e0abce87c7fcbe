import { describe, expect, it } from "@jest/globals";
import type { AtariEnvironments } from "../../src/environments/atari-worlds.ts";
import { BehaviourRecorder, entropy } from "../../thesis/tables/breakout/behaviour.ts";
import { judgeBreakout } from "../../thesis/tables/breakout/judge.ts";
import { occluded } from "../../thesis/tables/breakout/occlusion.ts";
import { renderBreakoutCsv, renderBreakoutText } from "../../thesis/tables/breakout/render.ts";
import { renderBreakout } from "../../thesis/tables/breakout/page.ts";
import type { BreakoutMeasured, BreakoutReproduction } from "../../thesis/tables/breakout/reproduce.ts";
import { breakoutRows } from "../../thesis/tables/breakout/thesis.ts";

/** Two games whose paddles are where `places` say, and of which the first is over after two steps. */
function scripted(places: readonly (readonly [number, number])[]): AtariEnvironments {
  let t = 0;
  const [height, width, stack] = [4, 3, 2];
  const seen = (): Float32Array => new Float32Array(2 * height * width * stack).fill(7);
  return {
    id: "scripted",
    count: 2,
    height,
    width,
    stack,
    observationSize: height * width * stack,
    actions: 4,
    actionNames: ["NOOP", "FIRE", "RIGHT", "LEFT"],
    frameSkip: 4,
    stickyActions: 0,
    newest: { frames: new Uint8Array(0), lives: new Uint8Array(2) },
    reset: () => Promise.resolve(seen()),
    step: () => {
      const ram = new Uint8Array(256);
      places[t++].forEach((place, k) => (ram[128 * k + 72] = place));
      return Promise.resolve({
        observations: seen(),
        frames: new Uint8Array(0),
        rewards: new Float64Array(2),
        terminated: Uint8Array.of(t >= 2 ? 1 : 0, 0),
        truncated: new Uint8Array(2),
        lifeLost: new Uint8Array(2),
        lives: new Uint8Array(2),
        ram,
      });
    },
    render: () => Promise.reject(new Error("no screen")),
    close: () => Promise.resolve(),
  };
}

describe("behaviour", () => {
  it("counts actions and paddle places of games that are not over", async () => {
    const recorder = new BehaviourRecorder(["NOOP", "FIRE", "RIGHT", "LEFT"]);
    const games = recorder.watch(
      scripted([
        [55, 191],
        [55, 191],
        [191, 123],
      ]),
    );
    await games.reset({ seed: [1, 2] });
    for (const actions of [
      [3, 2],
      [3, 0],
      [1, 0],
    ])
      await games.step(Int32Array.from(actions));
    const { actions, paddle, steps, atLeftWall, actionEntropy, paddleEntropy } = recorder.behaviour();
    expect(steps).toBe(5); // the first game's third step came after its end
    expect(actions).toEqual({ NOOP: 0.4, FIRE: 0, RIGHT: 0.2, LEFT: 0.4 });
    expect([paddle[0], paddle[8], paddle[15], atLeftWall]).toEqual([0.4, 0.2, 0.4, 0.4]);
    expect(actionEntropy).toBeCloseTo(paddleEntropy, 12);
    expect(actionEntropy).toBeCloseTo(0.8 * Math.log2(2.5) + 0.2 * Math.log2(5), 12);
  });

  it("entropy: none for one thing only, log2 n for n as often as each other", () => {
    expect(entropy([0, 1, 0])).toBe(0);
    expect(entropy(Array<number>(16).fill(1 / 16))).toBeCloseTo(4, 12);
  });
});

describe("occlusion", () => {
  it("covers the bar's rows of its own game only, in every frame, after reset and step", async () => {
    const games = occluded(scripted([[55, 55]]), [{ top: 1, rows: 2 }, null]);
    const expected = [...Array<number>(6).fill(7), ...Array<number>(12).fill(0), ...Array<number>(30).fill(7)];
    expect([...(await games.reset({ seed: [0, 0] }))]).toEqual(expected);
    expect([...(await games.step(new Int32Array(2))).observations]).toEqual(expected);
  });
});

const behaviour = {
  actions: { NOOP: 0.25, FIRE: 0.25, RIGHT: 0.25, LEFT: 0.25 },
  actionEntropy: 2,
  paddle: Array<number>(16).fill(1 / 16),
  paddleEntropy: 4,
  atLeftWall: 1 / 16,
  steps: 100,
};
const ours = (figures: Partial<BreakoutMeasured>): BreakoutMeasured => ({
  mean: 10,
  std: 2,
  ci95: [9, 11],
  episodes: 30,
  decisions: 1000,
  similarity: null,
  similarityCi95: null,
  spikesPerDecision: null,
  synOpsPerDecision: null,
  behaviour,
  seconds: 1,
  ...figures,
});
const row = (name: string): (typeof breakoutRows)[number] => breakoutRows.find((one) => one.name === name)!;

describe("verdicts", () => {
  it("by score, within Welch's interval of the difference", () => {
    const dqn = row("DQN, epsilon 0.1"); // 10.12 +- 1.67 over 100
    expect(judgeBreakout(dqn, ours({})).verdict).toBe("agrees");
    // sqrt(4/30 + 1.67^2/100) = 0.4015 at 42.5 degrees of freedom: 0.81 and no more
    expect(judgeBreakout(dqn, ours({ mean: 10.92 })).verdict).toBe("agrees");
    expect(judgeBreakout(dqn, ours({ mean: 10.94 })).verdict).toBe("better");
    expect(judgeBreakout(dqn, ours({ mean: 9.3 })).verdict).toBe("worse");
    expect(judgeBreakout(dqn, null).verdict).toBe("missing");
  });

  it("a figure without a deviation counts as exact; no figure, no verdict", () => {
    expect(judgeBreakout(row("convolutional DQN"), ours({ mean: 150, std: 30 }))).toEqual({
      verdict: "worse",
      reason: row("convolutional DQN").reason,
    });
    expect(judgeBreakout(row("go left and stay"), ours({})).verdict).toBeNull();
  });

  it("of a conversion by similarity; the thesis's is a lower bound", () => {
    const converted = row("converted, T = 100, epsilon 0.1");
    const alike = (similarity: number, half: number): BreakoutMeasured =>
      ours({ similarity, similarityCi95: [similarity - half, similarity + half] });
    expect(judgeBreakout(converted, alike(99.95, 0.01)).verdict).toBe("agrees");
    expect(judgeBreakout(converted, alike(99.8, 0.15)).verdict).toBe("agrees");
    expect(judgeBreakout(converted, alike(96, 1)).verdict).toBe("worse");
  });
});

describe("what comes out", () => {
  const bar = (top: number | null, mean: number) => ({ top, mean, ci95: [mean - 1, mean + 1] as const, episodes: 2 });
  const result: BreakoutReproduction = {
    experiment: "breakout",
    environment: "BreakoutDeterministic-v4",
    quick: true,
    rows: breakoutRows.map((one) => {
      const measured = one.subject === "dsqn" ? null : ours({ mean: one.thesis.mean ?? 5 });
      return { name: one.name, thesis: one.thesis, ours: measured, ...judgeBreakout(one, measured) };
    }),
    occlusion: {
      rows: 3,
      maxFrames: 2400,
      dqn: [bar(null, 40), bar(10, 30), bar(30, 20)],
      snn: [bar(null, 38), bar(10, 29), bar(30, 21)],
    },
    film: { width: 342, height: 210, frames: 60, points: 7 },
    seconds: 12,
  };

  it("CSV: a line per row, names with commas quoted", () => {
    const lines = renderBreakoutCsv(result).trimEnd().split("\r\n");
    expect(lines).toHaveLength(1 + breakoutRows.length);
    expect(lines[3].startsWith('"DQN, epsilon 0.1",10.12,1.67,,10.12,2,9,11,30,1000')).toBe(true);
  });

  it("text: every row, how they play, the bar, and what is missing", () => {
    const text = renderBreakoutText(result);
    for (const { name } of breakoutRows) expect(text).toContain(name);
    expect(text).toContain("2.00 of 2");
    expect(text).toMatch(/No network for: DSQN.*\n.*--dsqn/);
    expect(text).toMatch(/none +40\.0 +38\.0/);
  });

  it("the page embeds the film and needs nothing else", () => {
    const page = renderBreakout(result, Buffer.from("film"), new Date(0));
    expect(page).toContain(`data:image/png;base64,${Buffer.from("film").toString("base64")}`);
    expect(page).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
    expect(page).toContain("Not “go left and stay”");
    expect(renderBreakout({ ...result, film: null, occlusion: null }, null)).not.toContain("data:image/png");
  });
});
