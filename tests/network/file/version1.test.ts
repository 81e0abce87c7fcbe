import { describe, expect, it } from "@jest/globals";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { referenceEngine } from "../../../src/engines/reference/index.ts";
import { decodeSafetensors, encodeSafetensors } from "../../../src/files/safetensors.ts";
import { tensor, type Tensor } from "../../../src/files/tensor.ts";
import { decodeModel, encodeModel, loadModel } from "../../../src/network/file/model.ts";
import { kindOf, shapeOf } from "../../../src/network/network.ts";

// Model files of version 1, and what the engines of their time (commit bcbf93b) made of a few observations.
const folder = fileURLToPath(new URL("../../fixtures/models-v1/", import.meta.url));
const models = fileURLToPath(new URL("../../../models/", import.meta.url));

interface Recorded {
  readonly sha256: string;
  readonly kind: string;
  readonly observations: number[];
  readonly outputs: number[];
  readonly actions?: number[];
  readonly spikes?: number[];
}
const recorded = JSON.parse(await readFile(`${folder}outputs.json`, "utf8")) as Record<string, Recorded>;

describe("model files of version 1", () => {
  it.each(Object.entries(recorded))("compute what they computed: %s", async (name, expected) => {
    const { network, card, sha256 } = await loadModel(`${folder}${name}.safetensors`);
    expect({ sha256, kind: kindOf(network), of: card?.kind }).toEqual({
      sha256: expected.sha256,
      kind: expected.kind,
      of: expected.kind,
    });
    for (const same of [network, decodeModel(encodeModel(network))]) {
      const loaded = referenceEngine.load(same);
      const { outputs, actions, spikeCounts } = loaded.run(Float64Array.from(expected.observations));
      if (expected.spikes) expect([...outputs]).toEqual(expected.outputs);
      // In float64, in another order; and batch normalisations are rounded into float32 weights now.
      const close = name === "every-layer" ? 2e-6 : 1e-12;
      outputs.forEach((value, k) => expect(Math.abs(value - expected.outputs[k])).toBeLessThan(close));
      if (expected.actions) expect([...actions]).toEqual(expected.actions);
      if (expected.spikes)
        expect(spikeCounts.map((counts) => counts.reduce((sum, n) => sum + n, 0))).toEqual(expected.spikes);
    }
  });

  it("are all that ships so far, and load: those of models/", async () => {
    const files = (await readdir(models)).filter((name) => name.endsWith(".safetensors"));
    expect(files.length).toBeGreaterThan(10);
    for (const file of files) {
      const { network, card } = await loadModel(`${models}${file}`);
      expect({ file, kind: kindOf(network), shape: shapeOf(network) }).toEqual({
        file,
        kind: card?.kind,
        shape: card?.shape,
      });
    }
  });

  const base = async (name: string): Promise<ReturnType<typeof decodeSafetensors>> =>
    decodeSafetensors(await readFile(`${folder}${name}.safetensors`));
  type Change = (file: { tensors: Record<string, Tensor>; metadata: Record<string, string> }) => void;
  const described =
    (key: string, change: (json: { layers: Record<string, unknown>[] }) => void): Change =>
    ({ metadata }) => {
      const json = JSON.parse(metadata[key]) as { layers: Record<string, unknown>[] };
      change(json);
      metadata[key] = JSON.stringify(json);
    };

  it.each<[string, string, Change, RegExp]>([
    ["another kind", "leaky", ({ metadata }) => (metadata.kind = "recurrent"), /kind "recurrent"/],
    ["no kind", "leaky", ({ metadata }) => delete metadata.kind, /kind undefined/],
    ["a missing bias", "cartpole-dqn", ({ tensors }) => delete tensors["layers.1.bias"], /"layers.1.bias" is missing/],
    [
      "layers that don't chain",
      "cartpole-dqn",
      ({ tensors }) => (tensors["layers.1.weight"] = tensor(new Float32Array(64 * 63), [64, 63])),
      /Layer 1 takes 63 inputs, but layer 0 has 64 outputs/,
    ],
    [
      "weights of one dimension",
      "cartpole-dqn",
      ({ tensors }) => (tensors["layers.0.weight"] = tensor(new Float32Array(20))),
      /"layers.0.weight" has shape \[20\]/,
    ],
    ["no dynamics", "leaky", ({ metadata }) => delete metadata.dynamics, /lacks the spiking network's dynamics/],
    ["an unknown reset", "leaky", described("dynamics", ({ layers }) => (layers[1].reset = "hard")), /layers.1.reset/],
    [
      "a field of a later day",
      "leaky",
      described("dynamics", ({ layers }) => (layers[1].delay = 1)),
      /layers.1: .*"delay"/,
    ],
    [
      "populations that don't chain",
      "leaky",
      described("dynamics", ({ layers }) => (layers[1].populations = [2, 1])),
      /Layer 1 takes 12 inputs, but layer 0 has 6/,
    ],
    ["no architecture", "every-layer", ({ metadata }) => delete metadata.architecture, /lacks the convolutional/],
    [
      "an unknown layer",
      "every-layer",
      described("architecture", ({ layers }) => (layers[1].kind = "dropout")),
      /architecture wrongly \(layers\.1\.kind/,
    ],
    [
      "a kernel of another size",
      "every-layer",
      ({ tensors }) => (tensors["layers.3.weight"] = tensor(new Float32Array(1), [1, 1, 1, 1])),
      /"layers\.3\.weight" has shape \[1, 1, 1, 1\] instead of \[2, 3, 5, 6\]/,
    ],
    [
      "pooling at the end",
      "every-layer",
      described("architecture", ({ layers }) =>
        layers.push({
          kind: "max-pooling",
          window: { input: [1, 1, 3], output: [1, 1, 3], kernel: [1, 1], strides: [1, 1], padding: [0, 0] },
        }),
      ),
      /max pooling is the last there is/,
    ],
  ])("refuse %s by name", async (_, name, change, message) => {
    const { tensors, metadata } = await base(name);
    const file = { tensors: { ...tensors }, metadata: { ...metadata } };
    change(file);
    const bytes = encodeSafetensors(file.tensors, file.metadata);
    expect(() => decodeModel(bytes, "old.safetensors")).toThrow(
      expect.objectContaining({ code: "MODEL_INVALID", message: expect.stringMatching(message) }),
    );
  });
});
