// tier: python
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeAtari } from "../../src/environments/atari-worlds.ts";
import { evaluate, type Evaluation } from "../../src/learning/evaluate.ts";
import { policyOf } from "../../src/learning/policy.ts";
import { createNetwork } from "../../src/network/create.ts";
import type { Network } from "../../src/network/network.ts";
import { isAtariId } from "../../src/environments/index.ts";
import { saveModel } from "../../src/network/file/model.ts";
import { loadReplay } from "../../src/formats/replay.ts";
import { Random } from "../../src/numeric/random.ts";
import { dsqn } from "./run.ts";

jest.setTimeout(300_000);

/** A few weights that see the picture: [84, 84, 4] or [80, 80, 1]. */
function small(input: [number, number, number]): Network {
  return createNetwork(
    input,
    [
      { kind: "convolution", filters: 2, kernel: [16, 16], strides: [16, 16] },
      { kind: "dense", outputs: 4 },
    ],
    new Random(3),
    1 / 255,
  );
}

describe("Atari games on the command line", () => {
  const folder = mkdtempSync(join(tmpdir(), "dsqn-atari-"));
  const [nature, binary, patel] = ["nature", "binary", "patel"].map((name) => join(folder, `${name}.safetensors`));
  beforeAll(async () => {
    await saveModel(nature, small([84, 84, 4]));
    await saveModel(binary, small([84, 84, 4]), { config: { environment: { preprocessing: "mnih-binary" } } });
    await saveModel(patel, small([80, 80, 1]));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const few = ["--episodes", "2", "--max-steps", "30", "--epsilon", "0.5"];

  it.each([
    ["nature", () => nature, "nature"],
    ["as the card says", () => binary, "mnih-binary"],
    ["as the network's input says", () => patel, "patel"],
  ] as const)("evaluate preprocesses %s", async (_, file, preprocessing) => {
    const { code, result } = await dsqn<Evaluation>("evaluate", file(), "--env", "BreakoutDeterministic-v4", ...few);
    expect(code).toBe(0);
    const input = preprocessing === "patel" ? ([80, 80, 1] as [number, number, number]) : [84, 84, 4];
    const expected = await evaluate(
      policyOf(small(input as [number, number, number])),
      (count) => makeAtari({ game: "BreakoutDeterministic-v4", preprocessing, maxFrames: 120, count }),
      { episodes: 2, epsilon: 0.5 },
    );
    expect(result).toMatchObject({
      returns: expected.returns,
      lengths: expected.lengths,
      decisions: expected.decisions,
    });
  });

  it("collect keeps the states that the network saw, bytes between 0 and 255", async () => {
    const out = join(folder, "replay");
    const { code } = await dsqn(
      ...["collect", nature, "--env", "BreakoutDeterministic-v4", "--size", "12", "--max-steps", "10"],
      ...["--no-fire", "--noop-max", "0", "--out", out],
    );
    expect(code).toBe(0);
    const { size, observationSize, states } = await loadReplay(out);
    expect([size, observationSize]).toEqual([12, 84 * 84 * 4]);
    expect(states.every((value) => Number.isInteger(value) && value >= 0 && value <= 255)).toBe(true);
    expect(Math.max(...states.subarray(0, observationSize))).toBeGreaterThan(50);
  });

  it.each([
    [["--preprocessing", "nature"], "preprocessing"],
    [["--no-fire"], "fire"],
    [["--sticky-actions", "0"], "stickyActions"],
  ])("refuses %j elsewhere", async (flags, named) => {
    const { code, result } = await dsqn<{ error: { code: string; message: string } }>(
      ...["evaluate", "models/cartpole-dqn.safetensors", "--env", "CartPole-v1", ...flags],
    );
    expect([code, result.error.code]).toEqual([2, "BAD_ARGUMENT"]);
    expect(result.error.message.toLowerCase()).toContain(named.toLowerCase());
  });

  it("a model that doesn't fit: MODEL_DOES_NOT_FIT", async () => {
    const { code, result } = await dsqn<{ error: { code: string } }>(
      ...["evaluate", "models/cartpole-dqn.safetensors", "--env", "ALE/Breakout-v5", ...few],
    );
    expect([code, result.error.code]).toEqual([1, "MODEL_DOES_NOT_FIT"]);
  });

  it("knows the names of Atari games from others", () => {
    for (const id of ["ALE/Breakout-v5", "ALE/Pong", "BreakoutNoFrameskip-v4", "PongDeterministic-v0", "Breakout"])
      expect([id, isAtariId(id)]).toEqual([id, true]);
    for (const id of ["CartPole-v1", "CartPole-v0", "my_module:Env-v0", "corridor:Corridor", "Breakout-v4"])
      expect([id, isAtariId(id)]).toEqual([id, false]);
  });
});
