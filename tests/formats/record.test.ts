import { describe, expect, it } from "@jest/globals";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { referenceEngine } from "../../src/engines/reference/index.ts";
import { writeFileAtomic } from "../../src/files/atomic.ts";
import { type Tensor, tensor } from "../../src/files/tensor.ts";
import { loadRecording } from "../../src/formats/frameworks/recording-file.ts";
import { outputsOf } from "../../src/network/layer.ts";
import { loadInput } from "../../src/formats/input-file.ts";
import { encodeNpz } from "../../src/formats/npz.ts";
import { writeRun } from "../../src/formats/record.ts";
import { convolution } from "../../src/network/convolution.ts";
import { spikingNetwork } from "../../src/network/create.ts";
import { neuron } from "../../src/network/neurons/index.ts";
import { Random } from "../../src/numeric/random.ts";
import { certifyNetworks } from "../../src/simulators/certificate.ts";

const random = Random.stream(3, "record");
const draw = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.normal());
const window = convolution([3, 3, 2], { filters: 2, kernel: [2, 2] });
const images = spikingNetwork(
  [
    { synapses: { kind: "convolution", ...window }, weights: draw(16) },
    { synapses: { kind: "dense", inputs: 8, outputs: 3 }, weights: draw(24) },
  ],
  { neuron: neuron("lif", { beta: 0.5 }), decoding: "spikes", steps: 6 },
);

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "dsqn-record-"))));
afterAll(() => rmSync(folder, { recursive: true }));

const write = async (name: string, arrays: Record<string, Tensor>): Promise<string> => {
  const path = join(folder, name);
  await writeFileAtomic(path, encodeNpz(arrays));
  return path;
};

describe("a run that is written down", () => {
  it.each([".npz", ".nir"])("comes back as a recording that is equal to it: %s", async (extension) => {
    const inputs = draw(6 * 4 * 18);
    const options = { changing: true, recordSpikes: true, recordPotentials: true };
    const result = fastEngine().load(images).run(inputs, options);
    const path = join(folder, `run${extension}`);
    await writeRun(path, { network: images, inputs, changing: true, steps: 6, result }, 0.001);
    const read = await loadRecording(path, images, { dt: 0.001 });
    expect(read.recording).toMatchObject({ states: 4, steps: 6, changing: true });
    expect(read.recording.inputs).toEqual(inputs);
    const recording = { ...read.recording, by: "x", version: "" };
    const subject = { name: "images", network: images, inputs, changing: true, source: "recorded" as const, recording };
    const { passed, spikes } = await certifyNetworks([subject], 1, { engine: referenceEngine });
    expect(passed).toBe(true);
    expect(spikes).toBeGreaterThan(0);
  });
});

describe("input from a file", () => {
  it("is states, or changes, by its dimensions; images with channels first or last", async () => {
    const ours = draw(2 * 18);
    const torch = new Float32Array(36);
    for (let b = 0; b < 2; b++)
      for (let k = 0; k < 9; k++) for (let c = 0; c < 2; c++) torch[b * 18 + c * 9 + k] = ours[b * 18 + 2 * k + c];
    const first = await loadInput(await write("chw.npz", { x: tensor(torch, [2, 2, 3, 3]) }), images);
    expect(first).toMatchObject({ changing: false, states: 2, steps: null, labels: null });
    expect(first.inputs).toEqual(ours);
    expect((await loadInput(await write("hwc.npz", { inputs: tensor(ours, [2, 3, 3, 2]) }), images)).inputs).toEqual(
      ours,
    );
    const silent = (n: number): Tensor => tensor(new Uint8Array(6 * 2 * n), [6, 2, n]);
    const spikes = Object.fromEntries(images.layers.map((layer, l) => [`spikes${l}`, silent(outputsOf(layer))]));
    const recorded = await write("recorded.npz", { x: tensor(torch, [2, 2, 3, 3]), ...spikes });
    expect((await loadRecording(recorded, images)).recording).toMatchObject({ changing: false, inputs: ours });
    const other = await write("fewer.npz", { x: tensor(torch.slice(18), [1, 2, 3, 3]), ...spikes });
    await expect(loadRecording(other, images)).rejects.toMatchObject({ code: "FRAMEWORK_FILE_INVALID" });
    const changing = await loadInput(await write("seq.npz", { x: tensor(ours, [1, 2, 18]) }), images);
    expect(changing).toMatchObject({ changing: true, states: 2, steps: 1 });
  });

  it.each([
    ["no array that is known", { z: tensor(draw(18), [1, 18]) }, /x, inputs/],
    ["another network's", { x: tensor(draw(10), [1, 10]) }, /3 x 3 x 2/],
    ["half a label", { x: tensor(draw(18), [1, 18]), y: tensor(Float64Array.of(0.5)) }, /y of state 0 is 0\.5/],
    [
      "labels of fewer states",
      { x: tensor(draw(36), [2, 18]), y: tensor(Int32Array.of(1), [1]) },
      /y is \[1\].*2 states/,
    ],
  ])("%s: refused", async (name, arrays, says) => {
    const path = await write(`${name}.npz`, arrays);
    await expect(loadInput(path, images)).rejects.toMatchObject({
      code: "SEQUENCE_MISMATCH",
      message: expect.stringMatching(says) as unknown as string,
    });
  });
});
