// The attacks in docs/security.md's table that no other file tests.
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { zipSync } from "fflate";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "../src/bridge/codec.ts";
import { importNetwork } from "../src/formats/import.ts";
import { writeHdf5 } from "../src/formats/hdf5/write.ts";
import { encodeNpy } from "../src/formats/npz.ts";
import { tensor } from "../src/files/tensor.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dsqn-security-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const put = (name: string, bytes: Uint8Array): string => {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
};
const canary = (): string => join(folder, "canary");

/** A description of Keras's that names a Python module and a function of it, or code of its own. */
const hostile = [
  { module: "os", class_name: "system", config: { name: "x", command: "touch canary" }, registered_name: null },
  { module: "keras.layers", class_name: "Lambda", config: { name: "l", function: ["4wAAAA==", null, null] } },
  { module: "builtins", class_name: "eval", config: { name: "e" } },
].map((layer) => ({
  module: "keras",
  class_name: "Sequential",
  config: { name: "s", layers: [{ class_name: "InputLayer", config: { name: "i", batch_shape: [null, 4] } }, layer] },
}));

describe("files that name code", () => {
  it.each(hostile)(".keras (CVE-2025-1550): $config.layers.1.class_name is refused as a layer", async (config) => {
    const weights = writeHdf5({ members: { layers: { members: {} } } });
    const path = put("net.keras", zipSync({ "config.json": json(config), "metadata.json": json({}), "model.weights.h5": weights })); // prettier-ignore
    await expect(importNetwork(path)).rejects.toMatchObject({ code: "LAYER_UNSUPPORTED" });
    expect(existsSync(canary())).toBe(false);
  });

  it.each(hostile)(".h5 (CVE-2025-9905): $config.layers.1.class_name is refused as a layer", async (config) => {
    const attributes = { model_config: JSON.stringify(config) };
    const path = put("net.h5", writeHdf5({ members: { model_weights: { members: {} } }, attributes }));
    await expect(importNetwork(path)).rejects.toMatchObject({ code: "LAYER_UNSUPPORTED" });
  });
});

describe("files that name other files", () => {
  it("an archive whose entries climb out of it (zip slip) writes nothing", async () => {
    const before = readdirSync(join(folder, ".."));
    const array = encodeNpy(tensor(new Float32Array(4), [2, 2]));
    const path = put("slip.npz", zipSync({ "../canary.npy": array, "/tmp/dsqn-canary.npy": array }));
    await importNetwork(path).catch(() => undefined);
    expect(readdirSync(join(folder, "..")).filter((name) => !before.includes(name) && /canary/.test(name))).toEqual([]);
  });

  it.each(["../secret.bin", "/etc/passwd", "..\\secret.bin", ".secret", "sub/weights.bin"])(
    "a manifest of weights that names %s is refused",
    async (file) => {
      const layers = [{ class_name: "Dense", config: { name: "d", units: 1, batch_input_shape: [null, 1] } }];
      const model = {
        modelTopology: { model_config: { class_name: "Sequential", config: { layers } } },
        weightsManifest: [{ paths: [file], weights: [{ name: "d/kernel", shape: [1, 1], dtype: "float32" }] }],
      };
      const wanted = { code: "IMPORT_INVALID", message: expect.stringContaining("instead of a file beside it") };
      await expect(importNetwork(put("model.json", json(model)))).rejects.toMatchObject(wanted);
    },
  );
});

describe("messages", () => {
  it.each([
    ["an extension of 4 GB (CVE-2026-21452)", [0xc9, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ["an array of 2^32 items", [0xdd, 0xff, 0xff, 0xff, 0xff]],
    ["a map of 2^32 entries", [0xdf, 0xff, 0xff, 0xff, 0xff]],
    ["structured cloning's references (CVE-2023-52079)", [0xd6, 0x70, 0, 0, 0, 1, 0xd6, 0x70, 0, 0, 0, 1]],
  ])("%s in a few bytes: refused at once", (_what, bytes) => {
    const started = performance.now();
    expect(() => parse(Uint8Array.from(bytes))).toThrow();
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it("a name of all objects stays a name", () => {
    // {"type": "wake", "__proto__": {"polluted": 1}}
    const text = (value: string): number[] => [0xa0 | value.length, ...new TextEncoder().encode(value)];
    const bytes = [0x82, ...text("type"), ...text("wake"), ...text("__proto__"), 0x81, ...text("polluted"), 1];
    try {
      parse(Uint8Array.from(bytes));
    } catch {
      // refused is as good
    }
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});
