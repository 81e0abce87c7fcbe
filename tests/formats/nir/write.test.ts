import { describe, expect, it } from "@jest/globals";
import { readHdf5 } from "../../../src/formats/hdf5/read.ts";
import { arraysIn, tensorOf } from "../../../src/formats/hdf5/walk.ts";
import { readNir } from "../../../src/formats/nir/read.ts";
import { neuronNames, writeNir } from "../../../src/formats/nir/write.ts";
import { convolution } from "../../../src/network/convolution.ts";
import { createDenseNetwork } from "../../../src/network/create.ts";
import { decodeModel, encodeModel } from "../../../src/network/file/model.ts";
import type { SpikingLayer } from "../../../src/network/layer.ts";
import { codingDefaults, type SpikingNetwork } from "../../../src/network/network.ts";
import { type Lif, neuron } from "../../../src/network/neurons/index.ts";
import { Random } from "../../../src/numeric/random.ts";
import { randomNetwork } from "../../../src/simulators/fuzz.ts";

const random = Random.stream(1, "weights");
const values = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.normal());

function dense(
  inputs: number,
  outputs: number,
  lif: Partial<Lif> = {},
  more: Partial<SpikingLayer> = {},
): SpikingLayer {
  const synapses = { kind: "dense", inputs, outputs } as const;
  return {
    synapses,
    weights: values(inputs * outputs),
    biases: values(outputs),
    activation: neuron("lif", lif),
    ...more,
  };
}

function networkOf(input: SpikingNetwork["input"], ...layers: SpikingLayer[]): SpikingNetwork {
  return { input, inputScale: 1, layers, coding: { ...codingDefaults, decoding: "spikes" } };
}

const same = (network: SpikingNetwork): void => {
  const { bytes } = writeNir(network);
  const { network: back, assumed } = readNir(bytes, "net.nir");
  // As a model file has it: fields in their order.
  expect(Buffer.compare(encodeModel(back), encodeModel(decodeModel(encodeModel(network))))).toBe(0);
  expect(assumed).toEqual([]);
};

/** The nodes of a file, changed by somebody: one value of one array. */
function changed(bytes: Uint8Array, path: string): Uint8Array {
  const array = [...arraysIn(readHdf5(bytes))].find(([name]) => name === path)![1];
  const { data } = tensorOf(array, "net.nir");
  const copy = bytes.slice();
  const at = (data.buffer as ArrayBuffer) === bytes.buffer ? data.byteOffset - bytes.byteOffset : -1;
  expect(at).toBeGreaterThan(0);
  copy[at] ^= 1;
  return copy;
}

describe("export to NIR", () => {
  it.each(["lif", "lagged-lif"] as const)("brings random networks of %s back bit for bit", (kind) => {
    for (let k = 0; k < 8; k++)
      same(randomNetwork(k, { seed: 7, neuron: kind, leaky: k % 2 === 0, everyOption: kind === "lif" }));
  });

  it("brings images, pooling, recurrence and neurons of all kinds back bit for bit", () => {
    const first = convolution([7, 8, 2], {
      filters: 3,
      kernel: [2, 3],
      padding: [
        [1, 1],
        [1, 1],
      ],
    });
    const window = convolution(first.output, { filters: 3, kernel: [2, 2], strides: [2, 2] });
    const n = window.output[0] * window.output[1] * 3;
    same(
      networkOf(
        [7, 8, 2],
        {
          synapses: { kind: "convolution", ...first },
          weights: values(36),
          biases: null,
          activation: neuron("lif", {
            beta: values(first.output[0] * first.output[1] * 3).map((v) => 1 / (1 + v * v)),
          }),
        },
        dense(n, 5, { maxSpikes: Infinity, reset: "subtraction" }, { pooling: { kind: "average", window } }),
        dense(
          5,
          4,
          { current: "input-first", alpha: 0.5, beta: 0.9, leakTo: 0.25, offset: 0.5, lowest: -1 },
          { recurrent: values(16) },
        ),
        dense(4, 3, { reset: "delayed-subtraction", fires: "at", initial: values(3) }, { biases: null }),
      ),
    );
  });

  it("says where others get another network", () => {
    const { warnings } = writeNir(
      networkOf(
        [3],
        dense(3, 4, { reset: "value" }),
        dense(4, 2, { reset: "subtraction", fires: "at" }),
        dense(2, 2, { reset: "subtraction", lowest: -1 }),
      ),
    );
    expect(warnings).toEqual([
      "layers 1, 2: a reset by subtraction; NIR's resets to v_reset",
      "layer 1: a spike at the threshold; NIR's is above it",
      "layer 2: a lower bound of the potential",
    ]);
    expect(writeNir(networkOf([3], dense(3, 4, { reset: "value", beta: 0.9, gain: 0.1 }))).warnings).toEqual([]);
  });

  it("writes nodes that mean the same in NIR's own equations", () => {
    const lif = { beta: 0.9, gain: 0.3, leakTo: 0.25, threshold: 0.75, reset: "value", resetTo: -0.5 } as const;
    const { bytes } = writeNir(networkOf([3], dense(3, 4, lif), dense(4, 2, { reset: "value" })));
    const { network } = readNir(bytes, "net.nir", { dialect: "nir", dt: 1e-4 });
    for (const [name, value] of Object.entries(lif)) {
      const found = (network.layers[0].activation as unknown as Record<string, unknown>)[name];
      if (typeof value === "number") expect(found).toBeCloseTo(value, 12);
      else expect(found).toBe(value);
    }
    expect(network.layers[1].activation).toMatchObject({ beta: 1, gain: 1 });
  });

  it("names the nodes of its neurons, as NIRData does", () => {
    const network = networkOf([3], dense(3, 4, {}, { recurrent: values(16) }), dense(4, 2));
    expect(readNir(writeNir(network).bytes, "net.nir").names).toEqual(neuronNames(network));
  });

  it("is read by its nodes alone where a dialect says so, and refused where somebody changed them", () => {
    const bytes = changed(
      writeNir(networkOf([3], dense(3, 4, { beta: 0.9, reset: "value" }))).bytes,
      "node/nodes/neurons0/tau",
    );
    expect(() => readNir(bytes, "net.nir")).toThrow(/"tau" of node "neurons0" is not as dsqn wrote it/);
    expect(() => readNir(bytes, "net.nir", { dialect: "nir", dt: 1e-4 })).not.toThrow();
    expect(() => readNir(writeNir(networkOf([3], dense(3, 4))).bytes, "net.nir", { dt: 1e-3 })).toThrow(
      /"dt" would be against it/,
    );
  });

  it("refuses what NIR has no node for", () => {
    const unsupported = expect.objectContaining({ code: "NIR_UNSUPPORTED" });
    const image = convolution([4, 4, 1], { filters: 1, kernel: [2, 2], strides: [2, 2] });
    const window = {
      input: image.input,
      output: image.output,
      kernel: image.kernel,
      strides: image.strides,
      padding: image.padding,
    };
    const pooled = networkOf([4, 4, 1], dense(4, 2, {}, { pooling: { kind: "max", window } }));
    expect(() => writeNir(pooled)).toThrow(unsupported);
    expect(() => writeNir(createDenseNetwork([4, 3, 2], random))).toThrow(/it does not spike/);
    const uneven = convolution([4, 4, 1], {
      filters: 1,
      kernel: [2, 2],
      strides: [1, 1],
      padding: [
        [1, 0],
        [0, 0],
      ],
    });
    const layer = {
      synapses: { kind: "convolution", ...uneven },
      weights: values(4),
      biases: null,
      activation: neuron("lif"),
    } as const;
    expect(() => writeNir(networkOf([4, 4, 1], layer))).toThrow(unsupported);
  });
});
