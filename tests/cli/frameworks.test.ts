import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { execa } from "execa";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readSubject } from "../../src/cli/subjects.ts";
import { tensor } from "../../src/files/tensor.ts";
import { encodeNpz } from "../../src/formats/npz.ts";
import { readCertificate } from "../../src/simulators/certificate-file.ts";
import { Random } from "../../src/numeric/random.ts";

const script = fileURLToPath(new URL("../../scripts/dsqn.mjs", import.meta.url));
const random = Random.stream(4, "cli");
const draw = (...shape: number[]) =>
  tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
    shape,
  );

describe("a network of another framework on the command line", () => {
  let folder: string;
  const dsqn = async (...args: string[]) => {
    const { exitCode, stdout } = await execa("node", [script, ...args, "--json"], { cwd: folder, reject: false });
    return { exitCode, result: JSON.parse(stdout) as Record<string, never> };
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "dsqn-frameworks-"));
    const [weights, biases] = [draw(6, 3), draw(6)];
    const state = { "fc1.weight": weights, "fc1.bias": biases, "fc2.weight": draw(2, 6) };
    writeFileSync(join(folder, "weights.npz"), encodeNpz(state));
    const y = { dtype: "int32", shape: [8], data: Int32Array.from([0, 1, 0, 1, 0, 1, 0, 1]) } as const;
    writeFileSync(join(folder, "data.npz"), encodeNpz({ x: draw(12, 8, 3), y }));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("is imported, run on input that changes, recorded, compared with the recording, and scored", async () => {
    const neuron = "LIFNode(tau=2.0, v_reset=None)";
    const taken = await dsqn("import", "weights.npz", "--framework", "spikingjelly", "--neuron", neuron, "--steps", "12", "--out", "net.safetensors"); // prettier-ignore
    expect(taken.exitCode).toBe(0);
    expect(taken.result).toMatchObject({ kind: "spiking", assumed: expect.arrayContaining([expect.stringContaining("v_threshold 1")]) }); // prettier-ignore
    const passed = await dsqn("forward", "net.safetensors", "--input", "@data.npz", "--record", "run.npz");
    expect(passed.result.actions).toHaveLength(8);
    const judged = await dsqn("certify", "net.safetensors", "--against", "run.npz", "--spikes", "--out", "c.json");
    expect(judged).toMatchObject({ exitCode: 0, result: { format: 2, passed: true, mismatchedBins: 0 } });
    expect((await readCertificate(join(folder, "c.json"))).columns).toHaveLength(1);
    const scored = await dsqn("evaluate", "net.safetensors", "--data", "data.npz");
    expect(scored.result).toMatchObject({ states: 8, steps: 12, chosen: passed.result.actions });
    expect(scored.result.confusion).toHaveLength(2);
  }, 120_000);

  it("is not compared with the recording of a network that sees another number of values", async () => {
    const neuron = { beta: 0.5, threshold: 1, reset: "sub" };
    const of = (inputs: number): string => {
      const path = join(folder, `seen-${inputs}.npz`);
      const layers = [{ kind: "linear", weight: "w", neuron }];
      const text = JSON.stringify({ framework: "norse", steps: 2, input: "constant", layers });
      const spikes0 = tensor(new BigInt64Array(2 * 4 * 2), [2, 4, 2]);
      const arrays = { w: draw(2, inputs), x: draw(4, inputs), spikes0 };
      writeFileSync(path, encodeNpz(arrays, { "network.json": new TextEncoder().encode(text) }));
      return path;
    };
    const [three, five] = [of(3), of(5)];
    await expect(readSubject(three, { against: three, seed: 0 })).resolves.toMatchObject({ steps: 2 });
    await expect(readSubject(three, { against: five, seed: 0 })).rejects.toMatchObject({
      code: "SPIKES_MISMATCH",
      message: "The recording's input has 5 values a state, and the network takes 3.",
    });
  });

  it("is asked for what its file does not hold", async () => {
    const explained = await dsqn("import", "weights.npz", "--framework", "norse", "--explain");
    expect(explained.result).toMatchObject({ framework: "norse", layers: [{ weights: "fc1", neuron: "?" }, {}] });
    writeFileSync(join(folder, "neurons.json"), JSON.stringify(explained.result));
    const open = await dsqn("import", "weights.npz", "--neurons", "neurons.json", "--out", "x.safetensors");
    expect(open).toMatchObject({ exitCode: 2, result: { error: { code: "NEURONS_MISSING" } } });
    const none = await dsqn("evaluate", "net.safetensors");
    expect(none).toMatchObject({ exitCode: 2, result: { error: { code: "BAD_ARGUMENT" } } });
  }, 120_000);
});
