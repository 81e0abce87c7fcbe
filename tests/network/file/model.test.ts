import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convolution } from "../../../src/network/convolution.ts";
import { createDenseNetwork, type DenseLayer, type DenseNetwork } from "../../../src/network/old/dense-network.ts";
import { convert } from "../../../src/conversion/convert.ts";
import { writeFileAtomic } from "../../../src/files/atomic.ts";
import { decodeModel, encodeModel, loadModel, saveModel } from "../../../src/network/file/model.ts";
import { decodeSafetensors, encodeSafetensors } from "../../../src/files/safetensors.ts";
import { tensor, type Tensor } from "../../../src/files/tensor.ts";
import { Random } from "../../../src/numeric/random.ts";
import { createSpikingNetwork, type SpikingNetwork } from "../../../src/network/old/spiking-network.ts";
import { populationOf } from "../../../src/network/populations.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dsqn-model-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const dense = createDenseNetwork([4, 5, 3], new Random(1));
const plain = createSpikingNetwork([4, 5, 3], new Random(2), { biasInput: true, steps: 20 });
/** Every option away from its default, and different from layer to layer. */
const special: SpikingNetwork = {
  ...createSpikingNetwork([4, 5, 3], new Random(3), {
    signedInputs: true,
    encoding: "poisson",
    decoding: "first-spike",
    ties: "potential",
    steps: 7,
  }),
  layers: createSpikingNetwork([4, 5, 3], new Random(3)).layers.map((layer, l) => ({
    ...layer,
    biases: l === 0 ? Float32Array.of(1, 2, 3, 4, 5) : null,
    alpha: 0.1 + 0.2 * l,
    beta: 0.9 - 0.2 * l,
    threshold: 1.5 + l,
    reset: l === 0 ? "zero" : "subtraction",
    resetBy: 0.25 + l,
    initialPotential: l === 1 ? Float32Array.of(0.5, -0.5, 0) : null,
  })),
};

const normals = (n: number, seed: number): Float32Array => {
  const random = new Random(seed);
  return Float32Array.from({ length: n }, () => random.normal());
};
const layerOf = (inputs: number, outputs: number, seed: number): DenseLayer => ({
  inputs,
  outputs,
  weights: normals(inputs * outputs, seed),
  biases: normals(outputs, seed + 100),
});

describe("model files", () => {
  it.each([
    ["dense", dense],
    ["spiking", plain],
    ["with every option per layer", special],
  ] as const)("keep a network: %s", async (name, network) => {
    const path = join(folder, `${name}.safetensors`);
    const card = await saveModel(path, network, {
      environment: "CartPole-v1",
      method: "dqn",
      seed: 3,
      score: { mean: 500, std: 0, episodes: 100 },
    });
    const model = await loadModel(path);
    expect(model.network).toEqual(network);
    expect(model.card).toEqual(card);
    expect(model.card).toMatchObject({
      name,
      kind: network.kind,
      shape: [4 + Number(network === plain), 5, 3],
      sha256: model.sha256,
      environment: "CartPole-v1",
    });
  });

  it("hold dense weights as torch's Linear does, spiking ones as the original's", () => {
    const w: DenseNetwork = {
      kind: "dense",
      layers: [{ inputs: 2, outputs: 3, weights: Float32Array.of(1, 2, 3, 4, 5, 6), biases: new Float32Array(3) }],
    };
    const stored = decodeSafetensors(encodeModel(w)).tensors["layers.0.weight"];
    expect(stored).toEqual(tensor(Float32Array.of(1, 4, 2, 5, 3, 6), [3, 2]));
    expect(decodeSafetensors(encodeModel(plain)).tensors["layers.0.weight"].shape).toEqual([5, 5]);
  });

  it("hold the weights of a population once", () => {
    const dense = convert(
      { kind: "dense", layers: [layerOf(3, 5, 1), layerOf(5, 4, 2), layerOf(4, 2, 3)] },
      normals(3 * 20, 4),
      { population: 4, start: "half" },
    ).network;
    const image = convolution([6, 6, 2], { filters: 3, kernel: [3, 3] });
    const convolutional = convert(
      {
        kind: "convolutional",
        input: [6, 6, 2],
        inputScale: 1,
        layers: [
          {
            kind: "convolution",
            convolution: image,
            activation: "relu",
            weights: normals(54, 5),
            biases: normals(3, 6),
          },
          { kind: "max-pooling", window: convolution(image.output, { filters: 3, kernel: [2, 2], strides: [2, 2] }) },
          { kind: "dense", activation: "relu", ...layerOf(12, 5, 7) },
          { kind: "dense", activation: "linear", ...layerOf(5, 2, 8) },
        ],
      },
      normals(72 * 20, 9),
      { population: 2, start: "half" },
    ).network;
    const stored = (network: SpikingNetwork): (readonly number[])[] =>
      network.layers.map((_, l) => decodeSafetensors(encodeModel(network)).tensors[`layers.${l}.weight`].shape);
    expect(stored(dense)).toEqual([[3, 5], [5, 4], [4, 2]]); // prettier-ignore
    expect(stored(convolutional)).toEqual([[3, 3, 2, 3], [12, 5], [5, 2]]); // prettier-ignore
    for (const network of [dense, convolutional]) expect(decodeModel(encodeModel(network))).toEqual(network);
    const half = decodeModel(encodeModel(dense, { dtype: "float16" })) as SpikingNetwork;
    expect(half.layers.map(populationOf)).toEqual([4, 4, 1]);

    // A population whose neurons don't send the same: only its own synapses are equal.
    const uneven = { ...dense, layers: dense.layers.map((layer) => ({ ...layer, weights: layer.weights.slice() })) };
    uneven.layers[1].weights.fill(7, 0, uneven.layers[1].outputs);
    expect(stored(uneven)).toEqual([[3, 5], [20, 4], [4, 2]]); // prettier-ignore
    expect(decodeModel(encodeModel(uneven))).toEqual(uneven);
  });

  it("load without their card", async () => {
    const path = join(folder, "bare.safetensors");
    await writeFile(path, encodeModel(dense));
    expect(await loadModel(path)).toMatchObject({ network: dense, card: null });
  });

  it("refuse a card that belongs to another file", async () => {
    const path = join(folder, "swapped.safetensors");
    await saveModel(path, dense);
    await writeFile(path, encodeModel(plain));
    await expect(loadModel(path)).rejects.toMatchObject({ code: "MODEL_CHECKSUM" });
  });

  it("refuse a card that is none", async () => {
    const path = join(folder, "carded.safetensors");
    await saveModel(path, dense);
    await writeFile(join(folder, "carded.json"), "[]");
    await expect(loadModel(path)).rejects.toMatchObject({ code: "CARD_INVALID" });
  });

  it("name a file that isn't there, or is cut in half", async () => {
    await expect(loadModel(join(folder, "nowhere.safetensors"))).rejects.toMatchObject({
      code: "FILE_NOT_FOUND",
      message: expect.stringContaining("nowhere.safetensors"),
    });
    const path = join(folder, "half.safetensors");
    const bytes = encodeModel(dense);
    await writeFile(path, bytes.subarray(0, bytes.length / 2));
    await expect(loadModel(path)).rejects.toMatchObject({
      code: "SAFETENSORS_INVALID",
      message: expect.stringContaining("half.safetensors"),
    });
  });

  const tensors = decodeSafetensors(encodeModel(dense)).tensors;
  const spikingFile = decodeSafetensors(encodeModel(plain));
  const build = (
    changes: Record<string, Tensor | undefined>,
    metadata: Record<string, string> = { kind: "dense" },
    base = tensors,
  ): Uint8Array =>
    encodeSafetensors(
      Object.fromEntries(
        Object.entries({ ...base, ...changes }).filter((entry): entry is [string, Tensor] => entry[1] !== undefined),
      ),
      metadata,
    );
  const dynamics = JSON.parse(spikingFile.metadata.dynamics) as { layers: Record<string, unknown>[] };
  const withDynamics = (changes: object): Uint8Array =>
    build({}, { kind: "spiking", dynamics: JSON.stringify({ ...dynamics, ...changes }) }, spikingFile.tensors);
  const layerWith = (changes: object): Uint8Array =>
    withDynamics({ layers: [dynamics.layers[0], { ...dynamics.layers[1], ...changes }] });

  it.each([
    ["another kind", build({}, { kind: "recurrent" }), /kind "recurrent"/],
    ["no kind", build({}, {}), /kind undefined/],
    ["a missing bias", build({ "layers.1.bias": undefined }), /"layers.1.bias" is missing/],
    ["a tensor too many", build({ extra: tensor(new Float32Array(1)) }), /"extra" belongs to no layer/],
    [
      "layers that don't chain",
      build({ "layers.1.weight": tensor(new Float32Array(12), [3, 4]) }),
      /Layer 1 takes 4 inputs, but layer 0 has 5 outputs/,
    ],
    [
      "a bias of the wrong length",
      build({ "layers.1.bias": tensor(new Float32Array(4)) }),
      /layers.1.bias has 4 values instead of 3/,
    ],
    [
      "weights of one dimension",
      build({ "layers.0.weight": tensor(new Float32Array(20)) }),
      /"layers.0.weight" has shape \[20\]/,
    ],
    ["integer weights", build({ "layers.0.weight": tensor(new Int32Array(20), [5, 4]) }), /"layers.0.weight" is int32/],
    [
      "NaN weights",
      build({ "layers.1.weight": tensor(new Float32Array(15).fill(NaN, 7, 8), [3, 5]) }),
      /layers.1.weight holds NaN/,
    ],
    [
      "infinite biases",
      build({ "layers.0.bias": tensor(Float32Array.of(0, 0, Infinity, 0, 0)) }),
      /layers.0.bias holds Infinity at index 2/,
    ],
    ["no dynamics", build({}, { kind: "spiking" }, spikingFile.tensors), /lacks the spiking network's dynamics/],
    ["an unknown encoding", withDynamics({ encoding: "morse" }), /encoding/],
    ["0 steps", withDynamics({ steps: 0 }), /number of time steps is 0/],
    ["alpha above 1", layerWith({ alpha: 1.5 }), /Layer 1 has alpha 1.5/],
    ["negative beta", layerWith({ beta: -0.1 }), /Layer 1 has beta -0.1/],
    ["populations of none", layerWith({ populations: [0, 2] }), /layers.1.populations.0/],
    ["populations that don't chain", layerWith({ populations: [2, 1] }), /Layer 1 takes 10 inputs, but layer 0 has 5/],
    [
      "populations that would fill the memory",
      build(
        { "layers.1.weight": tensor(new Float32Array(5 * 40_000), [5, 40_000]) },
        {
          kind: "spiking",
          dynamics: JSON.stringify({
            ...dynamics,
            layers: [dynamics.layers[0], { ...dynamics.layers[1], populations: [64, 64] }],
          }),
        },
        spikingFile.tensors,
      ),
      /"layers.1.weight" with populations of 64 and 64 has over/,
    ],
    ["an unknown reset", layerWith({ reset: "hard" }), /layers.1.reset/],
  ])("refuse %s by name", (_name, bytes, message) => {
    expect(() => decodeModel(bytes, "bad.safetensors")).toThrow(
      expect.objectContaining({ code: "MODEL_INVALID", message: expect.stringMatching(message) }),
    );
    expect(() => decodeModel(bytes, "bad.safetensors")).toThrow(/^bad.safetensors: /);
  });

  it("are not written from a network that is wrong", () => {
    expect(() => encodeModel({ ...dense, layers: [] })).toThrow(expect.objectContaining({ code: "NETWORK_INVALID" }));
  });
});

describe("atomic writing", () => {
  it("leaves the old file and no rubbish when it fails", async () => {
    const path = join(folder, "atomic", "file.txt");
    await writeFileAtomic(path, "old");
    await expect(writeFileAtomic(join(path, "below-a-file"), "x")).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
    await expect(writeFileAtomic(path, 5 as unknown as string)).rejects.toMatchObject({ code: "FILE_UNWRITABLE" });
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(join(folder, "atomic"))).toEqual(["file.txt"]);
  });

  it("never shows a reader a part of a file", async () => {
    const path = join(folder, "race.txt");
    const contents = ["a", "b"].map((letter) => letter.repeat(300_000));
    await writeFileAtomic(path, contents[0]);
    const writing = (async () => {
      for (let i = 0; i < 20; i++) await writeFileAtomic(path, contents[i % 2]);
    })();
    for (let i = 0; i < 100; i++) expect(contents).toContain(await readFile(path, "utf8"));
    await writing;
  });

  (process.getuid?.() === 0 ? it.skip : it)(
    "says where it may not write (skipped as root, who may write anywhere)",
    async () => {
      const locked = await mkdtemp(join(folder, "locked-"));
      await chmod(locked, 0o500);
      await expect(writeFileAtomic(join(locked, "x"), "x")).rejects.toMatchObject({
        code: "FILE_UNWRITABLE",
        hint: expect.stringContaining("--out"),
      });
    },
  );
});
