import { describe, expect, it } from "@jest/globals";
import type { AtariEnvironments } from "../../src/environments/atari-worlds.ts";
import { BehaviourRecorder, entropy } from "../../thesis/breakout/behaviour.ts";
import { occluded } from "../../thesis/breakout/occlusion.ts";
import { renderReproduction } from "../../thesis/page.ts";
import { renderCsv, renderText } from "../../thesis/render.ts";
import type { Reproduction } from "../../thesis/reproduce.ts";
import { breakoutTrials } from "../../thesis/tables/in-breakout.ts";
import { judge, type Measured } from "../../thesis/verdict.ts";

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
    padding: "first",
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
const ours = (figures: Partial<Measured>): Measured => ({
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
const row = (name: string): (typeof breakoutTrials)[number] => breakoutTrials.find((one) => one.name === name)!;

describe("verdicts", () => {
  it("by score, within Welch's interval of the difference", () => {
    const dqn = row("DQN, epsilon 0.1"); // 10.12 +- 1.67 over 100
    expect(judge(dqn, ours({})).verdict).toBe("agrees");
    // sqrt(4/30 + 1.67^2/100) = 0.4015 at 42.5 degrees of freedom: 0.81 and no more
    expect(judge(dqn, ours({ mean: 10.92 })).verdict).toBe("agrees");
    expect(judge(dqn, ours({ mean: 10.94 })).verdict).toBe("better");
    expect(judge(dqn, ours({ mean: 9.3 })).verdict).toBe("worse");
    expect(judge(dqn, null).verdict).toBe("missing");
  });

  it("a figure without a deviation counts as exact; no figure, no verdict", () => {
    expect(judge(row("convolutional DQN"), ours({ mean: 150, std: 30 }))).toEqual({
      verdict: "worse",
      reason: row("convolutional DQN").reason,
    });
    expect(judge(row("go left and stay"), ours({})).verdict).toBeNull();
  });

  it("of a conversion by similarity; the thesis's is a lower bound", () => {
    const converted = row("converted, T = 100, epsilon 0.1");
    const alike = (similarity: number, half: number): Measured =>
      ours({ similarity, similarityCi95: [similarity - half, similarity + half] });
    expect(judge(converted, alike(99.95, 0.01)).verdict).toBe("agrees");
    expect(judge(converted, alike(99.8, 0.15)).verdict).toBe("agrees");
    expect(judge(converted, alike(96, 1)).verdict).toBe("worse");
  });
});

describe("what comes out", () => {
  const bar = (top: number | null, mean: number) => ({ top, mean, ci95: [mean - 1, mean + 1] as const, episodes: 2 });
  const result: Reproduction = {
    experiment: "breakout",
    environment: "BreakoutDeterministic-v4",
    quick: true,
    episodes: 30,
    upTo: null,
    training: [],
    rows: breakoutTrials.map((one) => {
      const measured = one.player === "dsqn" ? null : ours({ mean: one.thesis.mean ?? 5 });
      return { table: one.table, name: one.name, thesis: one.thesis, ours: measured, ...judge(one, measured) };
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
    const lines = renderCsv(result).trimEnd().split("\r\n");
    expect(lines).toHaveLength(1 + breakoutTrials.length);
    expect(lines[3].startsWith('Breakout,"DQN, epsilon 0.1",10.12,1.67,,10.12,2,9,11,30,1000')).toBe(true);
  });

  it("text: every row, how they play, the bar, and what is missing", () => {
    const text = renderText(result);
    for (const { name } of breakoutTrials) expect(text).toContain(name);
    expect(text).toContain("2.00 of 2");
    expect(text).toMatch(/No network for: DSQN.*\n.*--dsqn/);
    expect(text).toMatch(/none +40\.0 +38\.0/);
  });

  it("the page embeds the film and needs nothing else", () => {
    const page = renderReproduction(result, { film: Buffer.from("film"), now: new Date(0) });
    expect(page).toContain(`data:image/png;base64,${Buffer.from("film").toString("base64")}`);
    expect(page).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
    expect(page).toContain("Not “go left and stay”");
    expect(renderReproduction({ ...result, film: null, occlusion: null })).not.toContain("data:image/png");
  });
});
