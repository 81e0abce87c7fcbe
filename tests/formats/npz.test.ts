// tier: python
import { afterAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { zipSync } from "fflate";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeNpy, decodeNpz, encodeNpy, encodeNpz } from "../../src/formats/npz.ts";
import { loadReplay, saveReplay } from "../../src/formats/replay.ts";
import { tensor } from "../../src/files/tensor.ts";
import { ensurePython } from "../../src/setup/python-environment.ts";

const folder = mkdtempSync(join(tmpdir(), "dsqn-npz-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A .npy file as NumPy writes it. */
function npy(descriptor: string, fortran: boolean, shape: string, data: Uint8Array, version = 1): Uint8Array {
  const header =
    `{'descr': '${descriptor}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': ${shape}, }`.padEnd(117) +
    "\n";
  const length =
    version === 1 ? [header.length & 255, header.length >> 8] : [header.length & 255, header.length >> 8, 0, 0];
  return Uint8Array.of(
    0x93,
    ...new TextEncoder().encode("NUMPY"),
    version,
    0,
    ...length,
    ...new TextEncoder().encode(header),
    ...data,
  );
}

describe("npy and npz", () => {
  it("keep every dtype and shape", () => {
    const arrays = {
      f: tensor(Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2]),
      d: tensor(Float64Array.of(Math.E), []),
      i: tensor(BigInt64Array.of(-1n, 2n)),
      u: tensor(Uint8Array.of(1, 2)),
      e: tensor(new Float32Array(0), [0, 4]),
    };
    expect(decodeNpz(encodeNpz(arrays))).toEqual(arrays);
  });

  it("read Fortran order, big-endian numbers, half floats, booleans and format 2", () => {
    expect(decodeNpy(npy("|u1", true, "(2, 3)", Uint8Array.of(0, 10, 1, 11, 2, 12))).data).toEqual(
      Uint8Array.of(0, 1, 2, 10, 11, 12),
    );
    expect(decodeNpy(npy(">i4", false, "(2,)", Uint8Array.of(0, 0, 0, 7, 255, 255, 255, 254))).data).toEqual(
      Int32Array.of(7, -2),
    );
    expect(decodeNpy(npy("<f2", false, "(1,)", Uint8Array.of(0x00, 0xc0))).data).toEqual(Float32Array.of(-2));
    expect(decodeNpy(npy("|b1", false, "()", Uint8Array.of(1), 2))).toEqual({
      dtype: "bool",
      shape: [],
      data: Uint8Array.of(1),
    });
  });

  it("refuse pickled objects, and anything cut short", () => {
    expect(() => decodeNpy(npy("|O", false, "(1,)", new Uint8Array(8)))).toThrow(
      expect.objectContaining({ code: "NPZ_INVALID" }),
    );
    const whole = encodeNpy(tensor(new Float32Array(4)));
    for (let length = 0; length < whole.length; length++)
      expect(() => decodeNpy(whole.subarray(0, length))).toThrow(expect.objectContaining({ code: "NPZ_INVALID" }));
    const zip = encodeNpz({ a: tensor(new Float32Array(4)) });
    for (const length of [0, 10, zip.length / 2, zip.length - 1])
      expect(() => decodeNpz(zip.subarray(0, length))).toThrow(expect.objectContaining({ code: "NPZ_INVALID" }));
  });

  /** The central directory's record of the only file in `zip`. */
  const record = (zip: Uint8Array): [DataView, number] => {
    const view = new DataView(zip.buffer);
    return [view, view.getUint32(zip.length - 22 + 16, true)];
  };
  const refusal = (message: RegExp) =>
    expect.objectContaining({ code: "NPZ_INVALID", message: expect.stringMatching(message) });

  it("refuse what unpacks to far more than the file, before it is unpacked", () => {
    const bomb = zipSync({ "a.npy": new Uint8Array(2 ** 20) });
    const [view, at] = record(bomb);
    view.setUint32(at + 24, 2 ** 31, true);
    expect(() => decodeNpz(bomb)).toThrow(refusal(/claim 2147483648 bytes/));
    view.setUint32(at + 24, 1000, true); // and one that lies
    expect(() => decodeNpz(bomb)).toThrow(refusal(/larger than 1000 bytes/));
    const plain = encodeNpy(tensor(new Float32Array(2 ** 20)));
    expect(decodeNpz(zipSync({ "a.npy": plain }, { level: 9 }))).toBeDefined();
  });

  it("refuse directories whose files overlap, repeat a name, or lie elsewhere", () => {
    const two = (change: (view: DataView, first: number, second: number) => void): Uint8Array => {
      const zip = encodeNpz({ a: tensor(new Float32Array(99)), b: tensor(new Float32Array(99)) });
      const [view, first] = record(zip);
      change(view, first, first + 46 + 5);
      return zip;
    };
    expect(Object.keys(decodeNpz(two(() => undefined)))).toEqual(["a", "b"]);
    const changes: [RegExp, (view: DataView, first: number, second: number) => void][] = [
      [/occurs twice/, (view, _, second) => view.setUint8(second + 46, 0x61)],
      [/not where it should be/, (view, first) => view.setUint32(first + 42, 5, true)],
      [/unknown method 12/, (view, first) => view.setUint16(first + 10, 12, true)],
      [/claim 4294\d+ bytes/, (view, first) => view.setUint32(first + 24, 0xffffffff, true)],
      [/files overlap/, (view, first) => view.setUint32(first + 20, 900, true)],
      [/directory is damaged/, (view, first) => view.setUint16(first + 32, 0xffff, true)],
    ];
    for (const [message, change] of changes) expect(() => decodeNpz(two(change))).toThrow(refusal(message));
  });

  it("answer any damage to an archive with arrays or their own error, soon", () => {
    const good = zipSync(
      { "a.npy": encodeNpy(tensor(new Float32Array(200))), "b.npy": new Uint8Array(9) },
      { level: 6 },
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.constantFrom(0, 1, 0x7f, 0xff)), { minLength: 1, maxLength: 40 }),
        (changes) => {
          const bytes = good.slice();
          for (const [at, value] of changes) bytes[at] = value;
          try {
            decodeNpz(bytes);
          } catch (error) {
            expect(error).toMatchObject({ code: "NPZ_INVALID" });
          }
        },
      ),
      { numRuns: 3000 },
    );
  });

  it("have at most 64 dimensions", () => {
    const ones = (count: number) => () => decodeNpy(npy("|u1", true, `(${"1, ".repeat(count)})`, Uint8Array.of(7)));
    expect(ones(30)).not.toThrow();
    expect(ones(65)).toThrow(refusal(/65 dimensions/));
  });

  it("are what NumPy reads and writes", async () => {
    const { python } = await ensurePython(["base"]);
    writeFileSync(
      join(folder, "ours.npz"),
      encodeNpz({ a: tensor(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]), s: tensor(Float64Array.of(0.1), []) }),
    );
    const program = `
import numpy as np
ours = np.load("ours.npz")
assert ours["a"].tolist() == [[1, 2, 3], [4, 5, 6]] and ours["a"].dtype == np.float32 and float(ours["s"]) == 0.1
np.savez_compressed("theirs.npz", t=np.arange(6.0).reshape(2, 3).T, i=np.array([1, -2], ">i2"))`;
    execFileSync(python, ["-c", program], { cwd: folder });
    const theirs = decodeNpz(readFileSync(join(folder, "theirs.npz")));
    expect(theirs.t).toEqual(tensor(Float64Array.of(0, 3, 1, 4, 2, 5), [3, 2]));
    expect(theirs.i).toEqual(tensor(Int16Array.of(1, -2)));
  });
});

describe("replay folders", () => {
  it("keep states and Q-values", async () => {
    const replay = {
      size: 3,
      observationSize: 2,
      states: Float32Array.of(1, 2, 3, 4, 5, 6),
      outputs: Float32Array.of(0.5, 0.25, 0.125),
      environment: "CartPole-v1",
    };
    await saveReplay(join(folder, "replay"), replay);
    expect(await loadReplay(join(folder, "replay"))).toEqual(replay);
  });

  it("take float64 states, a superfluous dimension, and missing Q-values", async () => {
    writeFileSync(
      join(folder, "memory_inputs.npz"),
      encodeNpz({ arr_0: tensor(Float64Array.of(0.1, 0.2, 0.3, 0.4), [2, 1, 2]) }),
    );
    expect(await loadReplay(folder)).toEqual({
      size: 2,
      observationSize: 2,
      states: Float32Array.of(0.1, 0.2, 0.3, 0.4),
      outputs: null,
    });
  });

  it("refuse Q-values of other states, and NaN", async () => {
    await saveReplay(join(folder, "odd"), { observationSize: 1, states: Float32Array.of(1, 2), outputs: null });
    writeFileSync(join(folder, "odd", "memory_outputs.npz"), encodeNpz({ arr_0: tensor(new Float32Array(6), [3, 2]) }));
    await expect(loadReplay(join(folder, "odd"))).rejects.toMatchObject({ code: "REPLAY_MISMATCH" });
    await saveReplay(join(folder, "nan"), { observationSize: 1, states: Float32Array.of(1, NaN), outputs: null });
    await expect(loadReplay(join(folder, "nan"))).rejects.toMatchObject({
      code: "REPLAY_NOT_FINITE",
      message: expect.stringContaining("row 1"),
    });
  });
});
