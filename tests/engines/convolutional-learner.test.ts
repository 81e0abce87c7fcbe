// tier: python
import { beforeAll, describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { readyTfjs } from "../../src/setup/tfjs.mjs";
import { convolution, kernelSize, sizeOf } from "../../src/network/convolution.ts";
import { createNetwork, spikingNetwork } from "../../src/network/create.ts";
import { createTrainable } from "../../src/engines/create.ts";
import { Random } from "../../src/numeric/random.ts";

interface Findings {
  readonly gradients: { name: string; outputs: boolean; nonzero: number; error: number }[];
  readonly learning: { name: string; before: number; after: number; engine: number }[];
  readonly fineTuning: { before: number; after: number };
  readonly leaked: number;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const ready = readyTfjs();
if (!ready) process.stderr.write("tfjs-node is not set up (npm run setup -- --extras tfjs): its tests are skipped.\n");

describe("spiking networks with convolutions that learn", () => {
  it("are named when asked of the kernels", () => {
    const geometry = convolution([4, 4, 1], { filters: 2, kernel: [3, 3] });
    const network = spikingNetwork([
      { synapses: { kind: "convolution", ...geometry }, weights: new Float32Array(kernelSize(geometry)) },
      { synapses: { kind: "dense", inputs: sizeOf(geometry.output), outputs: 2 }, weights: new Float32Array(16) },
    ]);
    expect(() => createTrainable(network, { maxBatch: 1 })).toThrow(
      expect.objectContaining({ code: "TRAINING_NEEDS_TFJS", facts: { layer: 0 } }),
    );
  });

  it("and so are layers that have no ReLU between them", () => {
    const dense = createNetwork(
      [3],
      [4, 5, 2].map((outputs) => ({ kind: "dense", outputs })),
      new Random(1),
    );
    const layers = dense.layers.map((layer, l) =>
      l === 1 ? { ...layer, activation: { kind: "linear" } as const } : layer,
    );
    expect(() => createTrainable({ ...dense, layers }, { maxBatch: 1 })).toThrow(
      expect.objectContaining({ code: "LAYER_UNTRAINABLE", facts: { layer: 1 } }),
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

  it("equal the reference's, with either neuron, through convolutions and pooling", () => {
    expect(found.gradients).toHaveLength(18);
    for (const { name, outputs, nonzero, error } of found.gradients)
      expect({ name, outputs, some: nonzero > 0.3, same: error < 1e-5 }).toEqual({
        name,
        outputs: true,
        some: true,
        same: true,
      });
  });

  it("teach a small network to tell bars in noise apart, and the engine decides as it does", () => {
    expect(found.learning).toHaveLength(3);
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
