import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { referenceEngine } from "../../src/engines/reference/index.ts";
import { convolution } from "../../src/network/convolution.ts";
import { createDenseNetwork } from "../../src/network/create.ts";
import { assemble } from "../../src/network/fold.ts";
import { Random } from "../../src/numeric/random.ts";
import { exporter, portableTensors } from "../../src/formats/export.ts";
import type { ImportedArchitecture } from "../../src/formats/architecture.ts";
import { importNetwork } from "../../src/formats/import.ts";
import { encodeSafetensors } from "../../src/files/safetensors.ts";
import { type Tensor, tensor } from "../../src/files/tensor.ts";
import type { Network } from "../../src/network/network.ts";
import { decodeTorch } from "../../src/formats/torch.ts";
import { everyKind, normals, sketched, sketchedPieces } from "../fixtures/convolutional/networks.ts";

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

function expectTorch(network: Network, name: keyof typeof numbers): void {
  const { observations, outputs } = numbers[name];
  const ours = referenceEngine.load(network).run(Float64Array.from(observations)).outputs;
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
    ["other strides", { ...dqn, strides: [2, 2] }, "IMPORT_INVALID", "Layer 2 takes 20 inputs, but layer 1 has"],
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
  /** Of what was folded: no normalisation is left. */
  const folded = { ...pixels, layers: pixels.layers!.filter(({ kind }) => kind !== "batch-norm") };

  it.each(["safetensors", "npz"])("as %s come back by import", async (format) => {
    const { network } = await importNetwork(pixelsFile, { architecture: pixels });
    const path = join(folder, `again${exporter(format).extension}`);
    await exporter(format).write(network, path);
    expect((await importNetwork(path, { architecture: folded })).network).toEqual(network);
  });

  it("keep biases that differ from place to place", async () => {
    const network = sketched(
      [5, 4, 2],
      [
        { kind: "batch-norm" },
        { kind: "convolution", filters: 3, kernel: [3, 3], padding: "same" },
        { kind: "dense", outputs: 2 },
      ],
    );
    expect(network.layers[0].biases).toHaveLength(5 * 4 * 3);
    expect(portableTensors(network)["layers.0.bias"].shape).toEqual([3, 5, 4]);
    const path = join(folder, "places.safetensors");
    await exporter("safetensors").write(network, path);
    const architecture: ImportedArchitecture = { input: [5, 4, 2], inputScale: 1, padding: [1] };
    expect((await importNetwork(path, { architecture })).network).toEqual(network);
    await expect(exporter("layers-model").write(network, join(folder, "never"))).rejects.toMatchObject({
      code: "EXPORT_IMPOSSIBLE",
      message: "Layer 0 has a bias for each place, which no LayersModel has.",
    });
  });

  it("are refused with biases of any other number", async () => {
    const tensors = portableTensors((await importNetwork(dqnFile, { architecture: dqn })).network);
    const path = join(folder, "short.safetensors");
    await writeFile(path, encodeSafetensors({ ...tensors, "layers.0.bias": tensor(new Float32Array(5)) }));
    await expect(importNetwork(path, { architecture: dqn })).rejects.toMatchObject({
      code: "IMPORT_INVALID",
      message: expect.stringContaining("layers.0.bias has 5 values instead of"),
    });
  });

  it("hold kernels and lists as torch does", () => {
    const network = sketched([12, 11, 2], everyKind, 2);
    const tensors = portableTensors(network);
    expect(Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]))).toEqual({
      "layers.0.weight": [5, 2, 4, 3],
      "layers.0.bias": [5],
      "layers.1.weight": [6, 5, 2, 3],
      "layers.1.bias": [6],
      "layers.2.weight": [7, 24],
      "layers.2.bias": [7],
      "layers.3.weight": [3, 7],
      "layers.3.bias": [3],
    });
  });
});

describe("LayersModels", () => {
  it("come back as they were: every kind of layer and padding, and zeros by hand", async () => {
    const handmade: Network = sketched([12, 11, 2], everyKind, 2, 0.5);
    const { input, output, kernel, strides } = convolution([9, 9, 2], { filters: 3, kernel: [3, 3], strides: [2, 2] });
    const shifted = { input: [8, 8, 2], output, kernel, strides, padding: [1, 1] } as const;
    const odd: Network = assemble([8, 8, 2], 1, [
      {
        kind: "synapses",
        synapses: { kind: "convolution", ...shifted },
        weights: normals(54, new Random(1)),
        biases: normals(3, new Random(2)),
      },
      { kind: "relu" },
      ...sketchedPieces(output, [{ kind: "dense", outputs: 2 }]),
    ]);
    expect(input).toEqual([9, 9, 2]);
    for (const network of [handmade, odd, createDenseNetwork([4, 5, 3], new Random(1))]) {
      const path = join(folder, "layers-model");
      await exporter("layers-model").write(network, path);
      expect((await importNetwork(path)).network).toEqual(network);
    }
  });
});
