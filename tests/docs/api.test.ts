import { describe, expect, it } from "@jest/globals";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const index = fileURLToPath(new URL("../../src/index.ts", import.meta.url));

describe("what the library exports", () => {
  it("is documented, every symbol of it", () => {
    const { config } = ts.readConfigFile(fileURLToPath(new URL("../../tsconfig.json", import.meta.url)), (path) => ts.sys.readFile(path)) as {
      config: { compilerOptions: object };
    };
    const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, fileURLToPath(new URL("../..", import.meta.url)));
    const program = ts.createProgram([index], { ...options, noEmit: true });
    const checker = program.getTypeChecker();
    const module = checker.getSymbolAtLocation(program.getSourceFile(index)!)!;
    const undocumented = checker
      .getExportsOfModule(module)
      .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
      .filter((symbol) => symbol.getDocumentationComment(checker).length === 0)
      .map((symbol) => `${symbol.name} (${symbol.declarations?.[0].getSourceFile().fileName.split("/src/")[1] ?? "?"})`);
    expect(undocumented).toEqual([]);
  }, 60_000);
});
