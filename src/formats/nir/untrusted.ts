import { codingDefaults, type SpikingNetwork } from "../../network/network.ts";
import { neuron } from "../../network/neurons/index.ts";
import { tensor } from "../../files/tensor.ts";
import { type Hdf5Group, readHdf5 } from "../hdf5/read.ts";
import { arraysIn } from "../hdf5/walk.ts";
import { writeHdf5 } from "../hdf5/write.ts";
import { binned, gridOf, readNirData, writeNirData } from "./data.ts";
import { readNir } from "./read.ts";
import { writeNir } from "./write.ts";

/** A reader of files from strangers, for whoever tries it with damaged ones: valid bytes to damage, and the reader, whose every failure is a DsqnError. */
export interface UntrustedReader {
  readonly name: string;
  seeds(): Uint8Array[];
  read(bytes: Uint8Array): void;
}

export const untrustedReaders: readonly UntrustedReader[] = [
  {
    name: "hdf5",
    seeds: (): Uint8Array[] => [
      writeHdf5({
        members: {
          numbers: tensor(Float32Array.of(1, 2, 3, 4), [2, 2]),
          text: { shape: [2], text: ["one", "two"] },
          group: {
            members: { flag: { dtype: "bool", shape: [2], data: Uint8Array.of(0, 1) } },
            attributes: { a: "b" },
          },
        },
      }),
    ],
    read: (bytes: Uint8Array): void => readAll(readHdf5(bytes)),
  },
  {
    name: "nir",
    seeds: (): Uint8Array[] => [writeNir(sample()).bytes],
    read: (bytes: Uint8Array): void => {
      readNir(bytes, "net.nir", { dialect: "nir", dt: 1e-4 });
      readNir(bytes, "net.nir");
    },
  },
  {
    name: "nir-data",
    seeds: (): Uint8Array[] => {
      const grid = { samples: 1, steps: 4, neurons: 3, data: Float32Array.of(1, 0, 0, 1, 1, 0, 0, 0, 1, 0, 1, 0) };
      const index = tensor(Int32Array.of(0, 2, -1), [1, 3]);
      const time = tensor(Float64Array.of(1e-4, 2e-4, Infinity), [1, 3]);
      const events = { kind: "events", neurons: 3, end: 1e-3, index, time } as const;
      return [writeNirData({ a: { spikes: gridOf(grid, 1e-4, true) }, b: { spikes: events } })];
    },
    read: (bytes: Uint8Array): void => {
      for (const seen of Object.values(readNirData(bytes, "data.nir")))
        for (const one of Object.values(seen)) binned(one, "data.nir", one.kind === "events" ? 1e-4 : undefined);
    },
  },
];

function readAll(group: Hdf5Group): void {
  group.attributes().forEach((name) => group.attribute(name));
  for (const [, array] of arraysIn(group)) {
    array.read();
    array.attributes().forEach((name) => array.attribute(name));
  }
}

/** Two layers, one of which recurs. */
function sample(): SpikingNetwork {
  const weights = (n: number): Float32Array => Float32Array.from({ length: n }, (_, k) => (k % 5) / 4 - 0.5);
  const layer = (inputs: number, outputs: number) => ({
    synapses: { kind: "dense", inputs, outputs } as const,
    weights: weights(inputs * outputs),
    biases: weights(outputs),
    activation: neuron("lif", { beta: weights(outputs).map((w) => w * w), current: "decay-first", alpha: 0.5 }),
  });
  const coding = { ...codingDefaults, decoding: "spikes" } as const;
  return { input: [3], inputScale: 1, layers: [{ ...layer(3, 4), recurrent: weights(16) }, layer(4, 2)], coding };
}
