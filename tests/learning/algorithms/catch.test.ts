// tier: python
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convDqnSchema } from "../../../src/learning/algorithms/dqn-config.ts";
import { presets } from "../../../src/learning/presets/index.ts";
import { program, type Report } from "./killed-run.ts";

const supported = process.platform === "linux" && process.arch === "x64";
/** tfjs-node is set up on 64-bit x86 Linux only (TFJS_UNSUPPORTED). */
const here = supported ? describe : describe.skip;

here("a conv DQN on a small game (skipped but on 64-bit x86 Linux: tfjs-node)", () => {
  const folder = mkdtempSync(join(tmpdir(), "dsqn-pixels-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const run = (mode: string) => program("catch-program.ts", folder, mode);
  let whole: Report;
  beforeAll(async () => {
    whole = JSON.parse((await run("whole")).stdout) as Report;
  }, 240_000);

  it("learns to catch six balls of six", () => {
    expect(whole.evaluations.map(({ environmentSteps }) => environmentSteps)).toEqual([2500, 5000, 7500, 10000]);
    // Chance catches one ball in four, and is out after two misses.
    expect(whole.best).toBeGreaterThan(5);
    expect(whole.updates).toBeGreaterThan(2000);
  });

  it("ends early once an evaluation is confirmed, as over lists of values", async () => {
    const stopped = JSON.parse((await run("stopped")).stdout) as Report;
    expect(stopped.confirmed).toBe(true);
    expect(stopped.updates).toBeLessThan(whole.updates);
    expect(stopped.games).toEqual(whole.games.slice(0, stopped.games.length));
  }, 240_000);

  it("goes on after kill -9 to the same games, the same scores and the same weights", async () => {
    expect((await run("killed")).signal).toBe("SIGKILL");
    const resumed = JSON.parse((await run("resumed")).stdout) as Report;
    expect(resumed.marks).toBeGreaterThan(20);
    expect(resumed.games).toEqual(whole.games.slice(resumed.marks));
    expect(resumed.evaluations).toEqual(whole.evaluations);
    expect(resumed.updates).toBe(whole.updates);
    expect(resumed.weights).toEqual(whole.weights);
  }, 240_000);

  it("does not go on without the frames of its memory", async () => {
    truncateSync(join(folder, "replay.frames"), 1000);
    const { exitCode, stderr } = await run("resumed");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("CHECKPOINT_INVALID");
  });
});

describe("presets of Breakout", () => {
  it.each(["breakout-dqn", "breakout-dqn-nature"])("%s is a config", async (name) => {
    const config = convDqnSchema.parse(await presets[name].load());
    expect(config.environment.game).toBe("Breakout");
  });

  it("are refused with a memory that cannot hold what learning starts from, or without a network", () => {
    const wrong = (changes: object) =>
      presets["breakout-dqn"].load().then((config) => convDqnSchema.safeParse({ ...config, ...changes }).success);
    return expect(
      Promise.all([
        wrong({}),
        wrong({ replay: { capacity: 1000, initial: 2000 } }),
        wrong({ network: {} }),
        wrong({ network: { architecture: "small", layers: [] } }),
      ]),
    ).resolves.toEqual([true, false, false, false]);
  });
});
