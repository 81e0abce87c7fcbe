import { describe, expect, it } from "@jest/globals";
import { execa } from "execa";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const entries = [
  "src/index.ts",
  "src/report/index.ts",
  "src/jobs/index.ts",
  "src/notebook/index.ts",
  "thesis/index.ts",
].map((name) => fileURLToPath(new URL(`../../${name}`, import.meta.url)));

describe("what the library exports", () => {
  it("is documented, every symbol of it", () => {
    const { config } = ts.readConfigFile(fileURLToPath(new URL("../../tsconfig.json", import.meta.url)), (path) =>
      ts.sys.readFile(path),
    ) as {
      config: { compilerOptions: object };
    };
    const { options } = ts.convertCompilerOptionsFromJson(
      config.compilerOptions,
      fileURLToPath(new URL("../..", import.meta.url)),
    );
    const program = ts.createProgram(entries, { ...options, noEmit: true });
    const checker = program.getTypeChecker();
    const undocumented = entries
      .flatMap((entry) => checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)!)!))
      .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
      .filter((symbol) => symbol.getDocumentationComment(checker).length === 0)
      .map((symbol) => `${symbol.name} (${symbol.declarations?.[0].getSourceFile().fileName ?? "?"})`);
    expect(undocumented).toEqual([]);
  });

  it("has a reference made of it: npm run docs:api", async () => {
    const folder = mkdtempSync(join(tmpdir(), "dsqn-api-"));
    try {
      const typedoc = fileURLToPath(new URL("../../node_modules/typedoc/bin/typedoc", import.meta.url));
      const { exitCode, stderr } = await execa(process.execPath, [typedoc, "--out", folder], {
        cwd: fileURLToPath(new URL("../..", import.meta.url)),
        reject: false,
      });
      expect([exitCode, stderr]).toEqual([0, expect.any(String)]);
      expect(readFileSync(join(folder, "functions", "src.convert.html"), "utf8")).toContain("balancedConversion");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }, 300_000);
});
