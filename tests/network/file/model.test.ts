import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { balancedConversion, convert } from "../../../src/conversion/convert.ts";
import { decodeSafetensors, encodeSafetensors } from "../../../src/files/safetensors.ts";
import { fromFloat16, tensor, type Tensor, toFloat16 } from "../../../src/files/tensor.ts";
import { convolution, kernelSize, sizeOf } from "../../../src/network/convolution.ts";
import { createDenseNetwork, createSpikingNetwork, spikingNetwork } from "../../../src/network/create.ts";
import {
  decodeModel,
  encodeModel,
  loadDenseNetwork,
  loadModel,
  loadSpikingNetwork,
  saveModel,
} from "../../../src/network/file/model.ts";
import type { SpikingLayer } from "../../../src/network/layer.ts";
import { networkSchema } from "../../../src/network/file/schema.ts";
import { kindOf, type Network, shapeOf, type SpikingNetwork } from "../../../src/network/network.ts";
import { type Lif, neuron, neuronModels } from "../../../src/network/neurons/index.ts";
import { populationOf } from "../../../src/network/populations.ts";
import { Random } from "../../../src/numeric/random.ts";
import { everyKind, normals, sketched } from "../../fixtures/convolutional/networks.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dsqn-model-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const dense = createDenseNetwork([4, 5, 3], new Random(1));
const plain = createSpikingNetwork([4, 5, 3], new Random(2), { biasInput: true, steps: 20 });
const convolutional = sketched([12, 11, 2], everyKind, 1, 1 / 255);

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
    activation: neuron("lagged-lif", {
      alpha: 0.1 + 0.2 * l,
      beta: 0.9 - 0.2 * l,
      threshold: 1.5 + l,
      reset: l === 0 ? "zero" : "subtraction",
      resetBy: 0.25 + l,
      initial: l === 1 ? Float32Array.of(0.5, -0.5, 0) : null,
    }),
  })),
};

/** A spiking network with convolution and pooling, all neurons different. */
function imageNetwork(): SpikingNetwork {
  const random = new Random(5);
  const first = convolution([5, 4, 2], { filters: 3, kernel: [2, 3], strides: [2, 1], padding: "same" });
  const window = convolution(first.output, { filters: 3, kernel: [2, 2], strides: [1, 2], padding: "same" });
  const [neurons, inputs] = [sizeOf(first.output), sizeOf(window.output)];
  const lif = neuron("lif", {
    beta: normals(neurons, random).map((x) => 1 / (1 + x * x)),
    threshold: normals(neurons, random),
    fires: "at",
    reset: "value",
    resetTo: -0.25,
    initial: normals(neurons, random),
  });
  const weights = normals(inputs * 4, random);
  const { layers, ...rest } = spikingNetwork(
    [
      {
        synapses: { kind: "convolution", ...first },
        weights: normals(kernelSize(first), random),
        biases: normals(neurons, random),
      },
      { pooling: { kind: "max", window }, synapses: { kind: "dense", inputs, outputs: 4 }, weights },
    ],
    { neuron: neuron("lif", { beta: 0.5 }), steps: 9 },
  );
  return { ...rest, layers: [{ ...layers[0], activation: lif }, layers[1]] };
}

const networks: [string, Network][] = [
  ["dense", dense],
  ["spiking", plain],
  ["with every option per layer", special],
  ["convolutional", convolutional],
  ["spiking over images, parameters per neuron", imageNetwork()],
];

describe("model files", () => {
  it.each(networks)("keep a network: %s", async (name, network) => {
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
    expect(card).toMatchObject({
      format: 1,
      name,
      kind: kindOf(network),
      shape: shapeOf(network),
      sha256: model.sha256,
      environment: "CartPole-v1",
    });
    expect(card).not.toHaveProperty("dtype");
    expect(encodeModel(model.network)).toEqual(encodeModel(network));
  });

  it("hold weights as they lie in memory, and parameters that each neuron has its own of", () => {
    const shapes = (network: Network): Record<string, readonly number[]> =>
      Object.fromEntries(
        Object.entries(decodeSafetensors(encodeModel(network)).tensors).map(([name, { shape }]) => [name, shape]),
      );
    expect(shapes(plain)).toEqual({ "layers.0.weight": [5, 5], "layers.1.weight": [5, 3] });
    expect(shapes(convolutional)).toMatchObject({ "layers.0.weight": [4, 3, 2, 5], "layers.2.weight": [24, 7] });
    expect(shapes(imageNetwork())).toEqual({
      "layers.0.weight": [2, 3, 2, 3],
      "layers.0.bias": [36],
      "layers.0.initial_potential": [36],
      "layers.0.beta": [36],
      "layers.0.threshold": [36],
      "layers.1.weight": [18, 4],
    });
  });

  it("hold all of lif, recurrent weights, sums and maxima of a step, and leave out what has its default", () => {
    const image = convolution([4, 4, 1], { filters: 1, kernel: [2, 2], strides: [2, 2] });
    const own = (given: Partial<Lif>): Lif => neuron("lif", given);
    const dense = (inputs: number, outputs: number) => ({
      synapses: { kind: "dense", inputs, outputs } as const,
      weights: new Float32Array(inputs * outputs).fill(0.5),
      biases: null,
    });
    const layers: SpikingLayer[] = [
      { ...dense(4, 3), pooling: { kind: "sum", window: image }, activation: own({ maxSpikes: Infinity, lowest: -1 }) },
      {
        ...dense(3, 2),
        recurrent: Float32Array.of(1, 2, 3, 4),
        activation: own({
          current: "input-first",
          alpha: Float32Array.of(0.5, 0.25),
          gain: 0.5,
          offset: Float32Array.of(1, -1),
          leakTo: -0.5,
          lowest: Float32Array.of(-Infinity, -2),
          reset: "delayed-lost",
        }),
      },
    ];
    const network: SpikingNetwork = {
      ...plain,
      input: [4, 4, 1],
      coding: { ...plain.coding, biasInput: false },
      layers,
    };
    const bytes = encodeModel(network);
    expect(decodeModel(bytes)).toEqual(network);
    expect(encodeModel(decodeModel(bytes))).toEqual(bytes);
    const { metadata, tensors } = decodeSafetensors(bytes);
    const described = JSON.parse(metadata.network) as { layers: { activation: Record<string, unknown> }[] };
    expect(described.layers[0].activation).toMatchObject({ maxSpikes: "Infinity", lowest: -1 });
    expect(Object.keys(described.layers[0].activation)).not.toContain("gain");
    expect(tensors["layers.1.recurrent"].shape).toEqual([2, 2]);
    for (const [bad, message] of [
      [{ ...layers[1], recurrent: new Float32Array(3) }, "layers.1.recurrent has 3 values instead of 4"],
      [
        { ...layers[1], activation: own({ maxSpikes: 2, reset: "delayed-lost" }) },
        "several spikes per step with reset",
      ],
      [{ ...layers[1], activation: own({ maxSpikes: 2, threshold: -1 }) }, "a threshold that is not above 0"],
      [{ ...layers[1], activation: own({ maxSpikes: 1.5 }) }, "it must be a whole number"],
      [{ ...layers[1], activation: neuron("lagged-lif") }, "which only a dense layer of lif may have"],
    ] as const)
      expect(() => encodeModel({ ...network, layers: [layers[0], bad] })).toThrow(
        expect.objectContaining({ code: "NETWORK_INVALID", message: expect.stringContaining(message) }),
      );
  });

  it("describe each neuron by its model's record", () => {
    for (const { kind, parameters, choices } of Object.values(neuronModels)) {
      const network = spikingNetwork(plain.layers, { ...plain.coding, neuron: neuron(kind) });
      const { metadata } = decodeSafetensors(encodeModel(network));
      const { layers } = JSON.parse(metadata.network) as { layers: { activation: object }[] };
      const fields = Object.entries({ ...parameters, ...choices }).filter(([, of]) => !("later" in of));
      expect(Object.keys(layers[0].activation)).toEqual(["kind", ...fields.map(([name]) => name)]);
      expect(decodeModel(encodeModel(network))).toEqual(network);
    }
  });

  it("are described as in docs/formats.md", async () => {
    const page = await readFile(fileURLToPath(new URL("../../../docs/formats.md", import.meta.url)), "utf8");
    const example = JSON.parse(/```json\n(.*?)```/s.exec(page)![1]) as object;
    expect(networkSchema.parse(example)).toEqual(example);
  });

  it("hold the weights of a population once", () => {
    const options = { ...balancedConversion, granularity: "layer" } as const;
    const flat = convert(createDenseNetwork([3, 5, 4, 2], new Random(1)), normals(3 * 20, new Random(4)), {
      ...options,
      population: 4,
    }).network;
    const image = convert(
      sketched(
        [6, 6, 2],
        [
          { kind: "convolution", filters: 3, kernel: [3, 3] },
          { kind: "max-pooling", kernel: [2, 2], strides: [2, 2] },
          { kind: "dense", outputs: 5, activation: "relu" },
          { kind: "dense", outputs: 2 },
        ],
      ),
      normals(72 * 20, new Random(9)),
      { ...options, population: 2 },
    ).network;
    const stored = (network: SpikingNetwork): (readonly number[])[] =>
      network.layers.map((_, l) => decodeSafetensors(encodeModel(network)).tensors[`layers.${l}.weight`].shape);
    expect(stored(flat)).toEqual([[3, 5], [5, 4], [4, 2]]); // prettier-ignore
    expect(stored(image)).toEqual([[3, 3, 2, 3], [12, 5], [5, 2]]); // prettier-ignore
    for (const network of [flat, image]) expect(decodeModel(encodeModel(network))).toEqual(network);
    const half = decodeModel(encodeModel(flat, { dtype: "float16" }));
    expect(half.layers.map(populationOf)).toEqual([4, 4, 1]);

    // A population whose neurons don't send the same: only its own synapses are equal.
    const uneven = { ...flat, layers: flat.layers.map((layer) => ({ ...layer, weights: layer.weights.slice() })) };
    uneven.layers[1].weights.fill(7, 0, 16);
    expect(stored(uneven)).toEqual([[3, 5], [20, 4], [4, 2]]); // prettier-ignore
    expect(decodeModel(encodeModel(uneven))).toEqual(uneven);
  });

  it("with float16 weights are half as long, load as float32, and say so in the card", async () => {
    const wide = sketched(
      [16, 16, 4],
      [
        { kind: "convolution", filters: 16, kernel: [4, 4], strides: [2, 2] },
        { kind: "dense", outputs: 64, activation: "relu" },
        { kind: "dense", outputs: 4 },
      ],
    );
    const [full, half] = [join(folder, "full.safetensors"), join(folder, "half.safetensors")];
    await saveModel(full, wide);
    const card = await saveModel(half, wide, {}, { dtype: "float16" });
    const model = await loadModel(half);
    expect(card).toMatchObject({ dtype: "float16", sha256: model.sha256 });
    expect(model.card).toEqual(card);
    expect((await stat(half)).size / (await stat(full)).size).toBeLessThan(0.53);
    const round = (w: number): number => fromFloat16(toFloat16(w));
    const layers = wide.layers.map((layer) => ({ ...layer, weights: layer.weights.map(round) }));
    expect(model.network).toEqual({ ...wide, layers }); // biases are exact
    expect(encodeModel(model.network, { dtype: "float16" })).toEqual(encodeModel(wide, { dtype: "float16" }));
    const large = createSpikingNetwork([2, 2], new Random(1), { weightScale: 1e6 });
    expect(() => encodeModel(large, { dtype: "float16" })).toThrow(
      expect.objectContaining({ code: "MODEL_PRECISION", message: expect.stringContaining("layers.0.weight holds") }),
    );
  });

  it("load without their card", async () => {
    const path = join(folder, "bare.safetensors");
    await writeFile(path, encodeModel(dense));
    expect(await loadModel(path)).toMatchObject({ network: dense, card: null });
  });

  it("load by the kind that is wanted", async () => {
    const [one, other] = [join(folder, "a-dense.safetensors"), join(folder, "a-spiking.safetensors")];
    await saveModel(one, dense);
    await saveModel(other, plain);
    expect([await loadDenseNetwork(one), await loadSpikingNetwork(other)]).toEqual([dense, plain]);
    await expect(loadDenseNetwork(other)).rejects.toMatchObject({ code: "MODEL_KIND" });
    await expect(loadSpikingNetwork(one)).rejects.toMatchObject({
      code: "MODEL_KIND",
      message: expect.stringContaining("holds a dense network, not a spiking one"),
    });
  });

  it("refuse a card that belongs to another file, or is none", async () => {
    const path = join(folder, "swapped.safetensors");
    await saveModel(path, dense);
    await writeFile(path, encodeModel(plain));
    await expect(loadModel(path)).rejects.toMatchObject({ code: "MODEL_CHECKSUM" });
    await writeFile(join(folder, "swapped.json"), "[]");
    await expect(loadModel(path)).rejects.toMatchObject({ code: "CARD_INVALID" });
  });

  it("name a file that isn't there, or is cut in half", async () => {
    await expect(loadModel(join(folder, "nowhere.safetensors"))).rejects.toMatchObject({
      code: "FILE_NOT_FOUND",
      message: expect.stringContaining("nowhere.safetensors"),
    });
    const path = join(folder, "cut.safetensors");
    const bytes = encodeModel(dense);
    await writeFile(path, bytes.subarray(0, bytes.length / 2));
    await expect(loadModel(path)).rejects.toMatchObject({
      code: "SAFETENSORS_INVALID",
      message: expect.stringContaining("cut.safetensors"),
    });
  });

  it("are not written from a network that is wrong", () => {
    expect(() => encodeModel({ ...dense, layers: [] })).toThrow(expect.objectContaining({ code: "NETWORK_INVALID" }));
  });
});

interface Description {
  coding?: Record<string, unknown>;
  layers: Record<"synapses" | "activation" | "pooling" | "populations" | "recurrent", Record<string, unknown>>[];
  later?: unknown;
}
interface Opened {
  readonly tensors: Record<string, Tensor>;
  readonly metadata: Record<string, string>;
  readonly network: Description;
}

describe("a model file that is none", () => {
  const opened = (network: Network): Opened => {
    const { tensors, metadata } = decodeSafetensors(encodeModel(network));
    return { tensors: { ...tensors }, metadata: { ...metadata }, network: JSON.parse(metadata.network) as Description };
  };
  const [image, spiking] = [imageNetwork(), plain];

  it.each<[string, Network, (file: Opened) => unknown, RegExp]>([
    ["a later version", dense, ({ metadata }) => (metadata.version = "3"), /version 3 .* knows 1 and 2/],
    ["a missing weight", dense, ({ tensors }) => delete tensors["layers.1.weight"], /"layers.1.weight" is missing/],
    [
      "a tensor too many",
      dense,
      ({ tensors }) => (tensors["layers.0.delay"] = tensor(new Float32Array(5))),
      /"layers.0.delay" belongs to no layer/,
    ],
    [
      "layers that don't chain",
      dense,
      ({ tensors, network }) => {
        network.layers[1].synapses.inputs = 4;
        tensors["layers.1.weight"] = tensor(new Float32Array(12), [4, 3]);
      },
      /Layer 1 takes 4 inputs, but layer 0 has 5 outputs/,
    ],
    [
      "weights of another shape than their synapses",
      dense,
      ({ tensors }) => (tensors["layers.0.weight"] = tensor(new Float32Array(20), [5, 4])),
      /"layers.0.weight" has shape \[5, 4\] instead of \[4, 5\]/,
    ],
    [
      "a bias of the wrong length",
      dense,
      ({ tensors }) => (tensors["layers.1.bias"] = tensor(new Float32Array(4))),
      /layers.1.bias has 4 values instead of 3/,
    ],
    [
      "integer weights",
      dense,
      ({ tensors }) => (tensors["layers.0.weight"] = tensor(new Int32Array(20), [4, 5])),
      /"layers.0.weight" is int32/,
    ],
    [
      "NaN weights",
      dense,
      ({ tensors }) => (tensors["layers.1.weight"] = tensor(new Float32Array(15).fill(NaN, 7, 8), [5, 3])),
      /layers.1.weight holds NaN/,
    ],
    [
      "infinite biases",
      dense,
      ({ tensors }) => (tensors["layers.0.bias"] = tensor(Float32Array.of(0, 0, Infinity, 0, 0))),
      /layers.0.bias holds Infinity at index 2/,
    ],
    ["no network", dense, ({ network }) => (network.layers = []), /layers: .*too small/i],
    ["an unknown encoding", spiking, ({ network }) => (network.coding!.encoding = "morse"), /coding.encoding/],
    ["0 steps", spiking, ({ network }) => (network.coding!.steps = 0), /number of time steps is 0/],
    ["no coding", image, ({ network }) => delete network.coding, /Layer 0 is lif in a network without a coding/],
    ["alpha above 1", spiking, ({ network }) => (network.layers[1].activation.alpha = 1.5), /Layer 1 has alpha 1.5/],
    ["no alpha", spiking, ({ network }) => delete network.layers[1].activation.alpha, /layers.1.activation.alpha/],
    ["an unknown reset", spiking, ({ network }) => (network.layers[1].activation.reset = "hard"), /layers.1.*reset/],
    [
      "an unknown neuron",
      spiking,
      ({ network }) => (network.layers[0].activation.kind = "izhikevich"),
      /layers.0.activation.kind/,
    ],
    [
      "a parameter that is neither number nor tensor",
      image,
      ({ tensors }) => delete tensors["layers.0.threshold"],
      /"layers.0.threshold" is missing/,
    ],
    [
      "a parameter of another length",
      image,
      ({ tensors }) => (tensors["layers.0.beta"] = tensor(new Float32Array(2))),
      /layers.0.beta has 2 values instead of 36/,
    ],
    ["half a geometry", image, ({ network }) => delete network.layers[0].synapses.kernel, /layers.0.synapses.kernel/],
    [
      "images that do not chain",
      image,
      ({ network }) => (network.layers[1].pooling.window = convolution([4, 4, 3], { filters: 3, kernel: [1, 1] })),
      /Layer 1 has 48 windows, but synapses from 18 values/,
    ],
    [
      "populations of none",
      spiking,
      ({ network }) => (network.layers[1].populations = [0, 2] as never),
      /layers.1.populations.0/,
    ],
    [
      "populations that don't fit",
      spiking,
      ({ network }) => (network.layers[1].populations = [5, 1] as never),
      /"layers.1.weight" has shape \[5, 3\] instead of \[1, 3\]/,
    ],
    [
      "populations that would fill the memory",
      spiking,
      ({ network }) => {
        network.layers[1].populations = [64, 64] as never;
        network.layers[1].synapses = { kind: "dense", inputs: 64 * 5, outputs: 64 * 40_000 };
      },
      /"layers.1.weight" its populations have over/,
    ],
    // What a later dsqn writes is not passed over: it would be another network.
    ["a later field of the network", dense, ({ network }) => (network.later = 1), /"later"/],
    [
      "a later field of a layer",
      dense,
      ({ network }) => (network.layers[1].recurrent = { kind: "dense" }),
      /layers.1: .*"recurrent"/,
    ],
    [
      "a later field of synapses",
      image,
      ({ network }) => (network.layers[0].synapses.dilation = 2),
      /layers.0.synapses: .*"dilation"/,
    ],
    [
      "a later field of pooling",
      image,
      ({ network }) => (network.layers[1].pooling.per = "step"),
      /layers.1.pooling: .*"per"/,
    ],
    [
      "a later field of a neuron",
      image,
      ({ network }) => (network.layers[0].activation.refractory = 2),
      /layers.0.activation: .*"refractory"/,
    ],
    ["a later field of the coding", image, ({ network }) => (network.coding!.warmup = 3), /coding: .*"warmup"/],
  ])("is refused for %s, by name", (_name, network, change, message) => {
    const file = opened(network);
    change(file);
    const bytes = encodeSafetensors(file.tensors, { ...file.metadata, network: JSON.stringify(file.network) });
    expect(() => decodeModel(bytes, "bad.safetensors")).toThrow(
      expect.objectContaining({ code: "MODEL_INVALID", message: expect.stringMatching(message) }),
    );
    expect(() => decodeModel(bytes, "bad.safetensors")).toThrow(/^bad.safetensors: /);
  });
});
