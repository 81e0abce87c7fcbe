import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { build } from "esbuild";
import { execa } from "execa";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { inflateRawSync } from "node:zlib";
import { bundled, bundles, gzipped } from "../../scripts/web/bundle.ts";
import { kernelBytes } from "../../src/engines/fast/kernels/host.ts";
import { kernelSize, kernelText } from "../../src/engines/fast/kernels/kernels.text.ts";
import { fastEngine } from "../../src/engines/fast/index.ts";
import { createWorld } from "../../src/environments/native/world.ts";
import { loadSpikingNetwork } from "../../src/network/file/model.ts";
import { sha256 } from "../../src/platform/node.ts";
import { inflateRaw, sha256 as sha256InPages } from "../../src/platform/web.ts";
import { packageVersion } from "../../src/setup/version.ts";
import { packageVersion as versionInPages } from "../../src/setup/version.web.ts";
import { hashOf, shortRun } from "./curve.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const fixtures = join(root, "tests/fixtures/web");
const model = join(root, "models/cartpole-dsqn.safetensors");

describe("dsqn/web in a bundle", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "dsqn-bundle-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(Object.entries(bundles))("%s stays small", async (_name, { code, limit }) => {
    const bytes = await bundled(code);
    expect(gzipped(bytes)).toBeLessThanOrEqual(limit);
    expect(gzipped(bytes)).toBeGreaterThan(limit / 2);
  });

  it("is taken by esbuild without configuration, a worker's script too, and asks for nothing of Node", async () => {
    const { outputFiles, warnings } = await build({
      entryPoints: ["page.js", "learn.js"].map((name) => join(fixtures, name)),
      bundle: true,
      format: "esm",
      outdir: folder,
      write: false,
      // In the package itself the name stands for its sources; where it is installed it needs no such line.
      alias: { "dsqn/web": join(root, "src/web/index.ts") },
    });
    expect(warnings).toEqual([]);
    for (const { path, contents } of outputFiles) {
      expect(Buffer.from(contents).toString()).not.toMatch(/node:|require\(/);
      writeFileSync(path.replace(/js$/, "mjs"), contents);
    }
  });

  it("plays, decides and spikes as the library does", async () => {
    const page = (await import(pathToFileURL(join(folder, "page.mjs")).href)) as Page;
    expect(page.has()).toMatchObject({ kernels: true, isolated: false, threads: 1 });
    const network = await loadSpikingNetwork(model);
    const agent = fastEngine().load(network);
    const world = createWorld("CartPole-v1");
    let observation = world.reset(3);
    const theirs = page.play(readFileSync(model), 3);
    for (const action of theirs.actions) {
      expect(agent.decide(observation)).toBe(action);
      ({ observation } = world.step(action));
    }
    const { spikes, outputs } = agent.run(observation, { recordSpikes: true });
    expect(theirs.outputs).toEqual([...outputs]);
    expect(theirs.spikes).toEqual(spikes!.map(({ step, neuron }) => [[...step], [...neuron]]));
    expect(theirs.actions.length).toBe(500);
    expect(theirs.sha256).toBe(hashOf(readFileSync(model)));
    agent.close();
  });

  it("learns the curve that is written down, and lets the program end", async () => {
    const program = `import { learn } from "./page.mjs";
      process.stdout.write(JSON.stringify((await learn(1, 90)).curve));`;
    const { stdout } = await execa(process.execPath, ["--input-type=module", "-e", program], {
      cwd: folder,
      timeout: 60_000,
    });
    expect(hashOf(JSON.parse(stdout) as object[])).toBe(shortRun.curve);
  });
});

interface Page {
  has(): object;
  play(bytes: Uint8Array, seed: number): { sha256: string; actions: number[]; outputs: number[]; spikes: number[][][] };
}

describe("behind the door", () => {
  it("pages hash as Node does, in any pieces", () => {
    for (const length of [0, 1, 3, 55, 56, 63, 64, 65, 119, 120, 1000, 100_000]) {
      const bytes = Uint8Array.from({ length }, (_, k) => (k * 7919) >> 3);
      const cut = length >> 1;
      const pieces = sha256InPages().update(bytes.subarray(0, cut)).update(bytes.subarray(cut)).digest();
      expect(pieces).toBe(sha256().update(bytes).digest());
    }
    expect(sha256InPages().update("Sää").digest()).toBe(sha256().update("Sää").digest());
  });

  it("pages carry the kernels and the version that Node reads", () => {
    expect(Buffer.from(inflateRawSync(Buffer.from(kernelText, "base64"))).equals(kernelBytes())).toBe(true);
    expect(kernelSize).toBe(kernelBytes().length);
    expect(versionInPages()).toBe(packageVersion());
  });

  it("pages unpack no more than was announced", () => {
    const packed = Uint8Array.from(atob(kernelText), (letter) => letter.charCodeAt(0));
    expect(() => inflateRaw(packed, kernelSize - 1)).toThrow();
    expect(() => inflateRaw(packed.subarray(0, 100), kernelSize)).toThrow();
  });
});
