import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { decodeSafetensors, encodeSafetensors } from "../../src/files/safetensors.ts";
import { tensor } from "../../src/files/tensor.ts";

/** A file of a header (any JSON text) and data bytes. */
function file(header: string | object, data = new Uint8Array(0), claimed?: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(claimed ?? json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

const f32 = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});

describe("safetensors", () => {
  it("keeps every dtype, shape and metadata", () => {
    const tensors = {
      f32: tensor(Float32Array.of(1.5, -0, Infinity, 3e-45), [2, 2]),
      f64: tensor(Float64Array.of(Math.PI)),
      i8: tensor(Int8Array.of(-128, 127)),
      u8: tensor(Uint8Array.of(0, 255, 7)),
      i16: tensor(Int16Array.of(-32768)),
      u16: tensor(Uint16Array.of(65535)),
      i32: tensor(Int32Array.of(-5, 5)),
      u32: tensor(Uint32Array.of(4294967295)),
      i64: tensor(BigInt64Array.of(-(2n ** 63n))),
      u64: tensor(BigUint64Array.of(2n ** 64n - 1n)),
      scalar: tensor(Float32Array.of(2), []),
      empty: tensor(new Float32Array(0), [0, 3]),
      __proto: tensor(Float32Array.of(1)),
    };
    const decoded = decodeSafetensors(encodeSafetensors(tensors, { kind: "test", ünïcode: "\u0000" }));
    expect(decoded).toEqual({ tensors, metadata: { kind: "test", ünïcode: "\u0000" } });
  });

  it("reads half-precision floats and booleans exactly", () => {
    const data = Uint8Array.of(0x00, 0x3c, 0x01, 0x00, 0x00, 0xfc, 0x80, 0x3f, 1);
    const { tensors } = decodeSafetensors(
      file(
        {
          h: { dtype: "F16", shape: [3], data_offsets: [0, 6] },
          b: { dtype: "BF16", shape: [1], data_offsets: [6, 8] },
          t: { dtype: "BOOL", shape: [], data_offsets: [8, 9] },
        },
        data,
      ),
    );
    expect(Array.from(tensors.h.data as Float32Array)).toEqual([1, 2 ** -24, -Infinity]);
    expect(Array.from(tensors.b.data as Float32Array)).toEqual([1]);
    expect(tensors.t).toEqual({ dtype: "bool", shape: [], data: Uint8Array.of(1) });
  });

  it("lays every tensor aligned, whatever the order and length of names", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string(), fc.integer({ min: 0, max: 9 }), fc.boolean()), { maxLength: 8 }),
        (items) => {
          const tensors = Object.fromEntries(
            items.map(([name, n, wide]) => [
              `t${name}`,
              tensor(wide ? new Float64Array(n).fill(0.1) : new Uint8Array(n).fill(3)),
            ]),
          );
          expect(decodeSafetensors(encodeSafetensors(tensors)).tensors).toEqual(tensors);
        },
      ),
    );
  });

  it("is not fooled by a buffer that begins at an odd address", () => {
    const bytes = encodeSafetensors({ w: tensor(Float32Array.of(1, 2, 3)) });
    const shifted = Buffer.concat([Buffer.of(0), bytes]).subarray(1);
    expect(Array.from(decodeSafetensors(shifted).tensors.w.data as Float32Array)).toEqual([1, 2, 3]);
  });

  const attacks: [string, Uint8Array, RegExp][] = [
    ["an empty file", new Uint8Array(0), /too few for a header/],
    ["a header length beyond the file", file({}, undefined, 1000), /header claims 1000 bytes, but only/],
    ["a header length of 2^63", file({}, undefined, 2 ** 63), /above the limit/],
    ["a header that is no JSON", file("{nonsense"), /not valid JSON/],
    ["a header that is an array", file("[]"), /no JSON object/],
    ["a header of broken UTF-8", file('{"\ud800": 1}').map((byte) => (byte === 0xef ? 0xff : byte)), /not valid JSON/],
    ["overlapping tensors", file({ a: f32(0, 8), b: f32(4, 12) }, new Uint8Array(12)), /"b" overlaps tensor "a"/],
    ["two tensors in one place", file({ a: f32(0, 8), b: f32(0, 8) }, new Uint8Array(8)), /overlaps/],
    ["a tensor out of bounds", file({ a: f32(0, 16) }, new Uint8Array(8)), /"a" lies at bytes 0 to 16 of 8/],
    [
      "a tensor that ends before it begins",
      file({ a: { dtype: "F32", shape: [1], data_offsets: [4, 0] } }, new Uint8Array(4)),
      /"a" lies at/,
    ],
    ["a hole between tensors", file({ a: f32(0, 4), b: f32(8, 12) }, new Uint8Array(12)), /nothing owns bytes 4 to 8/],
    ["bytes after the last tensor", file({ a: f32(0, 4) }, new Uint8Array(8)), /nothing owns bytes 4 to 8, at the end/],
    ["a shape that doesn't fit", file({ a: f32(0, 8, [3]) }, new Uint8Array(8)), /"a" of shape \[3\]/],
    ["a shape that overflows", file({ a: f32(0, 8, [2 ** 40, 2 ** 40]) }, new Uint8Array(8)), /"a" of shape/],
    ["a negative dimension", file({ a: f32(0, 8, [-1, -2]) }, new Uint8Array(8)), /"a" needs dtype, shape/],
    [
      "an unknown dtype",
      file({ a: { dtype: "F8", shape: [8], data_offsets: [0, 8] } }, new Uint8Array(8)),
      /"a" has the unknown dtype "F8"/,
    ],
    [
      "a dtype of Object.prototype",
      file({ a: { dtype: "constructor", shape: [8], data_offsets: [0, 8] } }, new Uint8Array(8)),
      /unknown dtype/,
    ],
    [
      "a name that occurs twice",
      file(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        new Uint8Array(4),
      ),
      /"a" occurs twice/,
    ],
    [
      "the same name in another spelling",
      file(
        '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        new Uint8Array(4),
      ),
      /"a" occurs twice/,
    ],
    ["metadata that are no strings", file({ __metadata__: { steps: 20 } }), /strings only/],
    ["unknown fields", file({ a: { ...f32(0, 4), code: "x" } }, new Uint8Array(4)), /and nothing else/],
  ];
  it.each(attacks)("refuses %s", (_name, bytes, message) => {
    expect(() => decodeSafetensors(bytes, "evil.safetensors")).toThrow(
      expect.objectContaining({ code: "SAFETENSORS_INVALID", message: expect.stringMatching(message) }),
    );
  });

  it("reads headers with long strings and many escapes", () => {
    const metadata = { long: "x".repeat(2e7), escaped: '"\\'.repeat(2e6) };
    expect(decodeSafetensors(file({ __metadata__: metadata })).metadata).toEqual(metadata);
    const twice = `{"${"y".repeat(2e7)}":{}, "a" : {}, "a"\n:{}}`;
    expect(() => decodeSafetensors(file(twice))).toThrow(expect.objectContaining({ code: "SAFETENSORS_INVALID" }));
  });

  it("refuses more tensors than any network has, soon", () => {
    const many = Object.fromEntries(Array.from({ length: 50_001 }, (_, k) => [`t${k}`, f32(0, 0)]));
    expect(() => decodeSafetensors(file(many))).toThrow(/has 50001 tensors, above the limit/);
  });

  it("takes __proto__ for a name like any other", () => {
    const { tensors } = decodeSafetensors(
      file('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', new Uint8Array(4)),
    );
    expect(Object.keys(tensors)).toEqual(["__proto__"]);
  });

  it("refuses a file cut short anywhere", () => {
    const bytes = encodeSafetensors({ "layers.0.weight": tensor(new Float32Array(6), [2, 3]) }, { kind: "dense" });
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeSafetensors(bytes.subarray(0, length))).toThrow(
        expect.objectContaining({ code: "SAFETENSORS_INVALID" }),
      );
  });

  it("answers any bytes with tensors or its own error", () => {
    const good = encodeSafetensors({ a: tensor(new Float32Array(4), [2, 2]), b: tensor(new Int32Array(2)) });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        (changes) => {
          const bytes = good.slice();
          for (const [at, value] of changes) bytes[at] = value;
          try {
            decodeSafetensors(bytes);
          } catch (error) {
            expect(error).toMatchObject({ code: "SAFETENSORS_INVALID" });
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
