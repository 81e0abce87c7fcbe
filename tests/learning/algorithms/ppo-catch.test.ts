// tier: python
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pixelPpoSchema } from "../../../src/learning/algorithms/ppo-config.ts";
import { presets } from "../../../src/learning/presets/index.ts";
import { program, type Report } from "./killed-run.ts";

const supported = process.platform === "linux" && process.arch === "x64";
/** tfjs-node is set up on 64-bit x86 Linux only (TFJS_UNSUPPORTED). */
const here = supported ? describe : describe.skip;

const folder = mkdtempSync(join(tmpdir(), "dsqn-ppo-pixels-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const run = (changes: object, mode: string) => program("ppo-catch-program.ts", folder, JSON.stringify(changes), mode);
const layers = [
  { kind: "convolution", filters: 8, kernel: [4, 4], strides: [2, 2] },
  { kind: "dense", outputs: 48 },
];
const lif = { neuron: "lif", steps: 2, weightScale: 2, surrogateScale: 3 };
const networks = [
  ["a convolutional network", { network: { layers } }, 4],
  // Its teacher is what the first one has learned; it is heard for half of the time.
  [
    "a spiking one, which has a teacher",
    {
      network: { layers, spiking: lif, inputScale: 1 / 256 },
      teacher: {
        model: join(folder, "teacher.safetensors"),
        weight: { kind: "linear", start: 1, end: 0, steps: 12_000 },
      },
    },
    3,
  ],
] as const;

here.each(networks)("ppo of %s on a small game (skipped but on 64-bit x86 Linux: tfjs-node)", (_, changes, least) => {
  let whole: Report & { outputs: number };
  beforeAll(async () => {
    const { stdout, stderr } = await run(changes, "whole");
    if (stdout === "") throw new Error(stderr);
    whole = JSON.parse(stdout) as typeof whole;
  }, 300_000);

  it("learns to catch balls, and saves a policy", () => {
    expect(whole.evaluations.map(({ environmentSteps }) => environmentSteps)).toEqual([6000, 12_000, 18_000, 24_000]);
    // Chance catches one ball in four, and is out after two misses; there is time for five balls.
    expect(whole.best).toBeGreaterThan(least);
    expect(whole.outputs).toBe(2 * 3);
    expect(whole.updates).toBe(187 * 4 * 4);
  });

  it("goes on after kill -9 to the same games, the same scores and the same weights", async () => {
    expect((await run(changes, "killed")).signal).toBe("SIGKILL");
    const resumed = JSON.parse((await run(changes, "resumed")).stdout) as Report;
    expect(resumed.marks).toBeGreaterThan(20);
    expect(resumed.games).toEqual(whole.games.slice(resumed.marks));
    expect(resumed.evaluations).toEqual(whole.evaluations);
    expect(resumed.weights).toEqual(whole.weights);
  }, 300_000);
});

describe("configs of PPO over frames", () => {
  it("are what the presets are", async () => {
    for (const name of ["breakout-ppo", "breakout-ppo-on", "breakout-spiking-ppo"])
      expect(pixelPpoSchema.parse(await presets[name].load()).environment.game).toBe("Breakout");
  });

  it.each([
    [{ network: {} }, "network"],
    [{ network: { architecture: "small", model: "a" } }, "network"],
    [{ network: { model: "a", spiking: lif } }, "network.spiking"],
    [{ network: { architecture: "small", learning: {} } }, "network.learning"],
    [{ network: { architecture: "small", outputs: "action-values" } }, "network.outputs"],
    [{ network: { architecture: "small", spiking: { steps: 3 } } }, "network.spiking.steps"],
    [{ network: { architecture: "small", spiking: { ...lif, learn: ["beta"] } } }, "network.spiking.learn"],
    [{ minibatches: 3 }, "minibatches"],
  ])("are refused with %j", async (changes, field) => {
    const config = await presets["breakout-ppo"].load();
    const { error } = pixelPpoSchema.safeParse({ ...config, ...changes });
    expect(error?.issues[0].path.join(".")).toBe(field);
  });
});
