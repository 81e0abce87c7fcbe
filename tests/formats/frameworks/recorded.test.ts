import { describe, expect, it } from "@jest/globals";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { referenceEngine } from "../../../src/engines/reference/index.ts";
import { writeFileAtomic } from "../../../src/files/atomic.ts";
import { type Tensor, tensor } from "../../../src/files/tensor.ts";
import { loadRecorded } from "../../../src/formats/frameworks/reader.ts";
import { readRecorded } from "../../../src/formats/frameworks/recorded.ts";
import { importNetwork } from "../../../src/formats/import.ts";
import { encodeNpz } from "../../../src/formats/npz.ts";
import { Random } from "../../../src/numeric/random.ts";
import { describedNetwork, itsArrays, none } from "./sample.ts";

const random = Random.stream(9, "recorded");
const draw = (...shape: number[]): Tensor =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
    shape,
  );

const description = describedNetwork({ gain: 2, leak: -1 });
const { neuron } = description.layers[0];
const arrays = itsArrays(draw);
const read = (change: object = {}, other: Record<string, Tensor> = {}) =>
  readRecorded(JSON.stringify({ ...description, ...change }), { ...arrays, ...other }, "net.json");
const layers = (...changes: object[]) => ({
  layers: description.layers.map((layer, l) => ({ ...layer, ...changes[l] })),
});

describe("a network as export_torch writes it", () => {
  it("has every field of its neurons, and runs", () => {
    const { network, recording, assumed } = read();
    expect(network.input).toEqual([4, 4, 1]);
    expect(network.layers[1].pooling?.kind).toBe("average");
    expect(network.layers[1].activation).toMatchObject({
      alpha: 0.5,
      current: "decay-first",
      gain: 2,
      leakTo: -1,
      fires: "at",
    });
    expect([...(network.layers[1].activation as unknown as { lowest: Float32Array }).lowest]).toEqual([-1, -2]);
    expect(recording).toMatchObject({ states: 2, steps: 3, changing: false });
    expect(assumed).toEqual(["the output is the number of spikes (decoding spikes)"]);
    expect(referenceEngine.load(network).run(recording.inputs!).actions).toHaveLength(2);
  });

  it("has its spikes as whatever numbers they were saved", () => {
    const counts = Array.from({ length: 12 }, (_, k) => k % 3);
    for (const data of [Uint8Array, Int32Array, Float32Array, Float64Array].map((Kind) => Kind.from(counts)))
      expect(Array.from(read({}, { spikes1: tensor(data, [3, 2, 2]) }).recording.spikes[1])).toEqual(counts);
    for (const data of [BigInt64Array.from(counts, BigInt), BigUint64Array.from(counts, BigInt)])
      expect(Array.from(read({}, { spikes1: tensor(data, [3, 2, 2]) }).recording.spikes[1])).toEqual(counts);
  });

  it("has input that changes where its dimensions say so, or it says so itself", () => {
    expect(read({}, { x: draw(3, 2, 1, 4, 4) }).recording.changing).toBe(true);
    const list = {
      ...layers({ kind: "linear", weight: "f_weight", bias: null, stride: undefined, padding: undefined }),
    };
    const one = { ...list, layers: [list.layers[0]], steps: 3 };
    const plain = { f_weight: draw(2, 8), spikes0: none(3, 3, 2) };
    const changing = readRecorded(
      JSON.stringify({ ...description, ...one, input: "changing" }),
      { ...plain, x: draw(3, 3, 8) },
      "n",
    );
    expect(changing.recording.changing).toBe(true);
  });

  it("is found by its content, alone or with its npz beside it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "dsqn-recorded-"));
    try {
      const [json, npz] = ["net.json", "net.npz"].map((name) => join(folder, name));
      await writeFileAtomic(json, JSON.stringify(description));
      await writeFileAtomic(npz, encodeNpz(arrays));
      expect((await loadRecorded(json)).network).toEqual(read().network);
      expect((await importNetwork(json)).form).toBe("recorded network of spikingjelly");
      await expect(loadRecorded(npz)).rejects.toMatchObject({ code: "FRAMEWORK_FILE_INVALID" });
      await writeFileAtomic(
        npz,
        encodeNpz(arrays, { "network.json": new TextEncoder().encode(JSON.stringify(description)) }),
      );
      expect((await importNetwork(npz, { decoding: "max-potential", spiking: { steps: 7 } })).network).toEqual({
        ...read().network,
        coding: { ...read().network.coding, decoding: "max-potential", steps: 7 },
      });
      await expect(importNetwork(npz, { framework: { name: "norse" } })).rejects.toMatchObject({
        code: "NEURONS_INVALID",
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    ["no steps", { steps: 0 }, {}, /steps/],
    ["a neuron's field that nobody knows", layers({ neuron: { ...neuron, betta: 1 } }), {}, /layers\.0\.neuron.*betta/],
    ["a reset that nobody knows", layers({ neuron: { ...neuron, reset: "half" } }), {}, /layers\.0\.neuron\.reset/],
    [
      "a reset to 0 that is to something else",
      layers({ neuron: { ...neuron, reset: "delayed-zero", vReset: 0.4 } }),
      {},
      /layers\.0\.neuron\.vReset.*is to 0/,
    ],
    [
      "several spikes of a neuron that sends one",
      layers({ neuron: { ...neuron, maxSpikes: 3 } }),
      {},
      /maxSpikes.*floor/,
    ],
    [
      "the order of a current that is none",
      layers({ neuron: { ...neuron, alphaFirst: true } }),
      {},
      /alphaFirst.*no alpha/,
    ],
    ["a layer's field that nobody knows", layers({ dilation: 2 }), {}, /layers\.0.*dilation/],
    ["an array that is not there", layers({ weight: "d_weight" }), {}, /no array "d_weight"/],
    ["weights that no layer uses", {}, { d_weight: draw(2, 2) }, /no layer uses the array "d_weight"/],
    ["weights of whole numbers", {}, { c_bias: none(2) }, /uint8/],
    ["biases of another layer", {}, { c_bias: draw(3) }, /"c_bias" is \[3\] for 2 outputs/],
    ["channels that don't chain", {}, { c_weight: draw(2, 3, 3, 3) }, /3 channels/],
    ["a matrix where a kernel is needed", {}, { c_weight: draw(2, 9) }, /conv2d has/],
    ["spikes of another length", {}, { spikes0: none(4, 2, 32) }, /"spikes0" is \[4, 2, 32\] instead of \[3, 2, 32\]/],
    ["spikes of another network", {}, { spikes1: none(3, 2, 5) }, /"spikes1"/],
    [
      "spikes that are none",
      {},
      { spikes1: tensor(Float32Array.of(0, 1, 0, NaN, 0, 0, 0, 0, 0, 0, 0, 0), [3, 2, 2]) },
      /NaN at \[0, 1, 1\]/,
    ],
    [
      "half a spike",
      {},
      { spikes1: tensor(new Float64Array(12).fill(0.5), [3, 2, 2]) },
      /"spikes1" has 0\.5 at \[0, 0, 0\]/,
    ],
    ["fewer spikes than none", {}, { spikes1: tensor(new BigInt64Array(12).fill(-1n), [3, 2, 2]) }, /has -1/],
    ["more spikes than can be", {}, { spikes1: tensor(new Uint32Array(12).fill(4e9), [3, 2, 2]) }, /has 4000000000/],
    ["no neuron in the middle", layers({ neuron: null }), {}, /layers\.0 has no neuron/],
    ["a normalisation in words", layers({ batchNorm: "all of them" }), {}, /batchNorm "all of them"/],
    ["pooling without size", layers({}, { size: undefined }), {}, /no size/],
    ["x of another number of steps", { input: "changing" }, { x: draw(5, 2, 1, 4, 4) }, /x has 5 steps/],
    ["no x of images", {}, { x: undefined as unknown as Tensor }, /no array x/],
  ] as const)("%s: refused by name", (_what, change, other, says) => {
    expect(() => read(change, other)).toThrow(
      expect.objectContaining({
        code: "FRAMEWORK_FILE_INVALID",
        message: expect.stringMatching(says) as unknown as string,
      }),
    );
  });

  it("what is not JSON is refused", () => {
    expect(() => readRecorded("{", arrays, "net.json")).toThrow(
      expect.objectContaining({ code: "FRAMEWORK_FILE_INVALID" }),
    );
  });
});
