import { describe, expect, it } from "@jest/globals";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const entries = ["index.ts", "report/index.ts", "jobs/index.ts", "notebook/index.ts"].map((name) =>
  fileURLToPath(new URL(`../../src/${name}`, import.meta.url)),
);

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
      .map(
        (symbol) => `${symbol.name} (${symbol.declarations?.[0].getSourceFile().fileName.split("/src/")[1] ?? "?"})`,
      );
    expect(undocumented).toEqual([]);
  }, 60_000);
});
