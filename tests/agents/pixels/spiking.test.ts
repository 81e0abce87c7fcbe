import { beforeAll, describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { readyTfjs } from "../../../scripts/setup/tfjs.mjs";
import { convDqnSchema } from "../../../src/agents/pixels/config.ts";
import { presets } from "../../../src/presets/index.ts";

interface Report {
  readonly evaluations: number[];
  readonly updates: number;
  readonly saved: string[];
  readonly difference: number;
  readonly same: boolean;
}

const ready = readyTfjs();
if (!ready) process.stderr.write("tfjs-node is not set up (npm run setup -- --extras tfjs): its tests are skipped.\n");

(ready ? describe : describe.skip)("a DSQN on a small game of pixels (skipped without tfjs-node)", () => {
  let report: Report;
  beforeAll(() => {
    const args = ["--import", "./scripts/register-ts.mjs", "tests/agents/pixels/spiking-program.ts"];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    report = JSON.parse(stdout.trim().split("\n").at(-1)!) as Report;
  }, 300_000);

  it("learns to catch balls", () => {
    // Chance catches one ball in four, and is out after two misses: 0.7 on average.
    expect(report.evaluations).toHaveLength(4);
    expect(Math.max(...report.evaluations)).toBeGreaterThan(2.2);
    expect(report.updates).toBeGreaterThan(2500);
  });

  it("saves a network that takes bytes as they are, and decides in the engine as it learned to", () => {
    expect(report.difference).toBeLessThan(1e-5);
    expect(report.same).toBe(true);
  });

  it("checkpoints all that it needs", () =>
    expect(report.saved).toEqual(["online.0", "target.0", "moment0.0", "moment1.0", "chosen.0", "initial.0"]));
});

describe("configs of DSQNs on pixels", () => {
  it.each(["breakout-patel-dsqn", "breakout-patel-dsqn-original"])("%s is one", async (name) => {
    const config = convDqnSchema.parse(await presets[name].load());
    expect(config).toMatchObject({ method: "pixel-dsqn", network: { spiking: { hidden: [1000], steps: 20 } } });
  });

  it("need a spiking network, and conv DQN one without spikes", async () => {
    const config = await presets["breakout-patel-dsqn"].load();
    const refusal = (changes: object): string | undefined =>
      convDqnSchema.safeParse({ ...config, ...changes }).error?.issues[0].message;
    expect(refusal({})).toBeUndefined();
    expect(refusal({ network: { architecture: "small" } })).toContain('needs one of "spiking", "model"');
    expect(refusal({ method: "conv-dqn" })).toContain('needs one of "architecture", "layers", "model"');
  });
});
