import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { referenceEngine } from "../src/engines/reference/index.ts";
import type { ImportedArchitecture } from "../src/formats/architecture.ts";
import type { ImportOptions } from "../src/formats/form.ts";
import { importNetwork } from "../src/formats/import.ts";

/** Small inputs out of other projects' bug reports, beside the repository. */
const CASES = process.env.DSQN_CASES ?? fileURLToPath(new URL("../../shared/cases", import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dsqn-cases-"));
  if (existsSync(CASES)) cpSync(CASES, folder, { recursive: true });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const json = (...path: string[]): unknown => JSON.parse(readFileSync(join(folder, ...path), "utf8"));

/** The outputs that the case's own framework computed. */
async function expectOutputs(name: string, file: string, options: ImportOptions = {}): Promise<readonly string[]> {
  const { network, assumed } = await importNetwork(join(folder, name, file), options);
  const observations = Float64Array.from((json(name, "x.json") as number[][]).flat(9));
  const wanted = (json(name, "expected.json") as number[][]).flat();
  const { outputs } = referenceEngine.load(network).run(observations);
  expect(outputs).toHaveLength(wanted.length);
  wanted.forEach((value, k) => expect(outputs[k]).toBeCloseTo(value, 5));
  return assumed;
}

(existsSync(CASES) ? describe : describe.skip)(
  `the files that people brought, in ${CASES} (skipped without them: set DSQN_CASES)`,
  () => {
    it.each([
      ["01-two-sequentials-order", "two-part.pt", "layers in the order of the file"],
      ["10-nested-checkpoint", "nested-model_state_dict.pt", "ReLU behind"],
      ["15-output-layer-without-number", "named-out.pt", "ReLU behind"],
      ["17-no-biases", "no-bias.pt", "ReLU behind"],
      ["20-dueling", "dueling.pt", "dueling streams"],
    ])("%s computes what torch computes, and says what it took for granted", async (name, file, assumed) => {
      expect((await expectOutputs(name, file)).join()).toContain(assumed);
    });

    it("29-average-pooling-padded computes what torch computes", async () => {
      const name = "29-average-pooling-padded";
      await expectOutputs(name, "net.pt", { architecture: json(name, "arch.json") as ImportedArchitecture });
    });

    it("03-two-sequentials-safetensors is refused, and right with --layers", async () => {
      const name = "03-two-sequentials-safetensors";
      await expect(expectOutputs(name, "net.safetensors")).rejects.toMatchObject({ code: "ORDER_UNKNOWN" });
      await expectOutputs(name, "net.safetensors", { layers: ["features.0", "features.2", "head.0", "head.2"] });
    });

    it.each([
      ["04-sb3-whole-policy", "policy.pth", "the target network is left out"],
      ["06-sb3-zip", "dqn.zip", "the target network is left out"],
      ["14-file-extensions", "seq.cleanrl_model", "ReLU behind"],
      ["18-tanh-network", "tanh.pt", "ReLU behind"],
      ["22-float8", "st-f8.safetensors", "ReLU behind"],
      ["24-h5-onnx-keras", "net.onnx", ""],
      ["24-h5-onnx-keras", "net.h5", ""],
    ])("%s: %s is taken, and what it leaves open is said", async (name, file, assumed) => {
      expect((await importNetwork(join(folder, name, file))).assumed.join()).toContain(assumed);
    });

    it("12-torchscript is refused with what to do", async () => {
      await expect(importNetwork(join(folder, "12-torchscript", "torchscript.pt"))).rejects.toMatchObject({
        code: "TORCHSCRIPT_UNSUPPORTED",
        hint: expect.stringContaining("torch.save("),
      });
    });

    it("27-kind-spiking-transposes: a state_dict's weights are [outputs, inputs] whatever the kind", async () => {
      const path = join(folder, "27-kind-spiking-transposes", "snn-square.pt");
      const [spiking, dense] = [
        await importNetwork(path, { kind: "spiking" }),
        await importNetwork(path, { kind: "dense" }),
      ];
      expect(spiking.network.layers.map(({ weights }) => weights)).toEqual(
        dense.network.layers.map(({ weights }) => weights),
      );
    });
  },
);
