import { describe, expect, it } from "@jest/globals";
import { zlibSync } from "fflate";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { sourceOf } from "../../../src/formats/hdf5/bytes.ts";
import { unfiltered } from "../../../src/formats/hdf5/filters.ts";
import { type Hdf5Array, type Hdf5Group, readHdf5, type Values } from "../../../src/formats/hdf5/read.ts";
import { exercise, mutated, seeds } from "./mutations.ts";

const FIXTURES = join("tests", "fixtures", "hdf5");
const file = (name: string): Uint8Array => new Uint8Array(readFileSync(join(FIXTURES, `${name}.h5`)));

type Dumped = { shape: number[]; text?: string[]; dtype?: string; hex?: string } | null;
type Dump = Record<string, { attributes: Record<string, Dumped>; value?: Dumped }>;

function dumped(values: Values | null | undefined): Dumped {
  if (!values) return null;
  if (values.dtype === "text") return { shape: [...values.shape], text: [...values.data] };
  const { buffer, byteOffset, byteLength } = values.data;
  const hex = Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength).toString("hex");
  return { shape: [...values.shape], dtype: values.dtype, hex };
}

/** All there is, as tests/fixtures/hdf5/make.py has it from h5py. */
function dump(entry: Hdf5Group | Hdf5Array, path = "", found: Dump = {}): Dump {
  const attributes = Object.fromEntries(entry.attributes().map((name) => [name, dumped(entry.attribute(name))]));
  found[path || "/"] = entry.kind === "group" ? { attributes } : { attributes, value: dumped(entry.read()) };
  if (entry.kind === "group") for (const name of entry.names) dump(entry.member(name)!, `${path}/${name}`, found);
  return found;
}

describe("HDF5 files that h5py wrote", () => {
  it.each(["types", "chunks", "text", "latest", "v108"])("hold what h5py reads in them: %s", (name) => {
    const expected = JSON.parse(readFileSync(join(FIXTURES, `${name}.json`), "utf8")) as Dump;
    expect(dump(readHdf5(file(name)))).toEqual(expected);
  });

  it.each([
    ["compound", /datatype "compound"/],
    ["enumeration", /enumerations other than FALSE and TRUE/],
    ["long", /floats of 16 bytes/],
    ["scaleoffset", /filter scaleoffset/],
    ["lists", /datatype "variable-length"/],
    ["committed", /committed datatype/],
    ["links", /soft link "soft"/],
  ])("are refused by the name of what is not read: %s", (name, feature) => {
    const read = (): unknown => {
      const member = readHdf5(file("refused"), "a.h5").member(name)!;
      return member.kind === "array" ? member.read() : member.names;
    };
    expect(read).toThrow(expect.objectContaining({ code: "HDF5_UNSUPPORTED" }));
    expect(read).toThrow(feature);
  });
});

describe("hostile HDF5 files", () => {
  const invalid = expect.objectContaining({ code: "HDF5_INVALID" });

  it("whose groups lie in a circle, or are reached by two ways", () => {
    const circle = readHdf5(file("refused")).member("circle") as Hdf5Group;
    expect(() => circle.member("again")).toThrow(invalid);
    const many = readHdf5(file("refused")).member("many") as Hdf5Group;
    many.member("one");
    expect(() => many.member("two")).toThrow(/is also/);
  });

  it("that claim 2^60 values in a few bytes", () => {
    const huge = readHdf5(file("refused")).member("huge") as Hdf5Array;
    expect(huge.shape).toEqual([2 ** 40, 2 ** 20]);
    expect(() => huge.read()).toThrow(invalid);
  });

  it("whose chunk unpacks to more than a chunk", () => {
    const source = sourceOf(new Uint8Array(100), "bomb.h5");
    const bomb = zlibSync(new Uint8Array(2 ** 25));
    const gzip = [{ id: 1, name: "gzip", values: [] }];
    const before = performance.now();
    expect(() => unfiltered(source, bomb, gzip, 0, { size: 1000, width: 4 })).toThrow(/more than 1004 bytes/);
    expect(performance.now() - before).toBeLessThan(1000);
  });

  it.each(["gzip", "fletcher32"])("whose checksum is wrong: %s", (name) => {
    const bytes = name === "gzip" ? zlibSync(new Uint8Array(40)) : new Uint8Array(44).fill(1);
    bytes[bytes.length - 1] ^= 1;
    const filter = { id: name === "gzip" ? 1 : 3, name, values: [] };
    const source = sourceOf(new Uint8Array(100), "file.h5");
    expect(() => unfiltered(source, bytes, [filter], 0, { size: 40, width: 4 })).toThrow(/checksum/);
  });

  it("that are cut short anywhere", () => {
    const whole = file("text");
    for (let length = 0; length < whole.length; length += 997)
      expect(() => dump(readHdf5(whole.subarray(0, length)))).toThrow(invalid);
  });

  it("of any kind: a typed error or values, within a second each", () => {
    const found: Record<string, number> = {};
    for (const [s, seed] of seeds().entries())
      for (let k = 0; k < 60; k++) {
        const before = performance.now();
        const code = exercise(mutated(seed, 1000 * s + k));
        expect(performance.now() - before).toBeLessThan(1000);
        found[code] = (found[code] ?? 0) + 1;
      }
    expect(Object.keys(found).sort()).toEqual(["HDF5_INVALID", "HDF5_UNSUPPORTED", "ok"]);
  });
});
