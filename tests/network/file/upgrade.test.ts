import { describe, expect, it } from "@jest/globals";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeSafetensors } from "../../../src/files/safetensors.ts";
import { loadModel } from "../../../src/network/file/model.ts";
import { dsqn } from "../../cli/run.ts";

const version = (file: string): string | undefined => decodeSafetensors(readFileSync(file), file).metadata["version"];

describe("upgrading a model file", () => {
  it.each(["cartpole-dqn", "converted", "leaky"])(
    "%s: import reads the oldest, and writes the newest",
    async (name) => {
      const folder = mkdtempSync(join(tmpdir(), "dsqn-upgrade-"));
      try {
        const [old, out] = [`tests/fixtures/models-v1/${name}.safetensors`, join(folder, "new.safetensors")];
        const { code } = await dsqn("import", old, "--out", out);
        expect([code, version(old) ?? "1", version(out)]).toEqual([0, "1", "2"]);
        expect((await loadModel(out)).network).toEqual((await loadModel(old)).network);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  );
});
