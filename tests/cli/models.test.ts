import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModel, saveModel } from "../../src/network/file/model.ts";
import { Random } from "../../src/numeric/random.ts";
import { createDenseNetwork, createSpikingNetwork } from "../../src/network/create.ts";
import { neuron } from "../../src/network/neurons/index.ts";
import { referenceEngine, referenceEngine32 } from "../../src/engines/reference/index.ts";
import { legacyFile, listOf, op, torchTensor } from "../formats/pickles.ts";
import { dsqn } from "./run.ts";

const spiking = createSpikingNetwork([3, 6, 2], new Random(1), { steps: 20, biasInput: true });
const dense = createDenseNetwork([3, 6, 2], new Random(2));
const states = [
  [0.5, -0.25, 1],
  [0, 1.5, 2],
];
let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "dsqn-cli-"));
  await saveModel(at("spiking.safetensors"), spiking);
  await saveModel(at("dense.safetensors"), dense);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("dsqn forward", () => {
  it("gives outputs, actions and spikes of a batch, with either engine", async () => {
    const x = Float32Array.from(states.flat());
    const expected = referenceEngine32.load(spiking).run(x, { recordSpikes: true });
    const counts = states.map((_, b) =>
      Array.from(
        { length: 6 },
        (_, j) =>
          expected.spikes![0].neuron.filter((neuron, k) => neuron === j && expected.spikes![0].state[k] === b).length,
      ),
    );
    for (const engine of ["fast", "reference"]) {
      const { code, result } = await dsqn(
        "forward",
        at("spiking.safetensors"),
        "--input",
        JSON.stringify(states),
        "--engine",
        engine,
      );
      expect(code).toBe(0);
      expect((result.outputs as number[][]).flat()).toEqual(Array.from(expected.outputs));
      expect(result.actions).toEqual(Array.from(expected.actions));
      expect(result.spikes).toEqual([counts]);
    }
  });

  it("takes one observation, a file, and other options than the model's", async () => {
    writeFileSync(at("state.json"), JSON.stringify(states[0]));
    const options = [
      "--steps",
      "31",
      "--decoding",
      "spikes",
      "--reset",
      "zero",
      "--encoding",
      "poisson",
      "--seed",
      "4",
      "--precision",
      "float64",
    ];
    const changed = {
      ...spiking,
      coding: { ...spiking.coding, decoding: "spikes", encoding: "poisson" } as const,
      layers: spiking.layers.map((layer) => ({ ...layer, activation: neuron("lagged-lif", { reset: "zero" }) })),
    };
    const expected = referenceEngine.load(changed).run(Float64Array.from(states[0]), { steps: 31, seed: 4 });
    const { result } = await dsqn("forward", at("spiking.safetensors"), "--input", `@${at("state.json")}`, ...options);
    expect(result).toMatchObject({ outputs: [Array.from(expected.outputs)], steps: 31, precision: "float64" });
    expect((result.spikes as number[][][]).length).toBe(2);
  });

  it("runs dense networks", async () => {
    const expected = referenceEngine.load(dense).run(Float64Array.from(states.flat())).outputs;
    const { result } = await dsqn(
      "forward",
      at("dense.safetensors"),
      "--input",
      JSON.stringify(states),
      "--precision",
      "float64",
    );
    expect((result.outputs as number[][]).flat()).toEqual(Array.from(expected));
    expect(result.spikes).toEqual([]);
  });

  it.each([
    ["[1, 2]", "OBSERVATION_MISMATCH"],
    ["[[1, 2, 3], [1, 2]]", "OBSERVATION_MISMATCH"],
    ["[]", "BAD_ARGUMENT"],
    ["[[]]", "BAD_ARGUMENT"],
    ["[1, 2, null]", "BAD_ARGUMENT"],
    ["[1, 2,", "BAD_ARGUMENT"],
    ["@no-such-file", "BAD_ARGUMENT"],
    ["[1e999, 0, 0]", "BAD_ARGUMENT"],
  ])("refuses the input %s", async (input, code) => {
    expect(await dsqn("forward", at("spiking.safetensors"), "--input", input)).toMatchObject({
      code: 2,
      result: { error: { code } },
    });
  });

  it("refuses 0 steps, unknown choices, spiking options for a dense network, and no model", async () => {
    const input = ["--input", "[0, 0, 0]"];
    expect((await dsqn("forward", at("spiking.safetensors"), ...input, "--steps", "0")).code).toBe(2);
    expect((await dsqn("forward", at("spiking.safetensors"), ...input, "--decoding", "loudest")).code).toBe(2);
    expect((await dsqn("forward", at("dense.safetensors"), ...input, "--steps", "5")).code).toBe(2);
    expect(await dsqn("forward", at("nothing.safetensors"), ...input)).toMatchObject({
      code: 1,
      result: { error: { code: "FILE_NOT_FOUND" } },
    });
  });
});

describe("dsqn import and export", () => {
  it("make a model of a torch file, and an npz of the model that imports as the same", async () => {
    const file = legacyFile(listOf([torchTensor("w", 8, [4, 2], [1, 4])]), {
      w: Float32Array.from({ length: 8 }, (_, k) => k),
    });
    writeFileSync(at("old.pt"), file);
    const imported = await dsqn("import", at("old.pt"), "--out", at("new.safetensors"), "--env", "CartPole-v1");
    expect(imported).toMatchObject({
      code: 0,
      result: { tensors: [{ name: "weights.0", shape: [4, 2] }], out: at("new.safetensors"), biasInput: true },
    });
    const { network, card } = await loadModel(at("new.safetensors"));
    expect(Array.from(network.layers[0].weights)).toEqual([0, 4, 1, 5, 2, 6, 3, 7]);
    expect(card).toMatchObject({ method: "import", environment: "CartPole-v1", source: { model: "old.pt" } });

    const exported = await dsqn("export", at("new.safetensors"), "--format", "npz", "--out", at("again.npz"));
    expect(exported).toMatchObject({
      code: 0,
      result: { out: at("again.npz"), tensors: [{ name: "layers.0.weight", shape: [4, 2] }] },
    });
    await dsqn("import", at("again.npz"), "--out", at("again.safetensors"));
    expect(readFileSync(at("again.safetensors"))).toEqual(readFileSync(at("new.safetensors")));
  });

  it("write nothing from a hostile file", async () => {
    writeFileSync(at("evil.pt"), legacyFile([...op.global("os", "system"), ...op.emptyTuple, ...op.reduce], {}));
    const { code, result } = await dsqn("import", at("evil.pt"), "--out", at("evil.safetensors"));
    expect({ code, result }).toMatchObject({
      code: 1,
      result: { error: { code: "PICKLE_REFUSED", message: expect.stringContaining("os.system") } },
    });
    expect(existsSync(at("evil.safetensors"))).toBe(false);
  });

  it("name the formats there are when asked for another", async () => {
    expect(await dsqn("export", at("dense.safetensors"), "--format", "onnx")).toMatchObject({
      code: 2,
      result: { error: { code: "FORMAT_UNKNOWN" } },
    });
  });
});

describe("dsqn models, of a training run", () => {
  it.each(["breakout-dqn", "breakout-dsqn", "breakout-patel-dsqn"])(
    "%s: no run, or one of another network",
    async (name) => {
      const absent = await dsqn("models", name, "--anew", "--run", at("nowhere"), "--out", at("made"));
      expect(absent).toMatchObject({
        code: 2,
        result: { error: { code: "RUN_NOT_FOUND", hint: expect.stringContaining(`dsqn train ${name}`) } },
      });
      mkdirSync(at(`run-of-${name}`));
      copyFileSync(at("dense.safetensors"), at(`run-of-${name}/best.safetensors`));
      const other = await dsqn("models", name, "--anew", "--run", at(`run-of-${name}`), "--out", at("made"));
      expect(other).toMatchObject({ code: 1, result: { error: { code: "MODEL_DOES_NOT_FIT" } } });
      expect(existsSync(at("made"))).toBe(false);
    },
  );
});
