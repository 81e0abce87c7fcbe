import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { referenceEngine } from "../../src/engines/reference/index.ts";
import { observationSize } from "../../src/network/network.ts";
import { assertFits } from "../../src/learning/fits.ts";
import type { Environments } from "../../src/environments/worlds.ts";
import { policyOf } from "../../src/learning/policy.ts";
import { loadModel, saveModel } from "../../src/network/file/model.ts";
import { saveReplay } from "../../src/formats/replay.ts";
import { Random } from "../../src/numeric/random.ts";
import { everyKind, normals, sketched } from "../fixtures/convolutional/networks.ts";
import { dsqn } from "./run.ts";

const network = sketched([12, 11, 2], everyKind, 3, 0.5);
const size = observationSize(network);
const states = normals(2 * size, new Random(4));
const expected = referenceEngine.load(network).run(states).outputs;
let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "dsqn-cli-conv-"));
  await saveModel(at("conv.safetensors"), network, { environment: "Pictures-v0" });
  await saveReplay(at("replay"), { observationSize: size, states, outputs: null });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the commands on convolutional models", () => {
  const outputsOf = (result: Record<string, unknown>): number[] => (result.outputs as number[][]).flat();

  it("forward takes an image as nested lists, or states that were collected", async () => {
    const image = Array.from({ length: 12 }, (_, y) =>
      Array.from({ length: 11 }, (_, x) => [0, 1].map((c) => states[(y * 11 + x) * 2 + c])),
    );
    writeFileSync(at("image.json"), JSON.stringify(image));
    const one = await dsqn(
      "forward",
      at("conv.safetensors"),
      "--input",
      `@${at("image.json")}`,
      "--precision",
      "float64",
    );
    expect(one.code).toBe(0);
    outputsOf(one.result).forEach((value, k) => expect(value).toBeCloseTo(expected[k], 12));
    const both = await dsqn("forward", at("conv.safetensors"), "--input", `@${at("replay/memory_inputs.npz")}`);
    expect(outputsOf(both.result)).toHaveLength(6);
    outputsOf(both.result).forEach((value, k) => expect(value).toBeCloseTo(expected[k], 4));
    const short = await dsqn("forward", at("conv.safetensors"), "--input", "[1, 2, 3]");
    expect(short).toMatchObject({ code: 2, result: { error: { code: "OBSERVATION_MISMATCH" } } });
  });

  it("export and import go round by TensorFlow.js's files", async () => {
    expect(await dsqn("export", at("conv.safetensors"), "--format", "layers-model", "--out", at("tfjs"))).toMatchObject(
      { code: 0 },
    );
    const imported = await dsqn("import", at("tfjs"), "--out", at("back.safetensors"));
    expect(imported).toMatchObject({ code: 0, result: { kind: "convolutional", form: "layers-model" } });
    const { network: back } = await loadModel(at("back.safetensors"));
    expect(back).toEqual(network);
  });

  it("those that need spikes say what the model is", async () => {
    for (const [command, ...rest] of [
      ["certify"],
      ["map"],
      ["evaluate", "--env", "CartPole-v1", "--simulator", "nest"],
    ])
      expect(await dsqn(command, at("conv.safetensors"), ...rest)).toMatchObject({
        code: 2,
        result: { error: { message: expect.stringContaining("convolutional") } },
      });
  });

  it("a game of another shape is refused with both shapes", () => {
    const game = { id: "Pong", height: 84, width: 84, stack: 4, observationSize: 28224, actions: 3 };
    expect(() => assertFits(policyOf(network), game as unknown as Environments)).toThrow(
      expect.objectContaining({
        code: "MODEL_DOES_NOT_FIT",
        message:
          "The model takes 12 x 11 x 2 = 264 values and knows 3 actions; Pong gives 84 x 84 x 4 = 28224 and has 3.",
      }),
    );
  });
});
