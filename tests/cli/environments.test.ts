// tier: python
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Evaluation } from "../../src/learning/evaluate.ts";
import { composed, mergeConfig } from "../../src/learning/config.ts";
import { environmentOptionsOf } from "../../src/learning/environment-card.ts";
import { createDenseNetwork, createSpikingNetwork } from "../../src/network/create.ts";
import { saveModel } from "../../src/network/file/model.ts";
import { Random } from "../../src/numeric/random.ts";
import { dsqn } from "./run.ts";

const path = fileURLToPath(new URL("../fixtures/environments", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "dsqn-environments-"));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const dense = createDenseNetwork([3, 4, 3], new Random(1));
type Result = Evaluation & { error: { code: string; message: string; hint: string } };
const evaluate = (model: string, ...flags: string[]) =>
  dsqn<Result>("evaluate", at(model), "--episodes", "2", ...flags);
const mine = ["--env", "brought:Brought-v0", "--path", path];

describe("how an environment is made", () => {
  beforeAll(async () => {
    const made = { kwargs: { pay: 2, steps: 8 }, wrappers: [{ name: "TimeLimit", kwargs: { max_episode_steps: 5 } }] };
    const environment = "brought:Brought-v0";
    await saveModel(at("run.safetensors"), dense, {
      environment,
      config: { environment: { id: environment, ...made } },
    });
    await saveModel(at("spiking.safetensors"), createSpikingNetwork([3, 4, 3], new Random(2)), { environment });
    await saveModel(at("odd.safetensors"), dense, { environment, environmentOptions: { kwargs: 5 } });
    const recorded = { wrappers: [{ name: "RecordVideo", kwargs: { video_folder: at("videos") } }] };
    await saveModel(at("video.safetensors"), dense, { environment, environmentOptions: recorded });
  });

  it("is what the model's card says, and it is told", async () => {
    const { result, told: err } = await evaluate("run.safetensors", ...mine);
    expect(result.mean).toBe(10); // 5 steps of 8, which pay 2
    expect(err).toContain('as the model\'s card says: kwargs {"pay":2,"steps":8}; wrappers TimeLimit');
  });

  it("or what the command line says instead", async () => {
    const { result } = await evaluate("run.safetensors", ...mine, "--env-kwargs", '{"pay": 3}', "--wrapper", "none");
    expect(result.mean).toBe(18); // 6 steps
    const limit = 'TimeLimit={"max_episode_steps":1}';
    const wrapped = [...mine, "--wrapper", 'ClipReward={"max_reward":1}', "--wrapper", limit];
    expect((await evaluate("run.safetensors", ...wrapped)).result.mean).toBe(1);
  });

  it("is also what collect and sweep make, and travels into what a model is converted to", async () => {
    const replay = at("replay");
    await dsqn("collect", at("run.safetensors"), ...mine, "--size", "20", "--out", replay);
    await dsqn("convert", at("run.safetensors"), "--replay", replay, "--out", at("converted.safetensors"));
    const card = JSON.parse(readFileSync(at("converted.json"), "utf8")) as object;
    expect(environmentOptionsOf(card)).toMatchObject({
      kwargs: { pay: 2, steps: 8 },
      wrappers: [{ name: "TimeLimit" }],
    });
    const flags = [...mine, "--steps", "8", "--episodes", "2"];
    const swept = await dsqn("sweep", at("run.safetensors"), at("spiking.safetensors"), ...flags);
    expect((swept.result as unknown as { source: Evaluation }).source.mean).toBe(10);
  });

  it("never writes files because a card says so", async () => {
    const { result, told: err } = await evaluate("video.safetensors", ...mine);
    expect([result.mean, err]).toEqual([6, expect.stringContaining("RecordVideo are left out")]);
    expect(existsSync(at("videos"))).toBe(false);
  });

  it.each([
    ["odd.safetensors", mine, "CARD_INVALID"],
    ["run.safetensors", [...mine, "--env-kwargs", "5"], "BAD_ARGUMENT"],
    ["run.safetensors", [...mine, "--env-kwargs", '{"colour": "red"}'], "ENV_OPTIONS_INVALID"],
    ["run.safetensors", ["--env", "brought:Brought-v0"], "ENV_UNKNOWN"],
  ])("%s %j: %s", async (model, flags, code) => {
    const { result } = await evaluate(model, ...flags);
    expect(result.error.code).toBe(code);
    if (code === "ENV_UNKNOWN") expect(result.error.hint).toContain("--path");
  });
});

it("train takes them too, and keeps them in its card", async () => {
  const run = at("run");
  writeFileSync(
    at("config.json"),
    JSON.stringify({
      method: "dqn",
      environment: { id: "brought:Brought-v0", count: 2 },
      network: { kind: "dense", hidden: [4] },
      scaling: "observed",
      episodes: 4,
      epsilon: { kind: "constant", value: 0.5 },
      replay: { capacity: 100 },
      batchSize: 4,
      optimizer: { kind: "adam", learningRate: { kind: "constant", value: 0.001 } },
      target: { kind: "soft", tau: 0.01 },
      evaluation: { every: 1000, episodes: 2 },
      final: { episodes: 2 },
    }),
  );
  const flags = ["--env-kwargs", '{"pay": 4}', "--path", path, "--set", "scaling=null", "--out", run];
  const { code } = await dsqn("train", at("config.json"), ...flags);
  expect(code).toBe(0);
  const card = JSON.parse(readFileSync(join(run, "best.json"), "utf8")) as { config: { scaling?: unknown } };
  expect([card.config.scaling, environmentOptionsOf(card)]).toEqual([undefined, { kwargs: { pay: 4 } }]);
  expect((await dsqn("evaluate", join(run, "best.safetensors"), "--episodes", "1", ...mine)).result.mean).toBe(24);
});

it("null takes a field out of a config, but is None among kwargs", () => {
  const base = {
    scaling: { center: [1] },
    environment: { id: "X", kwargs: { a: 1 } },
    evaluation: { stop: { mean: 1 } },
  };
  const changes = composed(
    { scaling: null },
    { evaluation: { stop: null }, environment: { kwargs: { a: null, b: 2 } } },
  );
  expect(mergeConfig(base, changes)).toEqual({ environment: { id: "X", kwargs: { a: null, b: 2 } }, evaluation: {} });
});
