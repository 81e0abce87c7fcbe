import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeSafetensors } from "../../src/files/safetensors.ts";
import { tensor } from "../../src/files/tensor.ts";
import { saveReplay } from "../../src/formats/replay.ts";
import { createDenseNetwork, createSpikingNetwork } from "../../src/network/create.ts";
import { saveModel } from "../../src/network/file/model.ts";
import { neuron } from "../../src/network/neurons/index.ts";
import { Random } from "../../src/numeric/random.ts";
import { dsqn } from "./run.ts";

let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "dsqn-files-"));
  const random = new Random(1);
  const normals = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.normal());
  writeFileSync(
    at("net.safetensors"),
    encodeSafetensors({
      "fc1.weight": tensor(normals(24), [6, 4]),
      "fc2.weight": tensor(normals(36), [6, 6]),
      "fc3.weight": tensor(normals(12), [2, 6]),
    }),
  );
  await saveModel(at("dense.safetensors"), createDenseNetwork([4, 8, 8, 2], random));
  await saveReplay(at("replay"), { observationSize: 4, states: normals(400), outputs: null });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("import", () => {
  it("says what it assumed, in its output and in the card", async () => {
    const { code, result: json } = await dsqn("import", at("net.safetensors"), "--out", at("own.safetensors"));
    const assumed = ['ReLU behind "fc1", "fc2"'];
    expect([code, json.assumed]).toEqual([0, assumed]);
    expect(JSON.parse(readFileSync(at("own.json"), "utf8"))).toMatchObject({ assumed, method: "import" });
    const said = await dsqn("import", at("net.safetensors"), "--activation", "relu", "--out", at("own.safetensors"));
    expect(said.result.assumed).toEqual([]);
  });

  it("replaces neither its input, nor a JSON that is no card", async () => {
    const before = readFileSync(at("net.safetensors"));
    const same = await dsqn("import", at("net.safetensors"), "--out", at("net.safetensors"));
    expect([same.code, same.result]).toMatchObject([2, { error: { code: "OUTPUT_IS_INPUT" } }]);
    expect(readFileSync(at("net.safetensors"))).toEqual(before);
    writeFileSync(at("arch.json"), '{"input": [1, 1, 4], "inputScale": 1}');
    const card = await dsqn(
      "import",
      at("net.safetensors"),
      "--architecture",
      at("arch.json"),
      "--out",
      at("arch.safetensors"),
    );
    expect([card.code, card.result]).toMatchObject([2, { error: { code: "OUTPUT_TAKEN" } }]);
    expect(JSON.parse(readFileSync(at("arch.json"), "utf8"))).toEqual({ input: [1, 1, 4], inputScale: 1 });
  });

  it("names the first thing that is wrong with an architecture", async () => {
    writeFileSync(at("wrong.json"), '{"input": [1, 1]}');
    const { result: json } = await dsqn(
      "import",
      at("net.safetensors"),
      "--architecture",
      at("wrong.json"),
      "--out",
      at("x.safetensors"),
    );
    expect((json.error as { message: string }).message).toMatch(/wrong\.json: input[^\n]*$/);
  });
});

describe("too few steps and silence", () => {
  it("convert refuses what could not depend on its input, and writes nothing", async () => {
    const convert = (steps: string) =>
      dsqn(
        "convert",
        at("dense.safetensors"),
        "--replay",
        at("replay"),
        "--steps",
        steps,
        "--out",
        at("snn.safetensors"),
      );
    const { code, result: json } = await convert("5");
    expect([code, json]).toMatchObject([
      2,
      {
        error: {
          code: "OUTPUT_CONSTANT",
          hint: expect.stringContaining("--steps 6"),
          facts: { layer: 2, leastSteps: 6 },
        },
      },
    ]);
    expect(() => readFileSync(at("snn.safetensors"))).toThrow();
    expect((await convert("100")).result).toMatchObject({ steps: 100, warnings: [] });
  });

  it("forward tells of outputs that are all the same, and why", async () => {
    await saveModel(
      at("late.safetensors"),
      createSpikingNetwork([4, 6, 2], new Random(3), { steps: 20, weightScale: 20 }),
    );
    const observations = "[[30,1,2,3],[-20,9,8,7]]";
    const few = await dsqn("forward", at("late.safetensors"), "--input", observations, "--steps", "3");
    expect(few.result.warnings).toEqual([expect.stringContaining("T must be at least 4")]);
    expect(few.told).toContain("Warning: with T = 3");
    expect((await dsqn("forward", at("late.safetensors"), "--input", observations)).result.warnings).toEqual([]);
    const shy = createSpikingNetwork([4, 6, 2], new Random(3), {
      steps: 4,
      neuron: neuron("lif", { threshold: 1000 }),
    });
    await saveModel(at("shy.safetensors"), shy);
    const silent = await dsqn("forward", at("shy.safetensors"), "--input", observations);
    expect(silent.result.warnings).toEqual([expect.stringContaining("same for all 2 observations")]);
  });
});
