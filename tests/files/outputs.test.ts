import { afterAll, beforeEach, describe, expect, it } from "@jest/globals";
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mayReplace, mustDiffer } from "../../src/files/outputs.ts";
import { encodeSafetensors } from "../../src/files/safetensors.ts";
import { tensor } from "../../src/files/tensor.ts";
import { exporter, exportFormats } from "../../src/formats/export.ts";
import { mayWriteReplay, saveReplay } from "../../src/formats/replay.ts";
import { createDenseNetwork, createSpikingNetwork } from "../../src/network/create.ts";
import { saveModel } from "../../src/network/file/model.ts";
import { Random } from "../../src/numeric/random.ts";
import { renderPage } from "../../src/report/html/page.ts";

let folder: string;
const folders: string[] = [];
beforeEach(() => {
  folders.push((folder = mkdtempSync(join(tmpdir(), "dsqn-outputs-"))));
});
afterAll(() => folders.forEach((each) => rmSync(each, { recursive: true, force: true })));

const at = (name: string): string => join(folder, name);
const network = createDenseNetwork([4, 3, 2], new Random(1));
const taken = expect.objectContaining({ code: "OUTPUT_TAKEN" }) as unknown as Error;

describe("what dsqn did not make is not replaced", () => {
  it.each([
    ["notes.json", '{"my": "notes"}'],
    ["list.json", "[1, 2]"],
    ["page.html", "<!doctype html><title>mine</title>"],
    ["net.py", "import dsqn"],
    ["archive.npz", "PK\u0003\u0004 my archive"],
    ["text.md", "# dsqn\n"],
  ])("%s", (name, content) => {
    writeFileSync(at(name), content);
    expect(() => mayReplace(at(name))).toThrow(taken);
  });

  it("another's safetensors", () => {
    writeFileSync(at("theirs.safetensors"), encodeSafetensors({ w: tensor(new Float32Array(3)) }, { format: "pt" }));
    expect(() => mayReplace(at("theirs.safetensors"))).toThrow(taken);
  });

  it("a model is not written where its card would replace a JSON that is no card; nothing is written then", async () => {
    writeFileSync(at("net.json"), '{"input": [8, 8, 1]}');
    await expect(saveModel(at("net.safetensors"), network)).rejects.toMatchObject({ code: "OUTPUT_TAKEN" });
    expect(readFileSync(at("net.json"), "utf8")).toBe('{"input": [8, 8, 1]}');
    expect(() => readFileSync(at("net.safetensors"))).toThrow();
    await expect(saveModel(at("own.json"), network)).rejects.toMatchObject({ code: "BAD_ARGUMENT" });
  });

  it("a folder of states without a word of where they come from", async () => {
    const states = { observationSize: 2, states: new Float32Array(4), outputs: null };
    await saveReplay(at("theirs"), states);
    expect(() => mayWriteReplay(at("theirs"))).toThrow(taken);
    await saveReplay(at("ours"), { ...states, environment: "CartPole-v1" });
    expect(() => mayWriteReplay(at("ours"))).not.toThrow();
  });
});

describe("what dsqn made is", () => {
  it("a model and its card, a page, an empty file, a new one, a folder, a device", async () => {
    await saveModel(at("m.safetensors"), network);
    await saveModel(at("m.safetensors"), network);
    writeFileSync(at("page.html"), renderPage({ title: "t", kicker: "k", lead: "l", sections: [] }));
    writeFileSync(at("empty"), "");
    mkdirSync(at("folder"));
    for (const name of ["m.safetensors", "m.json", "page.html", "empty", "new", "folder"]) mayReplace(at(name));
    mayReplace("/dev/null");
  });

  it.each(exportFormats().map(({ name }) => name))("an export as %s", async (name) => {
    const { extension, write } = exporter(name);
    const own = name === "layers-model" ? network : createSpikingNetwork([4, 3, 2], new Random(2), { steps: 4 });
    const path = at(`export${extension}`);
    await write(own, path);
    mayReplace(path);
    await write(own, path);
  });
});

describe("an output is never an input", () => {
  it("by whatever name or link", () => {
    writeFileSync(at("in.pt"), "weights");
    symlinkSync(at("in.pt"), at("link"));
    const same = expect.objectContaining({ code: "OUTPUT_IS_INPUT" }) as unknown as Error;
    for (const out of [at("in.pt"), at("link"), join(folder, "..", folder.split("/").at(-1)!, "in.pt")])
      expect(() => mustDiffer(out, ["CartPole-v1", at("in.pt")])).toThrow(same);
    linkSync(at("in.pt"), at("hard"));
    for (const out of [at("hard"), at("new"), folder]) expect(() => mustDiffer(out, [at("in.pt")])).not.toThrow();
  });
});
