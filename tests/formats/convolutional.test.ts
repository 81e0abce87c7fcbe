import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { convolution, kernelSize, sizeOf } from "../../src/network/convolution.ts";
import type { ConvolutionalNetwork } from "../../src/network/old/convolutional-network.ts";
import { decodeModel, encodeModel, loadModel, saveModel } from "../../src/network/file/model.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/files/safetensors.ts";
import { fromFloat16, tensor, type Tensor, toFloat16 } from "../../src/files/tensor.ts";
import { Random } from "../../src/numeric/random.ts";
import { createSpikingNetwork, type SpikingNetwork } from "../../src/network/old/spiking-network.ts";
import { everyKind, normals, sketched } from "../fixtures/convolutional/networks.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dsqn-convolutional-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const network = sketched([12, 11, 2], everyKind, 1, 1 / 255);

/** A spiking network whose first layer is a convolution. */
function spiking(): SpikingNetwork {
  const geometry = convolution([5, 4, 2], { filters: 3, kernel: [2, 3], strides: [2, 1], padding: "same" });
  const outputs = sizeOf(geometry.output);
  const random = new Random(5);
  const { layers, ...rest } = createSpikingNetwork([sizeOf(geometry.input), outputs, 4], random, { steps: 9 });
  const first = {
    ...layers[0],
    convolution: geometry,
    weights: normals(kernelSize(geometry), random),
    biases: normals(outputs, random),
    initialPotential: normals(outputs, random),
  };
  return { ...rest, layers: [first, layers[1]] };
}

describe("model files of convolutional networks", () => {
  it("keep every kind of layer, with a card", async () => {
    const path = join(folder, "breakout.safetensors");
    const card = await saveModel(path, network, { environment: "ALE/Breakout-v5", method: "conv-dqn" });
    const model = await loadModel(path);
    expect(model.network).toEqual(network);
    expect(model.card).toEqual(card);
    expect(card).toMatchObject({
      kind: "convolutional",
      shape: [264, 6 * 11 * 5, 6 * 11 * 5, 3 * 6 * 5, 2 * 4 * 6, 2 * 2 * 6, 7, 7, 3],
      sha256: model.sha256,
    });
    expect(card).not.toHaveProperty("dtype");
  });

  it("hold weights as TensorFlow does", () => {
    const { tensors } = decodeSafetensors(encodeModel(network));
    expect(tensors["layers.0.weight"].shape).toEqual([4, 3, 2, 5]);
    expect(tensors["layers.5.weight"].shape).toEqual([24, 7]);
    expect(tensors["layers.1.variance"].shape).toEqual([5]);
  });

  it("keep spiking networks with convolutions", () => {
    const bytes = encodeModel(spiking());
    expect(decodeModel(bytes)).toEqual(spiking());
    expect(decodeSafetensors(bytes).tensors["layers.0.weight"].shape).toEqual([2, 3, 2, 3]);
  });

  const { tensors, metadata } = decodeSafetensors(encodeModel(network));
  const architecture = JSON.parse(metadata.architecture) as { layers: Record<string, unknown>[] };
  const build = (changes: Record<string, Tensor | undefined>, meta: Record<string, string> = metadata): Uint8Array =>
    encodeSafetensors(
      Object.fromEntries(
        Object.entries({ ...tensors, ...changes }).filter((entry): entry is [string, Tensor] => entry[1] !== undefined),
      ),
      meta,
    );
  const redescribed = (l: number, change: object): Uint8Array =>
    build(
      {},
      {
        ...metadata,
        architecture: JSON.stringify({
          ...architecture,
          layers: architecture.layers.map((layer, k) => (k === l ? { ...layer, ...change } : layer)),
        }),
      },
    );

  it.each([
    ["without an architecture", build({}, { kind: "convolutional" }), /lacks the convolutional network's architecture/],
    ["with an unknown layer", redescribed(1, { kind: "dropout" }), /architecture wrongly \(layers\.1\.kind/],
    ["with half a geometry", redescribed(0, { convolution: { input: [1, 1, 1] } }), /layers\.0\.convolution\.output/],
    ["with a missing weight", build({ "layers.3.weight": undefined }), /tensor "layers\.3\.weight" is missing/],
    [
      "with a flat kernel",
      build({ "layers.0.weight": tensor(new Float32Array(120), [12, 10]) }),
      /"layers\.0\.weight" has shape \[12, 10\] instead of 4 dim/,
    ],
    [
      "with one tensor more",
      build({ "layers.2.weight": tensor(new Float32Array(1)) }),
      /"layers\.2\.weight" belongs to no layer/,
    ],
    [
      "with a kernel of another size",
      build({ "layers.3.weight": tensor(new Float32Array(1), [1, 1, 1, 1]) }),
      /layers\.3\.weight has 1 values instead of 180/,
    ],
    [
      "with images that do not chain",
      redescribed(2, { window: convolution([3, 3, 5], { filters: 5, kernel: [2, 2] }) }),
      /Layer 2 \(max-pooling\) takes 3 x 3 x 5, but layer 1 puts out 6 x 11 x 5/,
    ],
  ])("are refused %s", (_, bytes, message) => {
    expect(() => decodeModel(bytes, "m.safetensors")).toThrow(
      expect.objectContaining({ code: "MODEL_INVALID", message: expect.stringMatching(message) }),
    );
  });
});

describe("weights as float16", () => {
  it("round as IEEE 754 does: to nearest, ties to even", () => {
    // Every float16 there is comes back, and the middle of two neighbours goes to the even one.
    for (let bits = 0; bits < 0x7c00; bits++) {
      const value = fromFloat16(bits);
      if (toFloat16(value) !== bits || toFloat16(-value) !== (bits | 0x8000)) throw new Error(`bits ${bits}`);
      const next = bits + 1 === 0x7c00 ? 65536 : fromFloat16(bits + 1);
      if (toFloat16((value + next) / 2) !== bits + (bits & 1)) throw new Error(`after bits ${bits}`);
    }
    expect([NaN, Infinity, -Infinity, 65519.99, 65520, 1e30, 2 ** -26].map(toFloat16)).toEqual([
      0x7e00, 0x7c00, 0xfc00, 0x7bff, 0x7c00, 0x7c00, 0,
    ]);
    fc.assert(
      fc.property(fc.float({ noNaN: true, min: -65500, max: 65500 }), (x) => {
        const error = Math.abs(fromFloat16(toFloat16(x)) - x);
        expect(error).toBeLessThanOrEqual(Math.max(Math.abs(x) * 2 ** -11, 2 ** -25));
      }),
    );
  });

  it("halve the file, load as float32, and stand in the card", async () => {
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
    const rounded: ConvolutionalNetwork = {
      ...wide,
      layers: wide.layers.map((layer) =>
        "weights" in layer ? { ...layer, weights: layer.weights.map((w) => fromFloat16(toFloat16(w))) } : layer,
      ),
    };
    expect(model.network).toEqual(rounded); // biases are exact
    expect(encodeModel(model.network, { dtype: "float16" })).toEqual(encodeModel(wide, { dtype: "float16" }));
  });

  it("are refused where a weight is too large", () => {
    const large = createSpikingNetwork([2, 2], new Random(1), { weightScale: 1e6 });
    expect(() => encodeModel(large, { dtype: "float16" })).toThrow(
      expect.objectContaining({ code: "MODEL_PRECISION", message: expect.stringContaining("layers.0.weight holds") }),
    );
  });
});
