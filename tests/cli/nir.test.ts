import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModel } from "../../src/network/file/model.ts";
import { dsqn } from "./run.ts";

const FILE = join("tests", "fixtures", "nir", "spikingjelly-lif-reset.nir");
let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dsqn-nir-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("dsqn import and export of NIR", () => {
  it("refuse a file without its dialect, and write nothing", async () => {
    const { code, result } = await dsqn("import", FILE, "--out", at("none.safetensors"));
    expect(code).toBe(2);
    expect(result).toMatchObject({ error: { code: "NIR_DIALECT", hint: expect.stringContaining("--dialect") } });
    expect(existsSync(at("none.safetensors"))).toBe(false);
  });

  it("print what a dialect takes for granted, and keep it in the card", async () => {
    const out = at("net.safetensors");
    const { code, result } = await dsqn("import", FILE, "--dialect", "spikingjelly", "--steps", "30", "--out", out);
    expect([code, result.form]).toEqual([0, "nir"]);
    const assumed = [expect.stringContaining("dialect spikingjelly"), "dt 0.0001, its default", expect.any(String)];
    expect(result.assumed).toEqual(assumed);
    const { network, card } = await loadModel(out);
    expect(network.coding?.steps).toBe(30);
    expect(card).toMatchObject({ assumed, source: { form: "nir" } });
  });

  it("take --framework for the dialect", async () => {
    const out = at("same.safetensors");
    await dsqn("import", FILE, "--framework", "spikingjelly", "--steps", "30", "--out", out);
    expect(readFileSync(out).equals(readFileSync(at("net.safetensors")))).toBe(true);
  });

  it("warn where others get another network, and bring the same one back", async () => {
    const written = await dsqn("export", at("net.safetensors"), "--format", "nir", "--out", at("net.nir"));
    expect(written.result.warnings).toEqual([
      "layer 0: a spike at the threshold; NIR's is above it",
      "layer 0: potentials that begin elsewhere than at 0",
    ]);
    expect(written.told).toMatch(/Other readers of .*net\.nir get another network/);
    const back = await dsqn("import", at("net.nir"), "--out", at("back.safetensors"));
    expect(back.result.assumed).toEqual([]);
    expect(readFileSync(at("back.safetensors")).equals(readFileSync(at("net.safetensors")))).toBe(true);
  });

  it("say what is wrong with a file that is cut short, or recorded data instead of a network", async () => {
    writeFileSync(at("cut.nir"), readFileSync(FILE).subarray(0, 9000));
    const cut = await dsqn("import", at("cut.nir"), "--dialect", "spikingjelly", "--out", at("none.safetensors"));
    expect(cut.result).toMatchObject({ error: { code: "HDF5_INVALID" } });
    const data = join("tests", "fixtures", "nir", "spikingjelly-cuba.data.nir");
    const other = await dsqn("import", data, "--dialect", "spikingjelly", "--out", at("none.safetensors"));
    expect(other.result).toMatchObject({ error: { code: "NIR_INVALID", message: expect.stringContaining("NIRData") } });
  });
});
