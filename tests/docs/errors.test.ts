import { describe, expect, it } from "@jest/globals";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { errorCodes } from "./codes.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = readFileSync(`${root}/docs/errors.md`, "utf8");
const documented = [...page.matchAll(/^### (\w+)\n\n?((?:.+\n)*)/gm)].map(([, code, text]) => ({
  code,
  text: text.replaceAll("\n", " "),
}));

describe("docs/errors.md", () => {
  it("has every code of the sources, and no other", () => {
    const used = errorCodes(root);
    const known = new Set(documented.map(({ code }) => code));
    expect([...used].filter(([code]) => !known.has(code)).map(([code, file]) => `${code} (${file})`)).toEqual([]);
    expect([...known].filter((code) => !used.has(code) && code !== "INTERNAL" && code !== "INTERRUPTED")).toEqual([]);
  });

  it("names each code once, and says what to do", () => {
    expect(new Set(documented.map(({ code }) => code)).size).toBe(documented.length);
    for (const { code, text } of documented) expect(`${code}: ${text}`).toMatch(/: .{10,} \*\*What to do:\*\* .{8,}/);
  });
});
