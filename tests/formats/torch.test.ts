import { describe, expect, it } from "@jest/globals";
import { zipSync } from "fflate";
import fc from "fast-check";
import { readPickle } from "../../src/formats/pickle.ts";
import { tensor } from "../../src/files/tensor.ts";
import { decodeTorch } from "../../src/formats/torch.ts";
import { dictOf, legacyFile, listOf, op, pickle, torchTensor, tupleOf } from "./pickles.ts";

const refusal = (message: RegExp) =>
  expect.objectContaining({ code: "PICKLE_REFUSED", message: expect.stringMatching(message) });
const invalid = (message: RegExp) =>
  expect.objectContaining({ code: "TORCH_INVALID", message: expect.stringMatching(message) });

describe("torch.save's legacy files", () => {
  it("give state_dicts, tuples and lists of tensors", () => {
    const storages = { "1": Float32Array.of(1, 2, 3, 4, 5, 6), "2": Float32Array.of(7, 8) };
    const [w, b] = [torchTensor("1", 6, [2, 3], [3, 1]), torchTensor("2", 2, [2], [1])];
    const [W, B] = [tensor(storages["1"], [2, 3]), tensor(storages["2"])];
    expect(decodeTorch(legacyFile(dictOf({ "layers.0.weight": w, "layers.0.bias": b }, true), storages))).toEqual(
      new Map([
        ["layers.0.weight", W],
        ["layers.0.bias", B],
      ]),
    );
    expect(decodeTorch(legacyFile(tupleOf([listOf([w]), listOf([b])]), storages))).toEqual({ tuple: [[W], [B]] });
    expect(decodeTorch(legacyFile(tupleOf([listOf([w]), op.none]), { "1": storages["1"] }))).toEqual({
      tuple: [[W], null],
    });
    expect(decodeTorch(legacyFile(listOf([w]), { "1": storages["1"] }))).toEqual([W]);
  });

  it("honour strides, offsets and shared storages", () => {
    const storages = { s: Float32Array.of(0, 1, 2, 3, 4, 5, 6) };
    const object = listOf([
      torchTensor("s", 7, [3, 2], [1, 3], 1),
      torchTensor("s", 7, [2], [3], 0),
      torchTensor("s", 7, [], [], 6),
    ]);
    expect(decodeTorch(legacyFile(object, storages))).toEqual([
      tensor(Float32Array.of(1, 4, 2, 5, 3, 6), [3, 2]),
      tensor(Float32Array.of(0, 3)),
      tensor(Float32Array.of(6), []),
    ]);
  });

  it("honour any permutation of strides", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }), fc.nat(), (shape, seed) => {
        const order = shape.map((_, axis) => axis).sort((a, b) => ((seed >> a) & 1) - ((seed >> b) & 1) || a - b);
        const strides = shape.map(() => 0);
        let size = 1;
        for (const axis of order) [strides[axis], size] = [size, size * shape[axis]];
        const [result] = decodeTorch(
          legacyFile(listOf([torchTensor("s", size, shape, strides)]), {
            s: Float32Array.from({ length: size }, (_, k) => k),
          }),
        ) as { data: Float32Array }[];
        result.data.forEach((value, k) => {
          let rest = k;
          let position = 0;
          for (let axis = shape.length - 1; axis >= 0; axis--) {
            position += (rest % shape[axis]) * strides[axis];
            rest = Math.floor(rest / shape[axis]);
          }
          expect(value).toBe(position);
        });
      }),
    );
  });

  it.each([
    ["beyond its storage", torchTensor("s", 4, [2, 3], [3, 1])],
    ["beyond its storage by its offset", torchTensor("s", 4, [2], [1], 3)],
    ["backwards", torchTensor("s", 4, [2], [-1], 1)],
    ["larger than its storage by a stride of 0", torchTensor("s", 4, [1000], [0])],
    ["at a negative offset", torchTensor("s", 4, [2], [1], -1)],
  ])("refuse a tensor that reaches %s", (_name, object) => {
    expect(() => decodeTorch(legacyFile(listOf([object]), { s: new Float32Array(4) }))).toThrow(
      invalid(/reaches beyond its storage/),
    );
  });

  it("refuse a file cut short anywhere", () => {
    const whole = legacyFile(dictOf({ w: torchTensor("s", 2, [2], [1]) }), { s: new Float32Array(2) });
    for (let length = 0; length < whole.length; length++)
      expect(() => decodeTorch(whole.subarray(0, length))).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^(TORCH|PICKLE)_INVALID$/) }),
      );
  });

  it("refuse a storage of another size than the pickle says", () => {
    expect(() => decodeTorch(legacyFile(listOf([torchTensor("s", 3, [2], [1])]), { s: new Float32Array(2) }))).toThrow(
      expect.objectContaining({ code: "TORCH_INVALID" }),
    );
  });
});

describe("torch.save's zip files", () => {
  const files = (object: number[], data = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer)) => ({
    "model/data.pkl": pickle(object),
    "model/data/0": data,
    "model/version": Uint8Array.of(0x33, 0x0a),
  });

  it("hold the same values", () => {
    expect(decodeTorch(zipSync(files(dictOf({ w: torchTensor("0", 4, [2, 2], [1, 2]) }))))).toEqual(
      new Map([["w", tensor(Float32Array.of(1, 3, 2, 4), [2, 2])]]),
    );
  });

  it("are refused when damaged", () => {
    const whole = zipSync(files(dictOf({ w: torchTensor("0", 4, [2, 2], [1, 2]) })));
    expect(() => decodeTorch(whole.subarray(0, whole.length - 5))).toThrow(invalid(/zip archive/));
    expect(() => decodeTorch(zipSync(files(dictOf({ w: torchTensor("0", 5, [2, 2], [1, 2]) }))))).toThrow(
      invalid(/storage "0"/),
    );
    expect(() => decodeTorch(zipSync({ "x/y": Uint8Array.of(1) }))).toThrow(invalid(/data.pkl/));
  });
});

describe("hostile pickles", () => {
  const hostile =
    (...parts: number[][]) =>
    () =>
      decodeTorch(legacyFile(parts.flat(), {}));

  it.each([
    ["os.system", op.global("os", "system"), /the global "os.system"/],
    [
      "posix.system by REDUCE",
      [...op.global("posix", "system"), ...tupleOf([op.unicode("echo pwned")]), ...op.reduce],
      /the global "posix.system"/,
    ],
    ["builtins.eval", op.global("builtins", "eval"), /the global "builtins.eval"/],
    ["a name of Object.prototype", op.global("constructor", "constructor"), /the global "constructor.constructor"/],
    ["an unknown function of torch", op.global("torch.jit", "_load"), /the global "torch.jit._load"/],
    ["INST", [0x28, 0x69, ...new TextEncoder().encode("os\nsystem\n")], /the opcode INST/],
    ["OBJ", [0x28, 0x6f], /the opcode OBJ/],
    ["NEWOBJ", [0x29, 0x29, 0x81], /the opcode NEWOBJ/],
    ["EXT1", [0x82, 1], /the opcode EXT1/],
    ["an opcode that doesn't exist", [0xff], /the opcode 0xff/],
    ["BUILD on an object", [...tupleOf([]), ...op.dict, ...op.build], /opcode BUILD/],
  ])("are refused by name: %s", (_name, object, message) => {
    expect(hostile(object)).toThrow(refusal(message));
  });

  it("cannot unfold without end", () => {
    const doubled = Array.from({ length: 40 }, (_, n) => [...op.put(n), ...listOf([op.get(n), op.get(n)])]).flat();
    expect(hostile(op.list, doubled)).toThrow(invalid(/nested without end/));
    expect(hostile(op.list, op.put(0), op.get(0), [0x61])).toThrow(invalid(/nested without end/));
  });

  /** A list of a list of ... of 2^40 items, in 400 bytes. */
  const folded = [
    op.list,
    ...Array.from({ length: 40 }, (_, n) => [...op.put(n), ...listOf([op.get(n), op.get(n)])]),
  ].flat();

  it.each([
    ["the name of a global", [...folded, ...op.unicode("x"), 0x93], "PICKLE_INVALID"],
    ["a key", [...op.dict, ...op.mark, ...folded, ...op.none, ...op.setItems], "TORCH_INVALID"],
    ["the kind of a storage", [...op.mark, ...folded, ...op.tuple, ...op.persistent], "TORCH_INVALID"],
  ])("are not unfolded as %s", (_name, object, code) => {
    expect(hostile(object)).toThrow(expect.objectContaining({ code }));
  });

  it("are not unfolded as the list of storages", () => {
    const file = legacyFile(op.list, {});
    const keys = pickle(listOf([])).length;
    const whole = Buffer.concat([file.subarray(0, -keys), pickle(listOf([folded]))]);
    expect(() => decodeTorch(whole)).toThrow(invalid(/no name/));
  });

  it("may nest a key, or append more items than fit on a stack", () => {
    const deep = [...op.emptyTuple, ...Array.from({ length: 50_000 }, () => 0x85)];
    expect(hostile([...op.dict, ...op.mark, ...deep, ...op.none, ...op.setItems])).toThrow(invalid(/a key/));
    const many = [...op.list, ...op.mark, ...Array.from({ length: 500_000 }, () => 0x4e), ...op.appends];
    expect(hostile(many)).toThrow(invalid(/nested without end/));
  });

  it("can't have one storage many times over, nor one list made many dictionaries", () => {
    const views = (count: number) => () =>
      decodeTorch(
        legacyFile(listOf(Array.from({ length: count }, () => torchTensor("s", 9, [3, 3], [1, 3]))), {
          s: new Float32Array(9),
        }),
      );
    expect(views(8)).not.toThrow();
    expect(views(9)).toThrow(invalid(/8 times/));
    const pairs = listOf(Array.from({ length: 1000 }, () => tupleOf([op.int(1), op.none])));
    const copied = [...op.global("collections", "OrderedDict"), ...op.get(1), 0x85, ...op.reduce];
    expect(hostile([...pairs, ...op.put(1), ...listOf(Array.from({ length: 200 }, () => copied))])).toThrow(
      invalid(/an OrderedDict/),
    );
  });

  it("can't have more than 64 dimensions", () => {
    const ones = (count: number) => () =>
      decodeTorch(
        legacyFile(listOf([torchTensor("s", 1, Array<number>(count).fill(1), Array<number>(count).fill(1))]), {
          s: new Float32Array(1),
        }),
      );
    expect(ones(64)).not.toThrow();
    expect(ones(65)).toThrow(invalid(/a tensor is described/));
  });

  it("cannot call a storage type", () => {
    expect(hostile(op.global("torch", "FloatStorage"), op.emptyTuple, op.reduce)).toThrow(invalid(/is called/));
  });

  it("answer any bytes with a value or an error of ours", () => {
    const good = legacyFile(dictOf({ w: torchTensor("s", 2, [2], [1]) }, true), { s: new Float32Array(2) });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 }),
        (changes) => {
          const bytes = good.slice();
          for (const [at, value] of changes) bytes[at] = value;
          try {
            decodeTorch(bytes);
          } catch (error) {
            expect(error).toMatchObject({
              code: expect.stringMatching(/^(TORCH_INVALID|PICKLE_INVALID|PICKLE_REFUSED)$/),
            });
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it("have long integers, floats and memoised values read right", () => {
    const read = (...parts: number[][]): unknown => readPickle(pickle(...parts), { globals: {}, source: "test" }).value;
    expect(read([0x8a, 2, 0x00, 0xff])).toBe(-256);
    expect(read([0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1])).toBe(2n ** 64n);
    expect(read([0x47, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0])).toBe(1.5);
    expect(read(listOf([[...op.unicode("ä"), ...op.put(3)], op.get(3)]))).toEqual(["ä", "ä"]);
  });
});
