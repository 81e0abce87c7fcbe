import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cartPoleTargets, misses, runCartPole } from "../../src/jobs/cartpole.ts";
import { leaningState } from "../../src/jobs/cartpole-evidence.ts";
import { pointLatest } from "../../src/jobs/latest.ts";
import { trainOrGoOn } from "../../src/jobs/cartpole-training.ts";
import { readTrainingLog } from "../../src/jobs/training-log.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "dsqn-jobs-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("what a run must reach", () => {
  const exact = { passed: true, mismatchedBins: 0, maxPotentialError: 0 };

  it("passes at the targets themselves", () => {
    expect(misses({ dqn: { mean: cartPoleTargets.dqn }, snn: { mean: 0.95 * cartPoleTargets.dqn } }, exact)).toEqual(
      [],
    );
  });

  it("names each target that was missed", () => {
    expect(misses({ dqn: { mean: 474.9 }, snn: { mean: 470 } }, exact)).toEqual([
      expect.stringContaining("474.9, below 475"),
    ]);
    expect(misses({ dqn: { mean: 500 }, snn: { mean: 474.9 } }, exact)).toEqual([
      expect.stringContaining("more than 5 % away"),
    ]);
    expect(misses({ dqn: { mean: 475 }, snn: { mean: 500 } }, exact)).toEqual([
      expect.stringContaining("more than 5 % away"),
    ]);
    expect(
      misses({ dqn: { mean: 500 }, snn: { mean: 500 } }, { passed: false, mismatchedBins: 1, maxPotentialError: 0 }),
    ).toEqual([expect.stringContaining("1 bins")]);
    expect(
      misses({ dqn: { mean: 1 }, snn: { mean: 100 } }, { passed: false, mismatchedBins: 9, maxPotentialError: 1 }),
    ).toHaveLength(3);
  });
});

describe("latest", () => {
  it("points at the newest run, relatively, so that the folder may move", () => {
    for (const name of ["first", "second"]) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "summary.json"), name);
      expect(pointLatest(join(folder, name))).toBe(join(folder, "latest"));
      expect(readFileSync(join(folder, "latest", "summary.json"), "utf8")).toBe(name);
    }
    expect(readlinkSync(join(folder, "latest"))).toBe("second");
  });

  it("leaves a folder of the user's alone", () => {
    mkdirSync(join(folder, "latest"));
    mkdirSync(join(folder, "run"));
    expect(pointLatest(join(folder, "run"))).toBeUndefined();
    expect(lstatSync(join(folder, "latest")).isDirectory()).toBe(true);
  });
});

describe("the training log", () => {
  it("separates episodes from evaluations, in order", () => {
    const lines = [
      { kind: "episode", episode: 0, return: 12 },
      { kind: "evaluation", episode: 1, mean: 30.5 },
      { kind: "episode", episode: 1, return: 14 },
    ];
    writeFileSync(join(folder, "progress.jsonl"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    expect(readTrainingLog(join(folder, "progress.jsonl"))).toEqual({
      returns: [12, 14],
      evaluations: [{ episode: 1, mean: 30.5 }],
    });
  });
});

describe("the leaning state", () => {
  it("is the one with the largest angle, and is described by its own numbers", () => {
    const { state, words } = leaningState(Float32Array.of(0, 0, 0.01, 0, -0.5, 0, -0.1, 0, 1, 0, 0.05, 0));
    expect(Array.from(state)).toEqual([-0.5, 0, Math.fround(-0.1), 0]);
    expect(words).toBe("the pole leans 5.7\u00b0 to the left, the cart 0.50 m left of the middle");
  });
});

describe("the training of an interrupted run", () => {
  const leave = (name: string, content: object): void => writeFileSync(join(folder, name), JSON.stringify(content));

  it("is taken as it is when it was finished", async () => {
    leave("config.json", { seed: 4 });
    leave("summary.json", { seed: 4, model: "best.safetensors" });
    for (const seed of [4, undefined])
      await expect(trainOrGoOn(folder, { seed })).resolves.toEqual({ seed: 4, model: "best.safetensors" });
  });

  it("is never continued from another seed", async () => {
    leave("config.json", { seed: 4 });
    await expect(trainOrGoOn(folder, { seed: 5 })).rejects.toMatchObject({ code: "RUN_EXISTS" });
  });
});

describe("runCartPole", () => {
  it("stops before it starts when it is told to, and says how to go on", async () => {
    const out = join(folder, "run");
    const run = runCartPole({ out, signal: AbortSignal.abort() });
    await expect(run).rejects.toMatchObject({ code: "INTERRUPTED", hint: expect.stringContaining(out) });
    expect(existsSync(join(out, "summary.json"))).toBe(false);
  });

  it("refuses a folder that holds a run, before it starts anything", async () => {
    writeFileSync(join(folder, "summary.json"), "{}");
    await expect(runCartPole({ out: folder })).rejects.toMatchObject({ code: "RUN_EXISTS" });
  });

  it("refuses a folder that can't be made", async () => {
    writeFileSync(join(folder, "file"), "");
    await expect(runCartPole({ out: join(folder, "file", "run") })).rejects.toMatchObject({
      code: "RUN_FOLDER_UNWRITABLE",
    });
    expect(existsSync(join(folder, "file", "run"))).toBe(false);
  });
});
