import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

describe("the loader of TypeScript sources", () => {
  let folder: string;
  beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), "dsqn-loader-"))));
  afterAll(() => rmSync(folder, { recursive: true }));

  function runs(name: string, source: string) {
    const file = path.join(folder, name);
    writeFileSync(file, source);
    return spawnSync(process.execPath, ["--import", "./scripts/register-ts.mjs", file], {
      cwd: root,
      encoding: "utf8",
    });
  }

  it("never runs what a changed file used to be", () => {
    const source = (text: string) =>
      `interface A { readonly a: string }\nconst x: A = { a: "${text}" };\nconsole.log(x.a);\n`;
    for (const text of ["one", "two", "two", "one"]) expect(runs("changes.ts", source(text)).stdout).toBe(`${text}\n`);
  });

  it("points errors at the lines of the source, cached or not", () => {
    const source =
      "interface A {\n  readonly a: string;\n}\n\nconst fail = (a: A): never => {\n  throw new Error(a.a);\n};\nfail({ a: 'x' });\n";
    for (let i = 0; i < 2; i++) expect(runs("fails.ts", source).stderr).toMatch(/fails\.ts:6:\d+/);
  });

  it("says where the syntax is wrong", () => {
    const { status, stderr } = runs("broken.ts", "const x: = 1;\n");
    expect(status).not.toBe(0);
    expect(stderr).toContain("broken.ts");
  });
});
