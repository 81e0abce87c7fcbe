import { describe, expect, it } from "@jest/globals";
import { type Hdf5Array, type Hdf5Group, readHdf5 } from "../../../src/formats/hdf5/read.ts";
import { arraysIn, tensorOf, textIn } from "../../../src/formats/hdf5/walk.ts";
import { type GroupToWrite, writeHdf5 } from "../../../src/formats/hdf5/write.ts";
import { type Tensor, tensor } from "../../../src/files/tensor.ts";

const values: Record<string, Tensor> = {
  float32: tensor(Float32Array.of(1, -2.5, 3e30, 0, -0, 7), [2, 3]),
  float64: tensor(Float64Array.of(Math.PI), []),
  bool: { dtype: "bool", shape: [3], data: Uint8Array.of(1, 0, 1) },
  int64: tensor(BigInt64Array.of(-1n, 2n ** 62n)),
  uint8: tensor(Uint8Array.of(255)),
  int16: tensor(Int16Array.of(-300, 300)),
  empty: tensor(new Float32Array(0)),
};

describe("files of HDF5 written here", () => {
  it("hold what was put into them", () => {
    const root = readHdf5(writeHdf5({ members: { ...values, word: "héllo", none: "" } }));
    for (const [name, value] of Object.entries(values))
      expect(tensorOf(root.member(name) as Hdf5Array, "file")).toEqual(value);
    expect(textIn((root.member("word") as Hdf5Array).read())).toBe("héllo");
    expect(textIn((root.member("none") as Hdf5Array).read())).toBe("");
  });

  it("hold text in any shape, and attributes", () => {
    const edges = { shape: [2, 2], text: ["a", "b", "b", "ç"] };
    const group: GroupToWrite = {
      members: { edges },
      attributes: { type: "graph", dt: tensor(Float64Array.of(1e-4), []) },
    };
    const found = readHdf5(writeHdf5({ members: { group } })).member("group") as Hdf5Group;
    expect((found.member("edges") as Hdf5Array).read()).toEqual({ dtype: "text", shape: [2, 2], data: edges.text });
    expect(textIn(found.attribute("type"))).toBe("graph");
    expect(found.attribute("dt")).toMatchObject({ shape: [], data: Float64Array.of(1e-4) });
  });

  it("hold groups of many members, in the order of their names' bytes", () => {
    const names = Array.from({ length: 700 }, (_, k) => (k % 50 === 0 ? `ü${k}` : `n${k}`));
    const members = Object.fromEntries(names.map((name, k) => [name, tensor(Int32Array.of(k))]));
    const root = readHdf5(writeHdf5({ members: { deep: { members: { deeper: { members } } } } }));
    const found = [...arraysIn(root)].map(([path, array]) => [path, Number(array.read()!.data[0])]);
    const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(found).toEqual(byBytes.map((name) => [`deep/deeper/${name}`, names.indexOf(name)]));
  });

  it("are the same bytes each time", () => {
    expect(writeHdf5({ members: values })).toEqual(writeHdf5({ members: values }));
  });

  it.each(["", "a/b", "a\0b"])("have no member called %j", (name) => {
    expect(() => writeHdf5({ members: { [name]: "text" } })).toThrow(RangeError);
  });
});
