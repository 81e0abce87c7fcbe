import { describe, expect, it } from "@jest/globals";
import { readFileSync } from "node:fs";
import { isTaken, npmPackages } from "../../scripts/checks/licences.ts";

const manifest = JSON.parse(readFileSync("package.json", "utf8")) as { dependencies: object; devDependencies: object };

describe("npm run licences", () => {
  it("knows the licence of every npm package of the lock, and each goes with MIT", () => {
    const packages = npmPackages();
    expect(packages.length).toBeGreaterThan(300);
    expect(packages.filter(({ licence }) => licence !== "unknown" && !isTaken(licence))).toEqual([]);
    // Packages for other platforms are not here to ask.
    const direct = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.devDependencies)];
    const named = packages.filter(({ name }) => direct.includes(name));
    expect(new Set(named.map(({ name }) => name)).size).toBe(direct.length);
    expect(named.filter(({ licence }) => licence === "unknown")).toEqual([]);
  });

  it.each([
    ["MIT", true],
    ["(MIT OR GPL-3.0)", true],
    ["MIT AND GPL-3.0", false],
    ["GPL-3.0-only", false],
    ["AGPL-3.0", false],
    ["UNLICENSED", false],
    ["SEE LICENSE IN LICENSE.txt", false],
    ["", false],
  ])("takes %s: %s", (licence, taken) => expect(isTaken(licence)).toBe(taken));
});
