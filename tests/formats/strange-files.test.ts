import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { zipSync } from "fflate";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { referenceEngine } from "../../src/engines/reference/index.ts";
import { encodeSafetensors } from "../../src/files/safetensors.ts";
import { type Tensor, tensor } from "../../src/files/tensor.ts";
import type { ImportOptions } from "../../src/formats/form.ts";
import { importNetwork } from "../../src/formats/import.ts";
import type { Network } from "../../src/network/network.ts";
import { Random } from "../../src/numeric/random.ts";
import { dictOf, legacyFile, op, pickle, plainDict } from "./pickles.ts";
import { torchEntries } from "./state-dicts.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dsqn-strange-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const random = new Random(1);
const normals = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.normal());
type Tensors = Record<string, Tensor>;

/** Linear layers of a chain of sizes, by name. */
function linears(names: readonly string[], sizes: readonly number[], bias = true): Tensors {
  return Object.fromEntries(
    names.flatMap((name, l) => [
      [`${name}.weight`, tensor(normals(sizes[l] * sizes[l + 1]), [sizes[l + 1], sizes[l]])],
      ...(bias ? [[`${name}.bias`, tensor(normals(sizes[l + 1]))]] : []),
    ]),
  ) as Tensors;
}

/** What torch's modules of these names compute, one after the other, ReLUs between. */
function forward(
  tensors: Tensors,
  names: readonly string[],
  x: readonly number[],
  relu = (l: number) => l + 1 < names.length,
): number[] {
  return names.reduce<number[]>(
    (values, name, l) => {
      const { data, shape } = tensors[`${name}.weight`];
      const bias = tensors[`${name}.bias`]?.data as Float32Array | undefined;
      const sums = Array.from({ length: shape[0] }, (_, j) =>
        values.reduce((sum, v, i) => sum + v * Number(data[j * shape[1] + i]), bias?.[j] ?? 0),
      );
      return relu(l) ? sums.map((v) => Math.max(0, v)) : sums;
    },
    [...x],
  );
}

const X = [0.5, -1, 2, 0.25];
const outputs = (network: Network, x: readonly number[] = X): number[] => [
  ...referenceEngine.load(network).run(Float64Array.from(x)).outputs,
];
function expectClose(actual: readonly number[], wanted: readonly number[]): void {
  expect(actual).toHaveLength(wanted.length);
  actual.forEach((value, k) => expect(value).toBeCloseTo(wanted[k], 4));
}

let files = 0;
async function imported(bytes: Uint8Array, extension: string, options: ImportOptions = {}) {
  const path = join(folder, `${files++}.${extension}`);
  await writeFile(path, bytes);
  return importNetwork(path, options);
}

function torch(tensors: Tensors, tree: readonly string[] | boolean = false): Uint8Array {
  const { entries, storages } = torchEntries(tensors);
  return legacyFile(dictOf(entries, tree), storages);
}
const sorted = (tensors: Tensors): Tensors =>
  Object.fromEntries(
    Object.keys(tensors)
      .sort()
      .map((name) => [name, tensors[name]]),
  );
const safetensors = (tensors: Tensors): Uint8Array => encodeSafetensors(sorted(tensors));

describe("the order of layers", () => {
  const names = ["features.0", "features.2", "head.0", "head.2"];
  const two = linears(names, [4, 6, 6, 6, 2]);

  it("of two Sequentials is the state_dict's, and said to be assumed", async () => {
    const { network, assumed } = await imported(torch(two), "pt");
    expectClose(outputs(network), forward(two, names, X));
    expect(assumed).toContain('layers in the order of the file: "features.0", "features.2", "head.0", "head.2"');
  });

  it("is asked for where a format has lost it, and taken from --layers", async () => {
    await expect(imported(safetensors(two), "safetensors")).rejects.toMatchObject({
      code: "ORDER_UNKNOWN",
      hint: expect.stringContaining("--layers features.0,features.2,head.0,head.2"),
    });
    for (const layers of [names, ["features.0", "head.0", "features.2", "head.2"]]) {
      const { network } = await imported(safetensors(two), "safetensors", { layers });
      expectClose(outputs(network), forward(two, layers, X));
    }
  });

  it("is that of the shapes where only one chains, whatever names and order of definition", async () => {
    const words = ["in", "mid", "out"];
    const tensors = linears(words, [4, 3, 5, 2]);
    const mixed = Object.fromEntries(
      ["out", "in", "mid"].flatMap((name) => Object.entries(tensors).filter(([key]) => key.startsWith(`${name}.`))),
    );
    for (const bytes of [torch(mixed), safetensors(tensors)])
      expectClose(outputs((await imported(bytes, "any")).network), forward(tensors, words, X));
  });

  it("contradicted by the numbers of a state_dict is asked for", async () => {
    const tensors = linears(["fc2", "fc1"], [4, 4, 4]);
    await expect(imported(torch(tensors), "pt")).rejects.toMatchObject({ code: "ORDER_UNKNOWN" });
  });

  it.each([
    ["a head without a number", ["fc1", "fc2", "out"]],
    ["no biases", ["a1", "a2", "a3"]],
    ["one prefix more", ["module.net.0", "module.net.2", "module.net.4"]],
  ])("with %s", async (what, names) => {
    const tensors = linears(names, [4, 6, 6, 2], what !== "no biases");
    for (const bytes of [torch(tensors), safetensors(tensors)])
      expectClose(outputs((await imported(bytes, "pt")).network), forward(tensors, names, X));
  });

  it.each([
    ["", "LAYERS_UNKNOWN", ["features.0", "head.7"]],
    ["twice", "LAYERS_UNKNOWN", ["features.0", "features.0"]],
    ["ambiguous", "LAYERS_UNKNOWN", ["0"]],
  ])("named wrongly %s is refused", async (_, code, layers) => {
    await expect(imported(torch(two), "pt", { layers })).rejects.toMatchObject({ code });
  });
});

describe("several networks in a file", () => {
  const own = linears(["fc1", "fc2"], [4, 5, 2]);
  const under = (prefix: string, tensors: Tensors = own): Tensors =>
    Object.fromEntries(Object.entries(tensors).map(([name, value]) => [`${prefix}.${name}`, value]));
  const other = linears(["fc1", "fc2"], [4, 5, 2]);

  it.each([
    ["q_net", "q_net_target"],
    ["policy_net", "target_net"],
    ["online", "target"],
  ])("%s beside %s: the former", async (online, target) => {
    const { network, assumed } = await imported(torch({ ...under(online), ...under(target, other) }), "pt");
    expectClose(outputs(network), forward(own, ["fc1", "fc2"], X));
    expect(assumed.join()).toContain("target network is left out");
    expect(
      await imported(torch({ ...under(online), ...under(target, other) }), "pt", { prefix: target }),
    ).not.toMatchObject({ network });
  });

  it("without such names are refused with the prefixes, one of which takes the network", async () => {
    const bytes = torch({ ...under("qf1"), ...under("qf2", other) });
    await expect(imported(bytes, "pt")).rejects.toMatchObject({
      code: "NETWORKS_SEVERAL",
      facts: { prefixes: ["qf1", "qf2"] },
    });
    expectClose(outputs((await imported(bytes, "pt", { prefix: "qf2" })).network), forward(other, ["fc1", "fc2"], X));
    await expect(imported(bytes, "pt", { prefix: "qf3" })).rejects.toMatchObject({ code: "PREFIX_UNKNOWN" });
  });

  it("are never chained because they happen to fit", async () => {
    const [actor, critic] = [linears(["0", "2"], [4, 5, 4]), linears(["0", "2"], [4, 5, 1])];
    await expect(imported(torch({ ...under("actor", actor), ...under("critic", critic) }), "pt")).rejects.toMatchObject(
      { code: "NETWORKS_SEVERAL" },
    );
    const heads = { ...linears(["trunk.0", "pi"], [4, 4, 4]), ...linears(["v"], [4, 1]) };
    await expect(imported(torch(heads), "pt")).rejects.toMatchObject({ code: "NETWORKS_SEVERAL" });
  });

  it("lie in checkpoints of any keys; what lies beside them is said", async () => {
    const { entries, storages } = torchEntries({ ...own, obs_mean: tensor(normals(4)), moment: tensor(normals(4)) });
    const { obs_mean: mean, moment, ...weights } = entries;
    const optimizer = plainDict({ state: plainDict({ "0": plainDict({ exp_avg: moment }) }) });
    const checkpoint = plainDict({ epoch: op.int(3), anything: dictOf(weights), optimizer, obs_mean: mean });
    const { network, form, assumed } = await imported(legacyFile(checkpoint, storages), "pth.tar");
    expectClose(outputs(network), forward(own, ["fc1", "fc2"], X));
    expect(form).toBe('state_dict "anything"');
    expect(assumed).toContain('tensors beside the weights are not used: "obs_mean"');
  });
});

describe("what stands between layers", () => {
  it("a Sequential's numbers tell: nothing between 2 and 3", async () => {
    const names = ["0", "2", "3"];
    const tensors = linears(names, [4, 6, 5, 2]);
    const { network, assumed } = await imported(torch(tensors), "pt");
    expectClose(
      outputs(network),
      forward(tensors, names, X, (l) => l === 0),
    );
    expect(assumed).toEqual(['ReLU behind "0"', 'no activation behind "2"']);
  });

  it("is asked for where a Sequential ends without an activation, and another one follows", async () => {
    const names = ["a.0", "a.2", "b.0"];
    const tensors = linears(names, [4, 6, 5, 2]);
    const bytes = torch(tensors, ["a", "a.0", "a.1", "a.2", "b", "b.0"]);
    await expect(imported(bytes, "pt")).rejects.toMatchObject({
      code: "ACTIVATIONS_UNKNOWN",
      hint: expect.stringContaining("--activation relu,relu"),
    });
    const { network } = await imported(bytes, "pt", { activation: "relu,linear" });
    expectClose(
      outputs(network),
      forward(tensors, names, X, (l) => l === 0),
    );
    const ended = torch(tensors, ["a", "a.0", "a.1", "a.2", "a.3", "b", "b.0"]);
    expectClose(outputs((await imported(ended, "pt")).network), forward(tensors, names, X));
  });

  it("is refused where a module has the name of another activation, or the user says so", async () => {
    const tensors = linears(["fc1", "fc2"], [4, 6, 2]);
    await expect(imported(torch(tensors, ["fc1", "tanh", "fc2"]), "pt")).rejects.toMatchObject({
      code: "ACTIVATION_UNSUPPORTED",
    });
    await expect(imported(torch(tensors), "pt", { activation: "tanh" })).rejects.toMatchObject({
      code: "ACTIVATION_UNSUPPORTED",
    });
    expect((await imported(torch(tensors, ["fc1", "tanh", "fc2"]), "pt", { activation: "relu" })).assumed).toEqual([]);
  });

  it("dueling streams are folded", async () => {
    const tensors = {
      ...linears(["f"], [4, 6]),
      ...linears(["value.0", "value.2"], [6, 5, 1]),
      ...linears(["advantage.0", "advantage.2"], [6, 3, 2]),
    };
    const { network, assumed } = await imported(torch(tensors), "pt");
    const seen = forward(tensors, ["f"], X, () => true);
    const [[v], a] = [
      forward(tensors, ["value.0", "value.2"], seen),
      forward(tensors, ["advantage.0", "advantage.2"], seen),
    ];
    expectClose(
      outputs(network),
      a.map((y) => v + y - (a[0] + a[1]) / 2),
    );
    expect(assumed[0]).toMatch(/^dueling streams, Q = V \+ A - mean A/);
    await expect(
      imported(torch({ ...tensors, ...linears(["advantage.0", "advantage.2", "advantage.4"], [6, 3, 3, 2]) }), "pt"),
    ).rejects.toMatchObject({ code: "LAYER_UNSUPPORTED" });
  });

  it("noisy layers are taken by their means", async () => {
    const tensors = linears(["fc1", "fc2"], [4, 6, 2]);
    const noisy: Tensors = Object.fromEntries(
      Object.entries(tensors).flatMap(([name, value]) => [
        [`${name}_mu`, value],
        [`${name}_sigma`, tensor(normals(value.data.length), value.shape)],
        [`${name}_epsilon`, tensor(normals(value.data.length), value.shape)],
      ]),
    );
    const { network, assumed } = await imported(torch(noisy), "pt");
    expectClose(outputs(network), forward(tensors, ["fc1", "fc2"], X));
    expect(assumed[0]).toBe('noisy layers are taken without their noise: "fc1", "fc2"');
  });

  it.each([
    ["norm.weight", tensor(normals(6)), "norm.bias", tensor(normals(6)), "LayerNorm"],
    ["rnn.weight_ih_l0", tensor(normals(6), [2, 3]), "rnn.bias_ih_l0", tensor(normals(6)), "recurrent"],
    ["conv.weight", tensor(normals(12), [2, 2, 3]), "conv.bias", tensor(normals(2)), "one-dimensional"],
    ["fc1.weight_g", tensor(normals(6), [6, 1]), "fc1.weight_v", tensor(normals(24), [6, 4]), "weight or spectral"],
  ])("%s is refused by its kind", async (a, first, b, second, kind) => {
    const tensors = { ...linears(["fc1", "fc2"], [4, 6, 2]), [a]: first, [b]: second };
    await expect(imported(torch(tensors), "pt")).rejects.toMatchObject({
      code: "LAYER_UNSUPPORTED",
      message: expect.stringContaining(kind),
    });
  });
});

describe("other containers", () => {
  const tensors = linears(["q_net.q_net.0", "q_net.q_net.2"], [4, 5, 2]);
  const sb3 = (data: object): Uint8Array =>
    zipSync({
      "data": new TextEncoder().encode(JSON.stringify(data)),
      "policy.pth": torch(tensors),
      "policy.optimizer.pth": Uint8Array.of(1),
    });

  it("an archive of stable-baselines3 is its policy, and what its data says", async () => {
    const dqn = {
      policy_class: { __module__: "stable_baselines3.dqn.policies" },
      observation_space: { _shape: [4], dtype: "float32" },
    };
    const { network, assumed } = await imported(sb3(dqn), "zip");
    expectClose(outputs(network), forward(tensors, ["q_net.q_net.0", "q_net.q_net.2"], X));
    expect(assumed).toEqual([]);
    const tanh = { ...dqn, policy_kwargs: { activation_fn: "<class 'torch.nn.modules.activation.Tanh'>" } };
    await expect(imported(sb3(tanh), "zip")).rejects.toMatchObject({
      code: "ACTIVATION_UNSUPPORTED",
      message: expect.stringContaining("Tanh"),
    });
    const ppo = { policy_class: { __module__: "stable_baselines3.common.policies" } };
    await expect(imported(sb3(ppo), "zip")).rejects.toMatchObject({ code: "ACTIVATION_UNSUPPORTED" });
  });

  it("TorchScript and whole models are refused with what to do", async () => {
    const script = zipSync({
      "net/data.pkl": pickle(op.none),
      "net/constants.pkl": pickle(op.none),
      "net/version": Uint8Array.of(51),
    });
    await expect(imported(script, "pt")).rejects.toMatchObject({
      code: "TORCHSCRIPT_UNSUPPORTED",
      hint: expect.stringContaining("state_dict()"),
    });
    const whole = legacyFile(
      [op.global("torch.nn.modules.container", "Sequential"), op.emptyTuple, op.reduce].flat(),
      {},
    );
    await expect(imported(whole, "pt")).rejects.toMatchObject({
      code: "PICKLE_REFUSED",
      hint: expect.stringContaining("torch.save(model.state_dict()"),
    });
    const evil = legacyFile([op.global("os", "system"), op.emptyTuple, op.reduce].flat(), {});
    await expect(imported(evil, "pt")).rejects.toMatchObject({
      code: "PICKLE_REFUSED",
      hint: expect.stringContaining("Don't load this file"),
    });
  });

  it("floats of 8 bits are read exactly", async () => {
    // 0.weight [1, 2] in e4m3: 1.5 (0x3c) and -448 (0xfe), the largest; 0.bias in e5m2: -0.25 (0xb4).
    const header = JSON.stringify({
      "0.weight": { dtype: "F8_E4M3", shape: [1, 2], data_offsets: [0, 2] },
      "0.bias": { dtype: "F8_E5M2", shape: [1], data_offsets: [2, 3] },
    });
    const bytes = new Uint8Array(8 + header.length + 3);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
    bytes.set(new TextEncoder().encode(header), 8);
    bytes.set([0x3c, 0xfe, 0xb4], 8 + header.length);
    const { network } = await imported(bytes, "safetensors", { kind: "dense" });
    expect([...network.layers[0].weights, ...network.layers[0].biases!]).toEqual([1.5, -448, -0.25]);
  });

  it("a safetensors file that begins like a pickle is none", async () => {
    const own = linears(["fc1", "fc2"], [4, 6, 2]);
    for (let note = 0; note < 256; note++) {
      const bytes = encodeSafetensors(own, { note: "x".repeat(note) });
      if (bytes[0] !== 0x80) continue;
      expect((await imported(bytes, "bin")).form).toBe("safetensors");
      return;
    }
    throw new Error("no header had such a length");
  });

  it("torch's averages count their padding unless told otherwise", async () => {
    const conv = { "0.weight": tensor(normals(9), [1, 1, 3, 3]), "2.weight": tensor(normals(8), [2, 4]) };
    const layers = (countPadding?: boolean) => [
      { kind: "convolution" as const, padding: 1, activation: "linear" as const },
      { kind: "average-pooling" as const, kernel: 2, strides: 2, padding: 1, countPadding },
      { kind: "dense" as const },
    ];
    const of = (countPadding?: boolean) =>
      imported(torch(conv), "pt", {
        architecture: { input: [2, 2, 1], inputScale: 1, flatten: "chw", layers: layers(countPadding) },
      });
    const [counted, said, left] = [await of(), await of(true), await of(false)];
    const [x, y] = [outputs(counted.network), outputs(left.network)];
    // Each window holds one value of four places.
    x.forEach((value, k) => expect(4 * value).toBeCloseTo(y[k], 4));
    expect(said.network).toEqual(counted.network);
    expect(counted.assumed.join()).toContain("averages count the zeros");
    expect(said.assumed.join()).not.toContain("averages");
  });
});
