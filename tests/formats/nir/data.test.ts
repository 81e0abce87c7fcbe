import { describe, expect, it } from "@jest/globals";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { tensor } from "../../../src/files/tensor.ts";
import { writeHdf5 } from "../../../src/formats/hdf5/write.ts";
import {
  binned,
  type Grid,
  gridOf,
  inputIn,
  type NirData,
  type Observable,
  readNirData,
  spikesByLayer,
  writeNirData,
} from "../../../src/formats/nir/data.ts";
import { decodeNpz } from "../../../src/formats/npz.ts";

const grid = (neurons: number, of: (k: number) => number): Grid => ({
  samples: 2,
  steps: 3,
  neurons,
  data: Float32Array.from({ length: 6 * neurons }, (_, k) => of(k)),
});
const events = (index: readonly number[], time: readonly number[], value?: readonly number[]): Observable => ({
  kind: "events",
  neurons: 3,
  end: 0.01,
  index: tensor(BigInt64Array.from(index, BigInt), [1, index.length]),
  time: tensor(Float64Array.from(time), [1, time.length]),
  ...(value && { value: tensor(Float32Array.from(value), [1, value.length]) }),
});
const invalid = expect.objectContaining({ code: "NIR_DATA_INVALID" });
const mismatch = expect.objectContaining({ code: "NIR_DATA_MISMATCH" });

describe("NIRData", () => {
  it("of SpikingJelly's network, as nir.write_data wrote it, has the spikes that the network sent", () => {
    const name = join("tests", "fixtures", "nir", "spikingjelly-cuba");
    const data = readNirData(new Uint8Array(readFileSync(`${name}.data.nir`)), "data.nir");
    const { spikes0 } = decodeNpz(new Uint8Array(readFileSync(`${name}.npz`)));
    const [steps, samples, neurons] = spikes0.shape;
    const [found] = spikesByLayer(data, [neurons], "data.nir");
    expect([found.samples, found.steps]).toEqual([samples, steps]);
    for (let b = 0; b < samples; b++)
      for (let t = 0; t < steps; t++)
        for (let j = 0; j < neurons; j++)
          expect(found.data[(b * steps + t) * neurons + j]).toBe(spikes0.data[(t * samples + b) * neurons + j]);
  });

  it("comes back as it was written", () => {
    const data: NirData = {
      "neurons0": {
        spikes: gridOf(
          grid(4, (k) => k % 2),
          1e-4,
          true,
        ),
        v: gridOf(
          grid(4, (k) => k / 2),
          1e-4,
          false,
        ),
      },
      "inner/lif": {
        spikes: gridOf(
          grid(2, (k) => k),
          1e-4,
          true,
        ),
      },
      "late": { spikes: events([0, 2, -1], [0.0003, 0.0099, Infinity]), current: events([1], [0], [0.5]) },
    };
    expect(readNirData(writeNirData(data), "data.nir")).toEqual(data);
    expect(data.neurons0.spikes).toMatchObject({ data: { dtype: "bool" } });
  });

  it("of events falls into steps, several of a neuron add up", () => {
    const found = binned(events([0, 0, 2, -1], [0.0003, 0.00031, 0.0099, Infinity]), "data.nir", 1e-4);
    expect([found.samples, found.steps, found.neurons]).toEqual([1, 100, 3]);
    expect([...found.data.entries()].filter(([, count]) => count > 0)).toEqual([
      [9, 2],
      [299, 1],
    ]);
    expect(binned(events([1], [0.0002], [0.5]), "data.nir", 1e-4).data[7]).toBe(0.5);
  });

  it.each<[string, Observable, number | undefined]>([
    ["a neuron beyond", events([3], [0]), 1e-4],
    ["a time beyond", events([0], [0.01]), 1e-4],
    ["a time before", events([0], [-1]), 1e-4],
    ["no time step", events([0], [0]), undefined],
    ["steps without end", events([0], [0]), 1e-300],
    [
      "steps of another length",
      gridOf(
        grid(2, () => 0),
        1e-4,
        true,
      ),
      1e-3,
    ],
  ])("is refused with %s", (_, observable, dt) => {
    expect(() => binned(observable, "data.nir", dt)).toThrow(invalid);
  });

  it("is given to layers by the names of their nodes, else by the numbers in them", () => {
    const own = (n: number): NirData[string] => ({
      spikes: gridOf(
        grid(n, () => 0),
        1e-4,
        true,
      ),
    });
    const data = { _10: own(2), _9: own(3), input: own(4), note: {} };
    expect(spikesByLayer(data, [3, 2], "data.nir").map(({ neurons }) => neurons)).toEqual([3, 2]);
    expect(spikesByLayer(data, [2, 3], "data.nir", { names: ["_10", "_9"] }).map(({ neurons }) => neurons)).toEqual([
      2, 3,
    ]);
    expect(inputIn(data, "data.nir")?.neurons).toBe(4);
    expect(() => spikesByLayer(data, [2, 3], "data.nir")).toThrow(mismatch);
    expect(() => spikesByLayer(data, [2], "data.nir")).toThrow(mismatch);
    const other = { ...data, _10: { spikes: gridOf({ ...grid(2, () => 0), steps: 1, samples: 6 }, 1e-4, true) } };
    expect(() => spikesByLayer(other, [3, 2], "data.nir")).toThrow(/node "_10" has 6 samples of 1 steps/);
  });

  it("is refused where it is something else", () => {
    expect(() => readNirData(writeHdf5({ members: {} }), "data.nir")).toThrow(invalid);
    const attributes = { __type__: "NIRGraphData" };
    expect(() => readNirData(writeHdf5({ members: {}, attributes }), "data.nir")).toThrow(/has no nodes/);
    const nodes = { members: { a: { members: {} } } };
    expect(() => readNirData(writeHdf5({ members: { nodes }, attributes }), "data.nir")).toThrow(/neither NIRNodeData/);
  });
});
