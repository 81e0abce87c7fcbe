import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { referenceConvolutionalForward } from "../../src/engines/reference/convolutional.ts";
import type { ConvolutionalNetwork } from "../../src/network/old/convolutional-network.ts";
import { exporter, portableTensors } from "../../src/formats/export.ts";
import type { ImportedArchitecture } from "../../src/formats/import-convolutional.ts";
import { importNetwork } from "../../src/formats/import.ts";
import { encodeSafetensors } from "../../src/files/safetensors.ts";
import type { Tensor } from "../../src/files/tensor.ts";
import { decodeTorch } from "../../src/formats/torch.ts";
import { everyKind, sketched } from "../fixtures/convolutional/networks.ts";

// Written by torch_numbers.py there, with torch itself.
const fixtures = fileURLToPath(new URL("../fixtures/convolutional/", import.meta.url));
const dqnFile = join(fixtures, "dqn.pt");
const pixelsFile = join(fixtures, "pixels.pt");

let folder: string;
let numbers: Record<"dqn" | "pixels", { observations: number[]; outputs: number[] }>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dsqn-torch-conv-"));
  numbers = JSON.parse(await readFile(join(fixtures, "torch.json"), "utf8")) as typeof numbers;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function expectTorch(network: unknown, name: keyof typeof numbers): void {
  const { observations, outputs } = numbers[name];
  const ours = referenceConvolutionalForward(network as ConvolutionalNetwork, Float64Array.from(observations));
  expect(ours).toHaveLength(outputs.length);
  ours.forEach((value, k) => expect(Math.abs(value - outputs[k])).toBeLessThan(1e-6));
}

const dqn: ImportedArchitecture = { input: [18, 20, 4], strides: [3, 2] };
const pixels: ImportedArchitecture = {
  input: [9, 7, 3],
  inputScale: 1,
  layers: [
    { kind: "convolution", strides: [2, 1], padding: [1, 0] },
    { kind: "batch-norm" },
    { kind: "max-pooling", kernel: 2, strides: [1, 2], padding: [0, 1] },
    { kind: "convolution", padding: 1 },
    { kind: "average-pooling", kernel: [2, 1] },
    { kind: "dense" },
    { kind: "dense" },
  ],
};

describe("torch's convolutional networks", () => {
  it("compute here what they compute there: Mnih's layout, from a state_dict", async () => {
    const { network, form, tensors } = await importNetwork(dqnFile, { architecture: dqn });
    expect({ form, first: tensors[0] }).toEqual({
      form: "state_dict",
      first: { name: "network.0.weight", shape: [6, 4, 5, 5] },
    });
    expectTorch(network, "dqn");
  });

  it("and with pooling, padding and batch normalisation", async () => {
    expectTorch((await importNetwork(pixelsFile, { architecture: pixels })).network, "pixels");
  });

  it("are ordered by kind and number where the file has no order", async () => {
    const named = Object.fromEntries(decodeTorch(await readFile(pixelsFile), "") as Map<string, Tensor>);
    const file = join(folder, "pixels.safetensors");
    const sorted = Object.fromEntries(
      Object.keys(named)
        .sort()
        .map((name) => [name, named[name]]),
    );
    await writeFile(file, encodeSafetensors(sorted));
    expectTorch((await importNetwork(file, { architecture: pixels })).network, "pixels");
  });

  it("see the image of the first dense layer in their own order: taken as ours, they compute something else", async () => {
    const { network } = await importNetwork(dqnFile, { architecture: { ...dqn, flatten: "hwc" } });
    expect(() => expectTorch(network, "dqn")).toThrow();
  });

  it.each<[string, ImportedArchitecture | undefined, string, string]>([
    ["no image", undefined, "ARCHITECTURE_MISSING", "but not over which image"],
    [
      "another image",
      { ...dqn, input: [18, 20, 3] },
      "IMPORT_INVALID",
      '"network.0" takes 4 channels, but its input is 18 x 20 x 3',
    ],
    [
      "other strides",
      { ...dqn, strides: [2, 2] },
      "IMPORT_INVALID",
      "Layer 2 (dense) takes 20 values, but layer 1 puts out",
    ],
    ["other layers", { ...dqn, layers: [{ kind: "dense" }] }, "IMPORT_INVALID", 'convolution "network.0"'],
    ["no sense", { ...dqn, input: [0, 1, 1] }, "BAD_ARGUMENT", "The architecture's input.0"],
  ])("are refused with %s", async (_, architecture, code, message) => {
    await expect(importNetwork(dqnFile, { architecture })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });
});

describe("exports of convolutional networks", () => {
  it.each(["safetensors", "npz"])("as %s come back by import", async (format) => {
    const { network } = await importNetwork(pixelsFile, { architecture: pixels });
    const path = join(folder, `again${exporter(format).extension}`);
    await exporter(format).write(network, path);
    expect((await importNetwork(path, { architecture: pixels })).network).toEqual(network);
  });

  it("hold kernels, lists and batch normalisations as torch does", () => {
    const network = sketched([12, 11, 2], everyKind, 2);
    const tensors = portableTensors(network);
    expect(Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]))).toMatchObject({
      "layers.0.weight": [5, 2, 4, 3],
      "layers.1.running_var": [5],
      "layers.5.weight": [7, 24],
      "layers.6.weight": [7],
    });
    // Torch's epsilon is another: the standard deviation is the same.
    const { variance } = network.layers[1] as { variance: Float32Array };
    const stored = tensors["layers.1.running_var"].data as Float32Array;
    stored.forEach((v, c) => expect(v + 1e-5).toBeCloseTo(variance[c] + 1e-3, 6));
  });
});
