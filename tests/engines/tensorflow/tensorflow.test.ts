// tier: python
import { beforeAll, describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { readyTfjs } from "../../../src/setup/tfjs.mjs";

interface Findings {
  readonly forward: { name: string; error: number; leaked: number }[];
  readonly exported: { name: string; error: number; back: number; kind: string }[];
  readonly imported: { name: string; error: number; kind: string; form: string }[];
  readonly refusals: { name: string; code: string; message: string }[];
}

const root = fileURLToPath(new URL("../../..", import.meta.url));
const ready = readyTfjs();
if (!ready) process.stderr.write("tfjs-node is not set up (npm run setup -- --extras tfjs): its tests are skipped.\n");

(ready ? describe : describe.skip)("beside TensorFlow (skipped where tfjs-node is not set up)", () => {
  let found: Findings;
  beforeAll(() => {
    const args = ["--import", "./scripts/register-ts.mjs", "tests/fixtures/convolutional/tensorflow.ts"];
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
    found = JSON.parse(stdout.trim().split("\n").at(-1)!) as Findings;
  });

  it("networks that learn inside it compute the same there, and leak nothing", () => {
    expect(found.forward).toHaveLength(3);
    for (const { name, error, leaked } of found.forward)
      expect({ name, same: error < 1e-5, leaked }).toEqual({ name, same: true, leaked: 0 });
  });

  it("exported LayersModels predict what our networks compute, and come back as they were", () => {
    expect(found.exported.map(({ kind }) => kind)).toEqual([
      "convolutional",
      "convolutional",
      "convolutional",
      "convolutional",
      "dense",
    ]);
    for (const { name, error, back } of found.exported)
      expect({ name, same: error < 1e-5, back }).toEqual({ name, same: true, back: 0 });
  });

  it("LayersModels that it saved itself compute here what they predict there", () => {
    expect(found.imported.map(({ name }) => name)).toEqual([
      "rescaled, zero-padded, normalised",
      "globally pooled",
      "an image out of a vector",
      "a dense one",
      "functional",
    ]);
    for (const { name, error, form } of found.imported)
      expect({ name, same: error < 1e-5, form }).toEqual({ name, same: true, form: "layers-model" });
    expect(found.imported.find(({ name }) => name === "a dense one")!.kind).toBe("dense");
  });

  it("a layer that can't be taken is named, with why", () => {
    const why = Object.fromEntries(found.refusals.map(({ name, message }) => [name, message]));
    expect(new Set(found.refusals.map(({ code }) => code))).toEqual(new Set(["LAYER_UNSUPPORTED"]));
    expect(why).toEqual({
      dilated: 'layer "wide" (Conv2D) can\'t be taken: it is dilated.',
      softmax:
        'layer "policy" (Dense) can\'t be taken: the activation "softmax" has no spiking counterpart; leave it out: the best action stays the same.',
      recurrent: 'layer "memory" (LSTM) can\'t be taken: networks here have no counterpart of LSTM.',
      unflattened:
        'layer "everywhere" (Dense) can\'t be taken: it works on each position of an image; put a Flatten before it.',
      endless: 'layer "end" (Conv2D) can\'t be taken: the last layer must be Dense and linear: one value per action.',
      separable:
        'layer "cheap" (SeparableConv2D) can\'t be taken: networks here have no counterpart of SeparableConv2D.',
      limited:
        'layer "six" (ReLU) can\'t be taken: only the plain ReLU has a spiking counterpart (no max_value, slope or threshold).',
      branched: expect.stringMatching(/^layer "(value|advantage)" \(Dense\) can't be taken: networks here are chains/),
    });
  });
});
