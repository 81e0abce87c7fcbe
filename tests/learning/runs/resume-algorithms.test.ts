// tier: long
import { afterAll, describe, expect, it } from "@jest/globals";
import { copyFileSync, existsSync, mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { runsFolder, until } from "./folder.ts";

const { at, dsqn, lines, expectSame, remove } = runsFolder("resume-methods");
afterAll(remove);

const imitation = {
  seed: 3,
  environment: { id: "CartPole-v1" },
  source: at("source.safetensors"),
  states: 1500,
  batchSize: 64,
  every: 50,
  learningRate: { kind: "exponential", start: 0.003, end: 1e-5, decay: 0.999 },
  clip: 1,
  scaling: { center: [0, 0, 0, 0], scale: [0.5, 0.5, 5, 0.5] },
  final: { episodes: 5 },
  checkpointSeconds: 0.1,
};
/**
 * Runs of a few seconds, with everything in them that has a state of its own; `kills`: log lines after which they are killed, twice in the
 * first round, and long before the end: a busy machine kills late.
 */
const methods = {
  "classifier": {
    config: {
      ...imitation,
      method: "classifier",
      network: { kind: "dense", hidden: [64, 64] },
      iterations: 4000,
      aggregation: { rounds: 1, states: 1000, iterations: 8000 },
    },
    kills: [20, 50, 90],
  },
  "snn-classifier": {
    config: {
      ...imitation,
      method: "snn-classifier",
      network: { kind: "spiking", hidden: [32], steps: 10 },
      iterations: 2500,
      aggregation: { rounds: 1, states: 1000, iterations: 2500 },
    },
    kills: [10, 30, 60],
  },
  "reinforce": {
    config: {
      method: "reinforce",
      seed: 3,
      environment: { id: "CartPole-v1", count: 4, maxSteps: 100 },
      network: { kind: "dense", hidden: [16] },
      episodes: 800,
      learningRate: { kind: "constant", value: 0.01 },
      solve: { average: 40, window: 20 },
      evaluation: { every: 10, episodes: 3 },
      final: { episodes: 5 },
      checkpointSeconds: 0.1,
    },
    kills: [60, 150, 250],
  },
  "ppo": {
    config: {
      method: "ppo",
      seed: 3,
      environment: { id: "CartPole-v1", count: 4, maxSteps: 100 },
      network: { kind: "spiking", hidden: [16], steps: 2, neuron: "lif" },
      episodes: 800,
      horizon: 64,
      learningRate: { kind: "linear", start: 0.003, end: 0.001, steps: 40_000 },
      evaluation: { every: 2000, episodes: 3 },
      final: { episodes: 5 },
      checkpointSeconds: 0.1,
    },
    kills: [60, 150, 250],
  },
} as const;
const networks = ["best", "initial"];

describe.each(Object.entries(methods))("a run of %s", (method, { config, kills }) => {
  const file = at(`${method}.json`);
  const whole = `${method}-whole`;

  it("goes on to the same curve and networks after kill -9, three times", async () => {
    copyFileSync("models/cartpole-dqn.safetensors", imitation.source);
    writeFileSync(file, JSON.stringify(config));
    expect((await dsqn("train", file, "--out", at(whole))).exitCode).toBe(0);

    const killed = `${method}-killed`;
    let running = dsqn("train", file, "--out", at(killed));
    for (const after of kills) {
      await until(() => lines(killed) > after && existsSync(at(killed, "checkpoint.safetensors")));
      running.kill("SIGKILL");
      await running;
      expect(lines(killed)).toBeLessThan(lines(whole));
      running = dsqn("train", "--resume", at(killed));
    }
    expect((await running).exitCode).toBe(0);
    expectSame(killed, whole, networks);
  }, 180_000);

  it("stops at Ctrl-C where it can go on", async () => {
    const stopped = `${method}-stopped`;
    const running = dsqn("train", file, "--out", at(stopped));
    await until(() => lines(stopped) > kills[0]);
    running.kill("SIGINT");
    const { exitCode, stdout } = await running;
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "INTERRUPTED" } });
    expect((await dsqn("train", "--resume", at(stopped))).exitCode).toBe(0);
    expectSame(stopped, whole, networks);
  }, 180_000);

  it("refuses a damaged checkpoint and one of another config, and names the good one before it", async () => {
    const copy = (to: string): void => {
      mkdirSync(at(to));
      for (const name of ["config.json", "progress.jsonl", "checkpoint.safetensors", "checkpoint.previous.safetensors"])
        copyFileSync(at(whole, name), at(to, name));
    };
    const damaged = `${method}-damaged`;
    copy(damaged);
    truncateSync(at(damaged, "checkpoint.safetensors"), 500);
    const refused = await dsqn("train", "--resume", at(damaged));
    expect(refused.exitCode).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      error: {
        code: "CHECKPOINT_INVALID",
        hint: expect.stringContaining(at(damaged, "checkpoint.previous.safetensors")),
      },
    });

    const foreign = `${method}-foreign`;
    copy(foreign);
    writeFileSync(at(foreign, "config.json"), JSON.stringify({ ...config, seed: 4 }));
    const other = await dsqn("train", "--resume", at(foreign));
    expect(JSON.parse(other.stdout)).toMatchObject({
      error: { code: "CHECKPOINT_INVALID", message: expect.stringContaining("another config") },
    });
  });
});

describe("a classifier", () => {
  it("refuses to go on with another source than it began with", async () => {
    copyFileSync("models/cartpole-dqn-converted.safetensors", imitation.source);
    const { exitCode, stdout } = await dsqn("train", "--resume", at("classifier-whole"));
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: "CHECKPOINT_INVALID", message: expect.stringContaining("learned from another") },
    });
  });
});
