import { beforeAll, describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { readyTfjs } from "../../src/setup/tfjs.mjs";
import { convolution, kernelSize, sizeOf } from "../../src/network/convolution.ts";
import { createTrainable } from "../../src/engines/create.ts";
import { createSpikingNetwork } from "../../src/network/old/spiking-network.ts";
import { Random } from "../../src/numeric/random.ts";

interface Findings {
  readonly gradients: { name: string; outputs: boolean; nonzero: number; error: number }[];
  readonly pooling: { outputs: boolean; gradients: number };
  readonly learning: { withPooling: boolean; before: number; after: number; engine: number }[];
  readonly fineTuning: { before: number; after: number };
  readonly leaked: number;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const ready = readyTfjs();
if (!ready) process.stderr.write("tfjs-node is not set up (npm run setup -- --extras tfjs): its tests are skipped.\n");

describe("spiking networks with convolutions that learn", () => {
  it("are named when asked of the kernels", () => {
    const geometry = convolution([4, 4, 1], { filters: 2, kernel: [3, 3] });
    const { layers, ...rest } = createSpikingNetwork([16, sizeOf(geometry.output), 2], new Random(1));
    const first = { ...layers[0], convolution: geometry, weights: new Float32Array(kernelSize(geometry)) };
    expect(() => createTrainable({ ...rest, layers: [first, layers[1]] }, { maxBatch: 1 })).toThrow(
      expect.objectContaining({ code: "TRAINING_NEEDS_TFJS", facts: { layer: 0 } }),
    );
  });
});

(ready ? describe : describe.skip)("surrogate gradients through convolutions (skipped without tfjs-node)", () => {
  let found: Findings;
  beforeAll(() => {
    const args = ["--import", "./scripts/register-ts.mjs", "tests/fixtures/convolutional/spiking.ts"];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    found = JSON.parse(stdout.trim().split("\n").at(-1)!) as Findings;
  }, 180_000);

  it("equal the reference's through the matrices that the convolutions stand for", () => {
    expect(found.gradients).toHaveLength(10);
    for (const { name, outputs, nonzero, error } of found.gradients)
      expect({ name, outputs, some: nonzero > 0.3, same: error < 1e-5 }).toEqual({
        name,
        outputs: true,
        some: true,
        same: true,
      });
  });

  it("pass max pooling, whose spikes are the engine's", () => {
    expect(found.pooling.outputs).toBe(true);
    expect(found.pooling.gradients).toBeGreaterThan(0.5);
  });

  it("teach a small network to tell bars in noise apart, and the engine decides as it does", () => {
    expect(found.learning.map(({ withPooling }) => withPooling)).toEqual([false, true]);
    for (const { before, after, engine } of found.learning) {
      expect(before).toBeLessThan(0.55);
      expect(after).toBeGreaterThan(0.8);
      expect(Math.abs(engine - after)).toBeLessThan(0.01);
    }
  });

  it("bring a converted convolutional network nearer to its source", () => {
    expect(found.fineTuning.after).toBeGreaterThan(found.fineTuning.before + 0.05);
  });

  it("leak no tensor", () => expect(found.leaked).toBe(0));
});
