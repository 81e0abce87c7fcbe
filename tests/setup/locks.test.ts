import { readFileSync } from "node:fs";
import { CONDA_PYTHON, environmentYaml, pinned } from "../../scripts/lock/conda.mjs";
import { extraNames, extras, lockFile, pins } from "../../src/setup/extras.mjs";

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
const pyproject = read("py-bridge/pyproject.toml");

function requirements(name: string): string[] {
  const line = new RegExp(`^${name} = \\[(.*)\\]$`, "m").exec(pyproject);
  return Array.from((line?.[1] ?? "").matchAll(/"([^"]+)"/g), ([, text]) => text);
}
const wanted: Record<string, string[]> = Object.fromEntries(extraNames.map((extra) => [extra, requirements(extra)]));
wanted.base.unshift(...requirements("dependencies"));

describe.each(extraNames)("the lock of %s", (extra) => {
  const text = readFileSync(lockFile(extra), "utf8");

  it("has a hash for every pin, and no address", () => {
    const entries = text.split(/\n(?=[a-z])/i).filter((entry) => !entry.startsWith("#"));
    expect(entries).toHaveLength(pins(extra).length);
    for (const entry of entries) expect(entry).toMatch(/^[\w.-]+==\S+.*\\\n\s+--hash=sha256:[0-9a-f]{64}/);
    expect(text).not.toMatch(/https?:|--(?:extra-)?index-url|--find-links|@ /);
  });

  it("holds what pyproject.toml asks for", () => {
    for (const requirement of wanted[extra]) {
      const [, name, version] = /^([\w.-]+)(?:\[[^\]]*\])?(?:==([^;]+))?(?:;.*)?$/.exec(requirement) ?? [];
      const found = pins(extra).filter((pin) => pin.name.toLowerCase() === name.toLowerCase());
      expect(found.map((pin) => pin.version)).not.toEqual([]);
      if (version) expect(found.map((pin) => pin.version)).toEqual([version]);
    }
  });

  it("is what the set-up looks for in an interpreter of the user's", () => {
    const names = wanted[extra].map((text) => /^[\w.-]+/.exec(text)?.[0].toLowerCase());
    for (const { distribution } of extras[extra as keyof typeof extras].needs)
      expect(names).toContain(distribution.toLowerCase());
  });
});

describe("the locks together", () => {
  it("agree on every version, so that all extras fit into one environment", () => {
    const versions = new Map<string, string>();
    for (const extra of extraNames)
      for (const { name, version, marker } of pins(extra)) {
        const key = `${name} ${marker}`;
        expect(`${key} ${versions.get(key) ?? version}`).toBe(`${key} ${version}`);
        versions.set(key, version);
      }
  });

  it("pin numpy for every supported Python", () => {
    for (const minor of ["3.10", "3.11", "3.12", "3.13"]) expect(pinned("numpy", minor)).toMatch(/^2\./);
  });
});

describe("environment.yml", () => {
  it("has the locks' versions", () => {
    expect(read("environment.yml")).toBe(environmentYaml(wanted));
    expect(read("environment.yml")).toContain(`python=${CONDA_PYTHON}`);
    expect(read("environment.yml")).not.toContain("undefined");
  });
});
