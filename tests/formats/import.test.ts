import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createDenseNetwork,
  createSpikingNetwork,
  spikingNetwork,
  type SpikingOptions,
} from "../../src/network/create.ts";
import { linear, relu } from "../../src/network/layer.ts";
import { kindOf, type Network } from "../../src/network/network.ts";
import { neuron } from "../../src/network/neurons/index.ts";
import { exporter, exportFormats } from "../../src/formats/export.ts";
import { importNetwork } from "../../src/formats/import.ts";
import { encodeModel, saveModel } from "../../src/network/file/model.ts";
import { encodeNpz } from "../../src/formats/npz.ts";
import { encodeSafetensors } from "../../src/files/safetensors.ts";
import { tensor } from "../../src/files/tensor.ts";
import { Random } from "../../src/numeric/random.ts";
import { dictOf, legacyFile, listOf, op, torchTensor, tupleOf } from "./pickles.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dsqn-import-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const w = [Float32Array.from({ length: 6 }, (_, k) => k), Float32Array.of(6, 7, 8, 9)];
const b = [Float32Array.of(0.5, 0.25), Float32Array.of(1, 2)];
const storages = { w0: w[0], w1: w[1], b0: b[0], b1: b[1] };
const W0 = torchTensor("w0", 6, [2, 3], [3, 1]); // [outputs 2, inputs 3]
const W1 = torchTensor("w1", 4, [2, 2], [2, 1]);
const B = [torchTensor("b0", 2, [2], [1]), torchTensor("b1", 2, [2], [1])];
const V0 = torchTensor("w0", 6, [3, 2], [1, 3]); // the same as [inputs 3, outputs 2], transposed by its strides

async function file(name: string, bytes: Uint8Array): Promise<string> {
  await writeFile(join(folder, name), bytes);
  return join(folder, name);
}

const synapses = (inputs: number, outputs: number) => ({ kind: "dense", inputs, outputs }) as const;
const dense: Network = {
  input: [3],
  inputScale: 1,
  layers: [
    { synapses: synapses(3, 2), weights: Float32Array.of(0, 3, 1, 4, 2, 5), biases: b[0], activation: relu },
    { synapses: synapses(2, 2), weights: Float32Array.of(6, 8, 7, 9), biases: b[1], activation: linear },
  ],
};
const spiking = (biases: boolean, options: SpikingOptions): Network =>
  spikingNetwork(
    [
      { synapses: synapses(3, 2), weights: Float32Array.of(0, 3, 1, 4, 2, 5), biases: biases ? b[0] : null },
      { synapses: synapses(2, 2), weights: w[1], biases: biases ? b[1] : null },
    ],
    options,
  );

describe("import of the original's four forms", () => {
  it.each([
    [
      "layers.i",
      dictOf({ "layers.0.weight": W0, "layers.0.bias": B[0], "layers.1.weight": W1, "layers.1.bias": B[1] }, true),
      storages,
    ],
    ["l1, l2", dictOf({ "l1.weight": W0, "l1.bias": B[0], "l2.weight": W1, "l2.bias": B[1] }), storages],
  ])("a state_dict with %s is dense", async (name, object, data) => {
    const { network, tensors, form } = await importNetwork(await file(`${name}.pt`, legacyFile(object, data)));
    expect(network).toEqual(dense);
    expect(form).toBe("state_dict");
    expect(tensors.map(({ shape }) => shape)).toEqual([[2, 3], [2], [2, 2], [2]]);
  });

  it("a tuple with biases is spiking, 100 steps, strides honoured", async () => {
    const path = await file("tuple.pt", legacyFile(tupleOf([listOf([V0, W1]), listOf(B)]), storages));
    expect((await importNetwork(path)).network).toEqual(spiking(true, { steps: 100 }));
  });

  it.each([
    ["a tuple without biases", tupleOf([listOf([V0, W1]), op.none])],
    ["a tuple with a list of None", tupleOf([listOf([V0, W1]), listOf([op.none, op.none])])],
    ["a list of weights", listOf([V0, W1])],
  ])("%s is spiking with a constant input, 20 steps", async (name, object) => {
    const path = await file(`${name}.pt`, legacyFile(object, { w0: w[0], w1: w[1] }));
    expect((await importNetwork(path)).network).toEqual(spiking(false, { steps: 20, biasInput: true }));
    expect((await importNetwork(path, { observationSize: 3 })).network).toMatchObject({
      coding: { biasInput: false },
    });
    const options: SpikingOptions = { biasInput: false, neuron: neuron("lif", { threshold: 0.5 }), steps: 7 };
    expect((await importNetwork(path, { spiking: options })).network).toEqual(spiking(false, options));
    await expect(importNetwork(path, { observationSize: 4 })).rejects.toMatchObject({ code: "OBSERVATION_MISMATCH" });
  });

  it.each([
    ["a number", op.int(5)],
    ["a tuple of three", tupleOf([listOf([V0]), op.none, op.none])],
    ["more biases than weights", tupleOf([listOf([V0]), listOf(B)])],
    ["a vector as weight", dictOf({ "l1.weight": torchTensor("w0", 6, [6], [1]), "l1.bias": B[0] })],
    ["a tensor that belongs nowhere", dictOf({ "l1.weight": W0, "l1.bias": B[0], "running_mean": B[1] })],
  ])("%s is refused", async (name, object) => {
    const used = Object.fromEntries(
      Object.entries(storages).filter(([key]) => Buffer.from(object).includes(Buffer.from(op.unicode(key)))),
    );
    await expect(importNetwork(await file(`bad ${name}.pt`, legacyFile(object, used)))).rejects.toMatchObject({
      code: "IMPORT_INVALID",
    });
  });
});

describe("import of npz and safetensors", () => {
  it("tells dense from spiking by how the layers chain, and asks where both do", async () => {
    const arrays = { W0: tensor(w[0], [2, 3]), b0: tensor(b[0]), W1: tensor(w[1], [2, 2]), b1: tensor(b[1]) };
    expect((await importNetwork(await file("dense.npz", encodeNpz(arrays)))).network).toEqual(dense);
    const turned = await file(
      "spiking.npz",
      encodeNpz({ ...arrays, W0: tensor(Float32Array.of(0, 3, 1, 4, 2, 5), [3, 2]) }),
    );
    expect((await importNetwork(turned)).network).toEqual(spiking(true, { steps: 100 }));
    const square = await file("square.npz", encodeNpz({ W0: arrays.W1, b0: arrays.b0, W1: arrays.W1, b1: arrays.b1 }));
    await expect(importNetwork(square)).rejects.toMatchObject({ code: "KIND_UNKNOWN" });
    expect(kindOf((await importNetwork(square, { kind: "dense" })).network)).toBe("dense");
  });

  it("reads float64 arrays, orders layers by number, and names what is not finite", async () => {
    const wide = Object.fromEntries(
      Array.from({ length: 11 }, (_, l) => [
        `W${l}`,
        tensor(Float64Array.of(l + 0.5, 1, 2, 3, 4, 5).subarray(0, l === 0 ? 6 : 4), l === 0 ? [3, 2] : [2, 2]),
      ]),
    );
    const { network } = await importNetwork(await file("deep.npz", encodeNpz(wide)));
    expect(network.layers.map(({ weights }) => weights[0])).toEqual(Array.from({ length: 11 }, (_, l) => l + 0.5));
    const nan = await file("nan.npz", encodeNpz({ W0: tensor(Float32Array.of(1, NaN, 1, 1, 1, 1), [3, 2]) }));
    await expect(importNetwork(nan)).rejects.toMatchObject({
      code: "IMPORT_INVALID",
      message: expect.stringContaining("layers.0.weight holds NaN"),
    });
  });

  it("takes a folder for the model in it, and says when there is none", async () => {
    const inner = join(folder, "inner");
    await mkdir(inner);
    await expect(importNetwork(inner)).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    await writeFile(join(inner, "model.pt"), legacyFile(listOf([V0, W1]), { w0: w[0], w1: w[1] }));
    expect((await importNetwork(inner)).source).toBe(join(inner, "model.pt"));
  });

  it("knows files by their content, and by their extension where they are damaged", async () => {
    const arrays = { W0: tensor(w[0], [2, 3]), b0: tensor(b[0]), W1: tensor(w[1], [2, 2]), b1: tensor(b[1]) };
    expect(await importNetwork(await file("npz-named.pt", encodeNpz(arrays)))).toMatchObject({
      form: "npz",
      network: dense,
    });
    const torch = legacyFile(listOf([V0, W1]), { w0: w[0], w1: w[1] });
    expect((await importNetwork(await file("torch-named", torch))).form).toBe("list of weights");
    const own = await file("own-named.bin", encodeModel(dense));
    expect(await importNetwork(own)).toMatchObject({ form: "dsqn", network: dense });
    const cut = encodeNpz(arrays).subarray(0, 100);
    await expect(importNetwork(await file("cut.npz", cut))).rejects.toMatchObject({ code: "NPZ_INVALID" });
    await expect(importNetwork(await file("model.xyz", new Uint8Array(9)))).rejects.toMatchObject({
      code: "FORMAT_UNKNOWN",
      hint: expect.stringContaining(".safetensors"),
    });
  });

  it.each([
    ["rows of nothing", [2 ** 53 - 1, 0]],
    ["columns of nothing", [0, 2 ** 40]],
    ["kernels of nothing", [0, 2 ** 31, 2 ** 31, 2 ** 31]],
  ])("refuses weights that are %s", async (name, shape) => {
    const empty = { dtype: "float32", shape, data: new Float32Array(0) } as const;
    const arrays = { "layers.0.weight": empty };
    for (const [extension, bytes] of [
      ["npz", encodeNpz(arrays)],
      ["safetensors", encodeSafetensors(arrays)],
      ["dsqn", encodeSafetensors(arrays, { format: "dsqn", version: "1", kind: "dense" })],
    ] as const)
      await expect(importNetwork(await file(`${name}.${extension}`, bytes), { kind: "dense" })).rejects.toMatchObject({
        code: expect.stringMatching(/^(IMPORT_INVALID|MODEL_INVALID)$/),
      });
  });

  it("takes batch normalisations of dense networks, and missing biases as zeros", async () => {
    const named = {
      "fc1.weight": tensor(w[0], [2, 3]),
      "norm1.weight": tensor(Float32Array.of(2, 4)),
      "norm1.bias": tensor(Float32Array.of(1, 0)),
      "norm1.running_mean": tensor(Float32Array.of(0, 1)),
      "norm1.running_var": tensor(Float32Array.of(1 - 1e-5, 4 - 1e-5)),
      "fc2.weight": tensor(w[1], [2, 2]),
      "fc2.bias": tensor(b[1]),
    };
    const { network } = await importNetwork(await file("normalised.safetensors", encodeSafetensors(named)));
    const [{ weights, biases }] = network.layers;
    expect([...weights].map((x) => Math.round(x * 1e4) / 1e4)).toEqual([0, 6, 2, 8, 4, 10]);
    expect([...biases!].map((x) => Math.round(x * 1e4) / 1e4)).toEqual([1, -2]);
    expect(network.layers[1]).toEqual(dense.layers[1]);
  });
});

describe("export", () => {
  const networks = [
    createDenseNetwork([4, 5, 3], new Random(1)),
    createSpikingNetwork([4, 5, 3], new Random(2), { steps: 20, biasInput: true }),
  ];

  it.each(["safetensors", "npz"])("as %s comes back by import", async (format) => {
    for (const network of networks) {
      const path = join(folder, `${kindOf(network)}-exported${exporter(format).extension}`);
      await exporter(format).write(network, path);
      expect((await importNetwork(path)).network).toEqual(network);
    }
  });

  it("as torch-state-json is nested as torch prints it", async () => {
    const path = join(folder, "state.json");
    await exporter("torch-state-json").write(dense, path);
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual({
      "layers.0.weight": [
        [0, 1, 2],
        [3, 4, 5],
      ],
      "layers.0.bias": [0.5, 0.25],
      "layers.1.weight": [
        [6, 7],
        [8, 9],
      ],
      "layers.1.bias": [1, 2],
    });
  });

  it("writes every listed format, and names them when asked for another", async () => {
    for (const { name, extension, write } of exportFormats()) {
      const path = join(folder, `all-${name}${extension}`);
      if (name === "layers-model")
        await expect(write(networks[1], path)).rejects.toMatchObject({ code: "EXPORT_IMPOSSIBLE" });
      else {
        await write(networks[1], path);
        expect((await readFile(path)).length).toBeGreaterThan(100);
      }
    }
    expect(() => exporter("npy")).toThrow(
      expect.objectContaining({ code: "FORMAT_UNKNOWN", hint: expect.stringContaining('"npz"') }),
    );
  });

  it("as json says everything", async () => {
    const path = join(folder, "described.json");
    await exporter("json").write(networks[1], path);
    expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({
      kind: "spiking",
      observationSize: 4,
      coding: { steps: 20, biasInput: true },
      layers: [{ weights: [...networks[1].layers[0].weights], activation: { kind: "lagged-lif", initial: null } }, {}],
    });
  });

  it("of our own model file imports as itself", async () => {
    const path = join(folder, "own.safetensors");
    await saveModel(path, networks[1]);
    expect(await importNetwork(path)).toMatchObject({ network: networks[1], form: "dsqn" });
  });
});
