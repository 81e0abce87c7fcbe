import { describe, expect, it } from "@jest/globals";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { readyTslab } from "../../src/setup/tslab.mjs";

const recipe = fileURLToPath(new URL("../../src/setup/tslab/", import.meta.url));
const lock = readFileSync(path.join(recipe, "package-lock.json"), "utf8");

describe("the notebooks' kernel", () => {
  it("is locked with a hash for every package, and no address", () => {
    const { packages } = JSON.parse(lock) as { packages: Record<string, { integrity?: string; resolved?: string }> };
    const names = Object.keys(packages).filter((name) => name !== "");
    expect(names).toContain("node_modules/tslab");
    for (const name of names)
      expect([name, packages[name].integrity, packages[name].resolved]).toEqual([
        name,
        expect.stringMatching(/^sha512-/),
        undefined,
      ]);
  });

  it("is not taken for ready where the folder is empty, or holds another lock's packages", () => {
    const home = mkdtempSync(path.join(tmpdir(), "dsqn-tslab-"));
    try {
      const env = { DSQN_HOME: home };
      expect(readyTslab(env)).toBeUndefined();
      mkdirSync(path.join(home, "tslab", "node_modules"), { recursive: true });
      writeFileSync(path.join(home, "tslab", "package-lock.json"), lock);
      expect(readyTslab(env)).toBeUndefined();
    } finally {
      rmSync(home, { recursive: true });
    }
  });

  it("brings no tsc into our own node_modules, where it would hide ours", () => {
    const { version } = JSON.parse(
      readFileSync(fileURLToPath(new URL("../../node_modules/typescript/package.json", import.meta.url)), "utf8"),
    ) as { version: string };
    expect(version).toMatch(/^5\.9\./);
    const own = JSON.parse(
      readFileSync(fileURLToPath(new URL("../../package-lock.json", import.meta.url)), "utf8"),
    ) as { packages: object };
    expect(Object.keys(own.packages).filter((name) => /tslab/.test(name))).toEqual([]);
  });
});
