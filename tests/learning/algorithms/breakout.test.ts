// tier: python
import { afterAll, describe, expect, it } from "@jest/globals";
import { execa } from "execa";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModel } from "../../../src/network/file/model.ts";
import { presets } from "../../../src/learning/presets/index.ts";

const supported = process.platform === "linux" && process.arch === "x64";
/** tfjs-node is set up on 64-bit x86 Linux only (TFJS_UNSUPPORTED). */
const here = supported ? describe : describe.skip;

here("dsqn train breakout-dqn (skipped but on 64-bit x86 Linux: tfjs-node)", () => {
  const folder = mkdtempSync(join(tmpdir(), "dsqn-breakout-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const dsqn = (...args: string[]) =>
    execa("node", ["scripts/dsqn.mjs", "train", ...args, "--json"], { reject: false });
  const small = [
    "steps=400",
    "replay.capacity=600",
    "replay.initial=100",
    "environment.count=2",
    "environment.maxSteps=40",
  ];
  const tests = ["evaluation.every=200", "evaluation.episodes=2", "final.episodes=3", "checkpointSeconds=0"];

  it("trains on the real game, saves its networks with cards, and can be gone on with", async () => {
    const run = join(folder, "run");
    const { exitCode, stdout, stderr } = await dsqn(
      "breakout-dqn",
      "--seed",
      "4",
      "--out",
      run,
      "--set",
      ...small,
      ...tests,
    );
    // 400 steps do not reach the target.
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("TARGET_MISSED") });
    const summary = JSON.parse(stdout) as Record<string, unknown>;
    expect(summary).toMatchObject({
      env: "Breakout",
      method: "conv-dqn",
      seed: 4,
      environmentSteps: 400,
      final: { episodes: 3 },
      model: join(run, "best.safetensors"),
    });
    expect(summary.gradientSteps).toBeGreaterThan(20);
    const log = readFileSync(join(run, "progress.jsonl"), "utf8").trim().split("\n");
    const kinds = log.map((line) => (JSON.parse(line) as { kind: string }).kind);
    expect(kinds.filter((kind) => kind === "evaluation")).toHaveLength(2);
    expect(kinds).toContain("episode");
    const { network, card } = await loadModel(join(run, "best.safetensors"));
    expect(network).toMatchObject({ input: [84, 84, 4], inputScale: 1 / 255 });
    expect(card).toMatchObject({ environment: "Breakout", method: "conv-dqn", score: { episodes: 3, epsilon: 0.01 } });
    for (const file of ["initial.safetensors", "last.safetensors", "events.out.tfevents.0.dsqn", "summary.json"])
      expect(existsSync(join(run, file))).toBe(true);

    // Nothing is left to do: the same end once more, from the last checkpoint, the games brought back to where they were.
    const again = await dsqn("--resume", run);
    expect(again.exitCode).toBe(1);
    const { seconds: _, chosen: __, ...same } = JSON.parse(again.stdout) as Record<string, unknown>;
    expect(summary).toMatchObject(same);
  }, 240_000);

  it("goes on from a model's weights, if it fits", async () => {
    const model = join(folder, "run", "best.safetensors");
    const start = (name: string, ...set: string[]) =>
      dsqn(join(folder, "from-model.json"), "--out", join(folder, name), "--set", ...small, ...tests, ...set);
    const { network: _, ...rest } = (await presets["breakout-dqn"].load()) as { network: object };
    writeFileSync(join(folder, "from-model.json"), JSON.stringify({ ...rest, network: { model } }));
    expect((await start("from-model", "steps=20", "final.episodes=1")).exitCode).toBe(1);
    const [before, initial] = [
      await loadModel(model),
      await loadModel(join(folder, "from-model", "initial.safetensors")),
    ];
    expect(initial.network).toEqual(before.network);
    const { exitCode, stderr } = await start("misfit", "environment.preprocessing=patel");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("MODEL_DOES_NOT_FIT");
  }, 240_000);

  it("says before training that a memory is too large, and which would fit", async () => {
    const out = join(folder, "large");
    const { exitCode, stderr } = await dsqn("breakout-dqn", "--out", out, "--set", "replay.capacity=1000000000");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("REPLAY_TOO_LARGE");
    expect(stderr).toMatch(/--set replay\.capacity=\d+/);
    expect(existsSync(join(out, "replay.frames"))).toBe(false);
  });

  it("names what is wrong in a config", async () => {
    const { exitCode, stderr } = await dsqn("breakout-dqn", "--set", "environment.preprocessing=natur");
    expect(exitCode).toBe(2);
    expect(stderr).toContain("environment.preprocessing");
  });
});
