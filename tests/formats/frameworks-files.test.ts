import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { zipSync } from "fflate";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { referenceEngine } from "../../src/engines/reference/index.ts";
import { float, integer, message, text } from "../../src/files/protobuf.ts";
import { bytesOf } from "../../src/files/tensor.ts";
import type { ImportOptions } from "../../src/formats/form.ts";
import { importNetwork } from "../../src/formats/import.ts";
import { readVecNormalize } from "../../src/formats/vecnormalize.ts";

// Written by make.py there, with Keras, ONNX and stable-baselines3 themselves.
const fixtures = fileURLToPath(new URL("../fixtures/files/", import.meta.url));

let folder: string;
let expected: Record<string, { observations: number[]; outputs: number[] }>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dsqn-foreign-"));
  expected = JSON.parse(await readFile(join(fixtures, "expected.json"), "utf8")) as typeof expected;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function expectAs(name: string, file: string, options: ImportOptions = {}): Promise<readonly string[]> {
  const { network, assumed } = await importNetwork(join(fixtures, file), options);
  const { observations, outputs } = expected[name];
  const ours = referenceEngine.load(network).run(Float64Array.from(observations)).outputs;
  expect(ours).toHaveLength(outputs.length);
  ours.forEach((value, k) => expect(Math.abs(value - outputs[k]) / (1 + Math.abs(outputs[k]))).toBeLessThan(1e-5));
  return assumed;
}

describe("what other programs write computes here what it computes there", () => {
  it.each(["mlp", "cnn", "functional"])("Keras, %s: .keras and .h5", async (name) => {
    for (const extension of ["keras", "h5"]) expect(await expectAs(name, `${name}.${extension}`)).toEqual([]);
  });

  it.each(["gemm.onnx", "convolutions.onnx"])("ONNX, %s", async (name) => {
    const assumed = await expectAs(name, name);
    const images = name === "convolutions.onnx";
    expect(assumed).toEqual(
      images
        ? ["Reshape flattens: its target is known when the network runs only", "images come as rows, columns, channels"]
        : [],
    );
  });

  it("stable-baselines3: a DQN with the statistics of its observations, an actor without its critic", async () => {
    const standardisation = await readVecNormalize(join(fixtures, "vecnormalize.pkl"));
    expect((await expectAs("dqn.zip", "dqn.zip", { standardisation })).join()).toContain(
      "not clipped at 10 standard deviations",
    );
    expect(await expectAs("ppo-relu.zip", "ppo-relu.zip")).toEqual(["the actor alone; its critic is left out"]);
  });
});

describe("what networks here can't be is refused by name", () => {
  it.each([
    ["tanh.keras", "LAYER_UNSUPPORTED", '"tanh"'],
    ["residual.onnx", "LAYER_UNSUPPORTED", "operator Add"],
    ["ppo-tanh.zip", "ACTIVATION_UNSUPPORTED", "Tanh"],
  ])("%s", async (name, code, what) => {
    await expect(importNetwork(join(fixtures, name))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(what),
    });
  });

  it("a .keras that is no archive, or one of other files", async () => {
    for (const bytes of [new Uint8Array(40), zipSync({ "config.json": Uint8Array.of(0x7b) })]) {
      await writeFile(join(folder, "no.keras"), bytes);
      await expect(importNetwork(join(folder, "no.keras"))).rejects.toMatchObject({ code: "IMPORT_INVALID" });
    }
  });

  it("a pickle that is no VecNormalize, and one that would run something", async () => {
    const path = join(folder, "no.pkl");
    const program = new TextEncoder().encode("cos\nsystem\n(S'true'\ntR.");
    for (const bytes of [program, Uint8Array.of(0x80, 4, 0x4e, 0x2e), new Uint8Array(0)]) {
      await writeFile(path, bytes);
      await expect(readVecNormalize(path)).rejects.toMatchObject({ code: "VECNORMALIZE_INVALID" });
    }
  });
});

/** An ONNX file field by field: x [n, inputs] through nodes to y. */
function onnx(
  inputs: number,
  nodes: readonly Uint8Array[],
  tensors: Readonly<Record<string, [number[], Float32Array]>>,
): Uint8Array {
  const value = (name: string, size: number): Uint8Array => {
    const shape = message(2, message(1, text(2, "n")), message(1, integer(1, size)));
    return Buffer.concat([text(1, name), message(2, message(1, integer(1, 1), shape))]);
  };
  const initializers = Object.entries(tensors).map(([name, [shape, data]]) =>
    message(5, ...shape.map((n) => integer(1, n)), integer(2, 1), text(8, name), message(9, bytesOf(data))),
  );
  const graph = [
    ...nodes.map((node) => message(1, node)),
    ...initializers,
    message(11, value("x", inputs)),
    message(12, value("y", 1)),
  ];
  return Buffer.concat([integer(1, 8), message(7, ...graph)]);
}
function node(op: string, inputs: readonly string[], output: string, ...attributes: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([
    ...inputs.map((name) => text(1, name)),
    text(2, output),
    text(4, op),
    ...attributes.map((each) => message(5, each)),
  ]);
}

describe("ONNX, byte by byte", () => {
  const w: [number[], Float32Array] = [[2, 2], Float32Array.of(1, 2, 3, 4)];
  const read = async (bytes: Uint8Array) => {
    const path = join(folder, "model.onnx");
    await writeFile(path, bytes);
    return (await importNetwork(path)).network;
  };

  it("Gemm scales both of its terms", async () => {
    const scaled = [Buffer.concat([text(1, "alpha"), float(2, 2)]), Buffer.concat([text(1, "beta"), float(2, 0.5)])];
    const { layers } = await read(
      onnx(2, [node("Gemm", ["x", "w", "b"], "y", ...scaled)], { w, b: [[2], Float32Array.of(4, 8)] }),
    );
    expect([[...layers[0].weights], [...layers[0].biases!]]).toEqual([
      [2, 4, 6, 8],
      [2, 4],
    ]);
  });

  it.each([
    ["an unknown operator", [node("Tanh", ["x"], "a"), node("MatMul", ["a", "w"], "y")], "LAYER_UNSUPPORTED", "Tanh"],
    ["weights that come too late", [node("MatMul", ["x", "v"], "y")], "LAYER_UNSUPPORTED", "more than one layer"],
    [
      "a ReLU at the end",
      [node("MatMul", ["x", "w"], "a"), node("Relu", ["a"], "y")],
      "LAYER_UNSUPPORTED",
      "dense and linear",
    ],
    ["a way around", [node("MatMul", ["x", "w"], "a"), node("MatMul", ["x", "w"], "y")], "LAYER_UNSUPPORTED", "chains"],
  ])("%s is refused", async (_, nodes, code, what) => {
    await expect(read(onnx(2, nodes, { w }))).rejects.toMatchObject({ code, message: expect.stringContaining(what) });
  });

  it("cut short anywhere, or with a byte changed, it is refused or another network, never a crash", async () => {
    const whole = onnx(
      2,
      [node("MatMul", ["x", "w"], "a"), node("Relu", ["a"], "r"), node("MatMul", ["r", "w"], "y")],
      { w },
    );
    const tried = async (bytes: Uint8Array): Promise<string> =>
      read(bytes).then(
        () => "read",
        (error: { code?: string }) => error.code ?? String(error),
      );
    expect(await tried(whole)).toBe("read");
    for (let end = 0; end < whole.length; end++)
      expect(await tried(whole.subarray(0, end))).toMatch(/^(read|[A-Z_]+)$/);
    for (let at = 0; at < whole.length; at++) {
      const changed = Uint8Array.from(whole);
      changed[at] ^= 0xff;
      expect(await tried(changed)).toMatch(/^(read|[A-Z_]+)$/);
    }
  });
});
