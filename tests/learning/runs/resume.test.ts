// tier: python
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DqnConfig } from "../../../src/learning/algorithms/dqn-config.ts";
import type { Scaling } from "../../../src/learning/scaling.ts";
import { runsFolder, until } from "./folder.ts";

/** A run of a few seconds in the real CartPole, with everything in it that has a state of its own. */
const config = {
  method: "dqn",
  seed: 7,
  environment: { id: "CartPole-v1", count: 3 },
  network: { kind: "dense", hidden: [24] },
  episodes: 120,
  nStep: 2,
  epsilon: { kind: "linear", start: 1, end: 0.2, steps: 2000 },
  replay: { capacity: 1000, prioritisation: {} },
  batchSize: 32,
  optimizer: { kind: "adam", learningRate: { kind: "constant", value: 0.0005 } },
  target: { kind: "soft", tau: 0.02 },
  evaluation: { every: 700, episodes: 5, settle: { mean: 20, factor: 0.9 } },
  final: { episodes: 5 },
  checkpointSeconds: 0.1,
};

const { at, dsqn, lines, expectSame: same, remove } = runsFolder("resume");
const expectSame = (run: string): void => same(run, "whole", ["best", "last", "initial"]);

beforeAll(async () => {
  writeFileSync(at("config.json"), JSON.stringify(config));
  const { exitCode, stdout } = await dsqn("train", at("config.json"), "--out", at("whole"));
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    env: "CartPole-v1",
    method: "dqn",
    seed: 7,
    episodesRun: 120,
    model: at("whole", "best.safetensors"),
  });
}, 240_000);
afterAll(remove);

describe("a run that was stopped", () => {
  it("goes on to the same curve after kill -9, twice", async () => {
    let running = dsqn("train", at("config.json"), "--out", at("killed"));
    for (const episodes of [30, 60]) {
      // A little beyond the checkpoint, so that the logs hold lines it does not know of.
      await until(() => lines("killed") > episodes && existsSync(at("killed", "checkpoint.previous.safetensors")));
      running.kill("SIGKILL");
      await running;
      expect(lines("killed")).toBeLessThan(lines("whole"));
      running = dsqn("train", "--resume", at("killed"));
    }
    expect((await running).exitCode).toBe(0);
    expectSame("killed");
  }, 300_000);

  it("goes on to the same curve after Ctrl-C, which says how", async () => {
    const running = dsqn("train", at("config.json"), "--out", at("stopped"));
    await until(() => lines("stopped") > 30);
    // While it lives, and be it asleep, nobody else goes on with it.
    running.kill("SIGSTOP");
    const second = await dsqn("train", "--resume", at("stopped"));
    running.kill("SIGCONT");
    expect([second.exitCode, JSON.parse(second.stdout)]).toMatchObject([1, { error: { code: "RUN_LOCKED" } }]);
    running.kill("SIGINT");
    const { exitCode, stdout } = await running;
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: "INTERRUPTED", hint: expect.stringContaining(`--resume ${at("stopped")}`) },
    });
    expect((await dsqn("train", "--resume", at("stopped"))).exitCode).toBe(0);
    expectSame("stopped");
  }, 300_000);

  it("refuses a damaged checkpoint, and goes on from the one before", async () => {
    mkdirSync(at("damaged"));
    for (const file of [
      "config.json",
      "progress.jsonl",
      "events.out.tfevents.0.dsqn",
      "checkpoint.safetensors",
      "checkpoint.previous.safetensors",
    ])
      copyFileSync(at("whole", file), at("damaged", file));
    // What kill -9 leaves in the middle of a write, and a file of the user's that looks a little like it.
    const [left, own] = [".last.safetensors.0123456789ab.tmp", ".notes.tmp"];
    for (const name of [left, own]) writeFileSync(at("damaged", name), "half");
    const log = readFileSync(at("damaged", "progress.jsonl"));
    truncateSync(at("damaged", "progress.jsonl"), log.length >> 1);
    const cut = await dsqn("train", "--resume", at("damaged"));
    expect(JSON.parse(cut.stdout)).toMatchObject({
      error: { code: "CHECKPOINT_INVALID", message: expect.stringContaining("progress.jsonl") },
    });
    writeFileSync(at("damaged", "progress.jsonl"), log);
    truncateSync(at("damaged", "checkpoint.safetensors"), 1000);
    const refused = await dsqn("train", "--resume", at("damaged"));
    expect(refused.exitCode).toBe(1);
    const previous = at("damaged", "checkpoint.previous.safetensors");
    expect(JSON.parse(refused.stdout)).toMatchObject({
      error: { code: "CHECKPOINT_INVALID", hint: expect.stringContaining(previous) },
    });
    expect((await dsqn("train", "--resume", previous)).exitCode).toBe(0);
    expectSame("damaged");
    expect([existsSync(at("damaged", left)), existsSync(at("damaged", own))]).toEqual([false, true]);
  }, 240_000);

  it("refuses the checkpoint of another run", async () => {
    mkdirSync(at("foreign"));
    writeFileSync(at("foreign", "config.json"), JSON.stringify({ ...config, gamma: 0.5 }));
    copyFileSync(at("whole", "checkpoint.safetensors"), at("foreign", "checkpoint.safetensors"));
    const { exitCode, stdout } = await dsqn("train", "--resume", at("foreign"));
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: "CHECKPOINT_INVALID", message: expect.stringContaining("another config") },
    });
  });
});

describe("dsqn train", () => {
  const failing = async (...args: string[]) => {
    const { exitCode, stdout } = await dsqn("train", ...args);
    return { exitCode, ...(JSON.parse(stdout) as { error: Record<string, unknown> }).error };
  };

  it.each([
    [["cartpole-dqm"], 2, "PRESET_UNKNOWN"],
    [["cartpole-dqn", "--set", "gama=1"], 2, "CONFIG_INVALID"],
    [["cartpole-dqn", "--seed", "x"], 2, "BAD_ARGUMENT"],
    [[], 2, "BAD_ARGUMENT"],
    [["dqn"], 2, "CONFIG_INVALID"],
    [["--resume", "somewhere", "--env", "CartPole-v1"], 2, "BAD_ARGUMENT"],
    [["--resume", "/nowhere/at/all"], 2, "RUN_NOT_FOUND"],
    [["cartpole-dqn", "--out", "/proc/nowhere"], 1, "RUN_FOLDER_UNWRITABLE"],
    [["cartpole-dqn", "--out", "package.json"], 2, "OUTPUT_TAKEN"],
  ])("%j exits %i with %s", async (args, exitCode, code) =>
    expect(await failing(...args)).toMatchObject({ exitCode, code }),
  );

  it("runs no Python module that a stranger's run names, unless it is named again", async () => {
    mkdirSync(at("stranger"));
    const stranger = { ...config, environment: { id: "evil:Evil-v0", count: 1 } };
    writeFileSync(at("stranger", "config.json"), JSON.stringify(stranger));
    expect(await failing("--resume", at("stranger"))).toMatchObject({
      exitCode: 2,
      code: "ENV_MISSING",
      hint: "If you trust it: --env evil:Evil-v0",
    });
    // Named again it is looked for, and isn't there.
    const named = (await failing("--resume", at("stranger"), "--env", "evil:Evil-v0")) as Record<string, unknown>;
    expect(named["message"]).toMatch(/evil/);
    expect(named["code"]).not.toBe("ENV_MISSING");
    expect(await failing("--resume", at("stranger"), "--env", "CartPole-v1")).toMatchObject({ code: "BAD_ARGUMENT" });
  });

  it.each(["config.json", "checkpoint.safetensors"])("does not wait for a pipe in place of %s", async (name) => {
    const run = at(`pipe-${name}`);
    mkdirSync(run);
    writeFileSync(join(run, "config.json"), JSON.stringify(config));
    rmSync(join(run, name), { force: true });
    execFileSync("mkfifo", [join(run, name)]);
    const code = name === "config.json" ? "FILE_UNREADABLE" : "CHECKPOINT_INVALID";
    expect(await failing("--resume", run)).toMatchObject({ exitCode: 1, code });
  });

  it("refuses a scaling of another length than observations", async () => {
    const scaling = 'scaling={"center":[0],"scale":[1]}';
    expect(await failing(at("config.json"), "--set", scaling, "--out", at("scaled"))).toMatchObject({
      exitCode: 2,
      code: "CONFIG_INVALID",
      message: expect.stringContaining("observations of CartPole-v1 have 4"),
    });
    expect(existsSync(at("scaled"))).toBe(false); // nothing stands in the way of a second try
  });

  it("refuses continuous actions, and a folder that holds a run", async () => {
    expect(
      await failing(at("config.json"), "--set", 'environment.id="Pendulum-v1"', "--out", at("pendulum")),
    ).toMatchObject({ exitCode: 1, code: "ACTIONS_NOT_DISCRETE" });
    expect(await failing(at("config.json"), "--out", at("whole"))).toMatchObject({ exitCode: 1, code: "RUN_EXISTS" });
  });

  it("takes a preset to another environment, without its target, by wrappers of Gymnasium", async () => {
    const small = ["steps=400", "replay.initial=100", "evaluation.every=200", "evaluation.episodes=2", "final.episodes=2"];
    const wrappers = 'environment.wrappers=[{"name":"TimeLimit","kwargs":{"max_episode_steps":20}}]';
    const { exitCode, stdout } = await dsqn(
      ...["train", "dqn", "--env", "Acrobot-v1", "--out", at("acrobot"), "--set", ...small, wrappers],
    );
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ env: "Acrobot-v1", final: { mean: -20 }, target: null });
    const { config } = JSON.parse(readFileSync(at("acrobot", "best.json"), "utf8")) as { config: DqnConfig };
    expect(config.environment.wrappers).toHaveLength(1);
    expect((config.scaling as Scaling).scale).toHaveLength(6); // as random play showed it
    // Another environment: nothing of CartPole's score is left that could end the run or count as success.
    const moved = await dsqn(
      ...["train", "cartpole-dqn", "--env", "MountainCar-v0", "--episodes", "2", "--out", at("moved"), "--set"],
      'scaling={"center":[0,0],"scale":[1,1]}',
      ...small.slice(1),
    );
    expect(JSON.parse(moved.stdout)).toMatchObject({ env: "MountainCar-v0", reached: true, target: null });
  }, 120_000);

  it("exits 1 and says so where the target is missed", async () => {
    const { exitCode, stdout, stderr } = await dsqn(
      "train",
      at("config.json"),
      "--episodes",
      "3",
      "--set",
      "final.target=400",
      "--out",
      at("missed"),
    );
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ reached: false, target: 400 });
    expect(stderr).toContain("TARGET_MISSED");
  });
});
