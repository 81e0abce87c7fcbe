// tier: python
import { beforeAll, describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { readyTfjs } from "../../../src/setup/tfjs.mjs";
import { convDqnSchema } from "../../../src/learning/algorithms/dqn-config.ts";
import { presets } from "../../../src/learning/presets/index.ts";

interface Report {
  readonly evaluations: number[];
  readonly updates: number;
  readonly saved: string[];
  readonly difference: number;
  readonly same: boolean;
}

const ready = readyTfjs();
if (!ready) process.stderr.write("tfjs-node is not set up (npm run setup -- --extras tfjs): its tests are skipped.\n");

const networks = [
  ["dense layers", { spiking: { hidden: [64], steps: 12, surrogateScale: 10 }, inputScale: 1 / 256 }],
  [
    "a convolution",
    {
      layers: [
        { kind: "convolution", filters: 8, kernel: [4, 4], strides: [2, 2] },
        { kind: "dense", outputs: 64 },
      ],
      spiking: { steps: 8, weightScale: 2, outputScale: 1 / 8, surrogateScale: 10 },
      inputScale: 1 / 256,
    },
  ],
] as const;

(ready ? describe : describe.skip).each(networks)(
  "a DSQN of %s on a small game of pixels (skipped without tfjs-node)",
  (_, network) => {
    let report: Report;
    beforeAll(() => {
      const program = "tests/learning/algorithms/spiking-catch-program.ts";
      const args = ["--import", "./scripts/register-ts.mjs", program, JSON.stringify(network)];
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
      expect(report.saved).toEqual([
        "curve",
        "chosen.0",
        "initial.0",
        "algorithm.online.0",
        "algorithm.target.0",
        "algorithm.moment0.0",
        "algorithm.moment1.0",
      ]));
  },
);

describe("configs of DSQNs on pixels", () => {
  it.each(["breakout-patel-dsqn"])("%s is one", async (name) => {
    const config = convDqnSchema.parse(await presets[name].load());
    expect(config).toMatchObject({ method: "pixel-dsqn", network: { spiking: { hidden: [1000], steps: 20 } } });
  });

  it("need a spiking network, and conv DQN one without spikes", async () => {
    const config = await presets["breakout-patel-dsqn"].load();
    const refusal = (changes: object): string | undefined =>
      convDqnSchema.safeParse({ ...config, ...changes }).error?.issues[0].message;
    expect(refusal({})).toBeUndefined();
    const spiking = { steps: 12 };
    expect(refusal({ network: { architecture: "small", spiking } })).toBeUndefined();
    const needs = 'needs either "model", or "spiking"';
    expect(refusal({ network: { architecture: "small" } })).toContain(needs);
    expect(refusal({ network: { spiking } })).toContain(needs);
    expect(refusal({ network: { model: "a.safetensors", spiking } })).toContain(needs);
    expect(refusal({ network: { architecture: "small", spiking: { ...spiking, hidden: [9] } } })).toContain(needs);
    expect(refusal({ network: { architecture: "small", spiking: { steps: 7 } } })).toContain("less than 8");
    const conv = 'needs one of "architecture", "layers", "model"';
    expect(refusal({ method: "conv-dqn" })).toContain(conv);
    expect(refusal({ method: "conv-dqn", network: { architecture: "small", spiking } })).toContain(conv);
  });
});
