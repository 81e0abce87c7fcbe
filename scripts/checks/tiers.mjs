// Which tests belong to which tier. The first line of a test file says it: `// tier: python` needs the Python environment, `// tier: long` takes too
// long for every day; without such a line Node alone does.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { root } from "../../src/setup/home.mjs";

export const tiers = {
  fast: { holds: ["fast"], summary: "what needs Node alone" },
  all: { holds: ["fast", "python"], summary: "everything that must hold, pytest and linters included" },
  long: { holds: ["long"], summary: "what runs before a release" },
};

/** The tier of every test file, by its path from the root with forward slashes. */
export function testFiles() {
  return readdirSync(path.join(root, "tests"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => `tests/${name.split(path.sep).join("/")}`)
    .sort()
    .map((file) => {
      const [first] = readFileSync(path.join(root, file), "utf8").split("\n", 1);
      return { file, tier: /^\/\/ tier: (\w+)/.exec(first)?.[1] ?? "fast" };
    });
}

/** Arguments for Jest that leave out the files of other tiers. */
export function ignoring(tier) {
  const out = testFiles().filter((test) => !tiers[tier].holds.includes(test.tier));
  return out.flatMap(({ file }) => ["--testPathIgnorePatterns", `${file.replaceAll(".", "\\.")}$`]);
}
