import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importNetwork } from "../../src/formats/import.ts";

interface Weight {
  readonly name: string;
  readonly shape: readonly number[];
}
interface Described {
  readonly class_name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inbound_nodes?: unknown;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dsqn-layers-model-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let written = 0;

/** The path of a model of these layers, with ones as weights. */
async function model(layers: readonly Described[], weights: readonly Weight[], more: object = {}): Promise<string> {
  const name = `${++written}`;
  const size = weights.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  await writeFile(join(folder, `${name}.bin`), new Uint8Array(new Float32Array(size).fill(1).buffer));
  const entries = weights.map((weight) => ({ ...weight, dtype: "float32" }));
  const content = {
    modelTopology: { class_name: "Sequential", config: { layers } },
    weightsManifest: [{ paths: [`${name}.bin`], weights: entries }],
    ...more,
  };
  await writeFile(join(folder, `${name}.json`), JSON.stringify(content));
  return join(folder, `${name}.json`);
}

const input = (shape: unknown): Described => ({
  class_name: "InputLayer",
  config: { name: "in", batch_input_shape: shape },
});
const dense = (name: string, units: unknown, more: object = {}): Described => ({
  class_name: "Dense",
  config: { name, units, use_bias: false, ...more },
});
const conv: Described = {
  class_name: "Conv2D",
  config: { name: "c", filters: 2, kernel_size: [2, 2], strides: [1, 1], padding: "valid", use_bias: false },
};
const convWeight = { name: "c/kernel", shape: [2, 2, 1, 2] };
const unsupported = (message: RegExp) => ({
  code: "LAYER_UNSUPPORTED",
  message: expect.stringMatching(message) as unknown,
});

describe("a LayersModel from a stranger", () => {
  it("is a network", async () => {
    const { network } = await importNetwork(
      await model([input([null, 3]), dense("d", 2)], [{ name: "d/kernel", shape: [3, 2] }]),
    );
    expect(network.layers[0].weights).toEqual(new Float32Array(6).fill(1));
  });

  it.each([
    ["a circle", [dense("a", 2), dense("a", 2)], ["in", "a"]],
    ["a layer twice", [dense("a", 2), dense("in", 2)], ["in", "a"]],
  ])("has no end: %s", async (_name, layers, feeding) => {
    const fed = layers.map((layer, k) => ({ ...layer, inbound_nodes: [[[feeding[k], 0, 0, {}]]] }));
    const config = { layers: [{ ...input([null, 2]), inbound_nodes: [] }, ...fed] };
    const path = await model([], [], { modelTopology: { class_name: "Functional", config } });
    await expect(importNetwork(path)).rejects.toMatchObject(unsupported(/another layer has the same name/));
  });

  it.each([[[null]], [[[null]]], [[7]], [[[{}]]], [[["in"], ["in"]]]])(
    "has nodes that are none: %j",
    async (...nodes) => {
      const config = { layers: [input([null, 2]), { ...dense("a", 2), inbound_nodes: nodes }] };
      const path = await model([], [], { modelTopology: { class_name: "Functional", config } });
      await expect(importNetwork(path)).rejects.toMatchObject({
        code: expect.stringMatching(/^(LAYER_UNSUPPORTED|IMPORT_INVALID)$/),
      });
    },
  );

  it.each([
    ["endless observations", [input([null, 2 ** 40]), dense("d", 1)], /no size of observations/],
    ["images of nothing", [input([null, 0, 9, 9]), conv], /no size of observations/],
    [
      "a reshaping to more",
      [input([null, 4]), { class_name: "Reshape", config: { name: "r", target_shape: [999, 999, 999] } }],
      /can't become/,
    ],
    [
      "a padding without end",
      [
        input([null, 3, 3, 1]),
        { class_name: "ZeroPadding2D", config: { name: "z", padding: [[2 ** 40, 0], [0, 0]] } }, // prettier-ignore
        conv,
      ],
      /holds a whole window/,
    ],
    [
      "many rescalings",
      [
        input([null, 2 ** 23]),
        ...Array.from({ length: 5 }, (_, k) => ({
          class_name: "Rescaling",
          config: { name: `r${k}`, scale: 2, offset: 1 },
        })),
      ],
      /rescales more values/,
    ],
  ])("has %s", async (_name, layers, message) => {
    const path = await model(layers, [convWeight]);
    await expect(importNetwork(path)).rejects.toMatchObject(unsupported(message));
  });

  it("names the same weights for many layers, or the same file many times", async () => {
    const shared = await model(
      [input([null, 2]), dense("a", 2), dense("b", 2)],
      [{ name: "a/b/kernel", shape: [2, 2] }],
    );
    await expect(importNetwork(shared)).rejects.toMatchObject(unsupported(/another layer's too/));
    const twice = await model([input([null, 2])], [], {
      weightsManifest: [{ paths: ["1.bin", "1.bin"], weights: [] }],
    });
    await expect(importNetwork(twice)).rejects.toMatchObject({ code: "IMPORT_INVALID" });
  });

  const fields = ["batch_input_shape", "units", "filters", "kernel_size", "strides", "padding", "pool_size", "axis"];
  const values: readonly unknown[] = [
    null,
    0,
    -1,
    1e300,
    "x",
    true,
    [],
    [null],
    [1, [2]],
    {},
    { toString: 1, valueOf: 1 },
    [[[[]]]],
  ];
  it("has fields of any type, and is answered by errors with a code", async () => {
    const kinds = ["Conv2D", "MaxPooling2D", "BatchNormalization", "ZeroPadding2D", "Reshape", "Rescaling", "ReLU"];
    const more = [...fields, "activation", "target_shape", "scale", "offset", "dilation_rate", "groups", "epsilon"];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...kinds),
        fc.dictionary(fc.constantFrom(...more, "max_value", "threshold", "data_format"), fc.constantFrom(...values)),
        async (kind, changes) => {
          const config = {
            ...conv.config,
            name: "c",
            pool_size: [2, 2],
            target_shape: [5, 5, 1],
            scale: 1,
            ...changes,
          };
          const path = await model([input([null, 5, 5, 1]), { class_name: kind, config }], [convWeight]);
          await expect(importNetwork(path)).rejects.toMatchObject({
            code: expect.stringMatching(/^(LAYER_UNSUPPORTED|IMPORT_INVALID|NETWORK_INVALID)$/),
          });
        },
      ),
      { numRuns: 300 },
    );
  });
});
