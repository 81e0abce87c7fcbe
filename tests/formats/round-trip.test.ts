import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createNetwork } from "../../src/network/create.ts";
import { encodeModel, loadModel } from "../../src/network/file/model.ts";
import { isSpiking, type Network, shapeOf } from "../../src/network/network.ts";
import { exporter, exportFormats } from "../../src/formats/export.ts";
import type { ImportOptions } from "../../src/formats/form.ts";
import { importNetwork } from "../../src/formats/import.ts";
import { Random } from "../../src/numeric/random.ts";

const models = fileURLToPath(new URL("../../models/", import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dsqn-round-trip-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** JSON of millions of weights takes seconds, and says no more than that of thousands. */
const LARGE = 100_000;
const isLarge = ({ layers }: Network): boolean => layers.reduce((sum, { weights }) => sum + weights.length, 0) > LARGE;

/** By the bytes of their model files: matchers take minutes for millions of weights. */
const same = (a: Network, b: Network): boolean => Buffer.from(encodeModel(a)).equals(encodeModel(b));

/** Written under a name of its own, and read back. */
async function again(network: Network, format: string, name: string, options: ImportOptions = {}): Promise<Network> {
  const { extension, write } = exporter(format);
  const path = join(folder, `${name}-${format}${extension}`);
  await write(network, path);
  return (await importNetwork(path, options)).network;
}

describe("everything that export writes import reads back, without being told anything", () => {
  it("of each kind of model that ships", async () => {
    const names = (await readdir(models)).filter((name) => name.endsWith(".safetensors"));
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) {
      const { network } = await loadModel(join(models, name));
      for (const format of ["safetensors", "npz", "json", "layers-model"]) {
        if (format === "layers-model" && isSpiking(network)) continue;
        if (format === "json" && isLarge(network)) continue;
        expect({ name, format, same: same(await again(network, format, name), network) }).toEqual({
          name,
          format,
          same: true,
        });
      }
    }
  });

  it("of convolutions, into JSON too", async () => {
    const convolution = { kind: "convolution", filters: 3, kernel: [3, 2], strides: [2, 1], padding: "same" } as const;
    const network = createNetwork([7, 6, 2], [convolution, { kind: "dense", outputs: 4 }], new Random(3), 1 / 255);
    for (const { name } of exportFormats().filter(({ name }) => /^(safetensors|npz|json|layers-model)$/.test(name)))
      expect(await again(network, name, "convolutional")).toEqual(network);
  });
});

describe("a state_dict as JSON, which has no place for more than tensors, is read with what it can't say", () => {
  it.each(["cartpole-dqn", "cartpole-dqn-converted", "mountaincar-dsqn"])("%s", async (name) => {
    const { network } = await loadModel(join(models, `${name}.safetensors`));
    if (!isSpiking(network)) return expect(await again(network, "torch-state-json", name)).toEqual(network);
    const { coding, layers } = network;
    if (layers.some(({ activation }) => activation.initial !== null)) return; // tensors that are no state_dict's
    const options: ImportOptions = { kind: "spiking", spiking: { ...coding, neuron: layers[0].activation } };
    expect(shapeOf(await again(network, "torch-state-json", name, options))).toEqual(shapeOf(network));
  });
});
