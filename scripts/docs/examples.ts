// The @example blocks of what the library exports, as programs that run.
import path from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import type { Example } from "./typecheck.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

const entries = {
  "dsqn": "src/index.ts",
  "dsqn/report": "src/report/index.ts",
  "dsqn/jobs": "src/jobs/index.ts",
  "dsqn/notebook": "src/notebook/index.ts",
  "dsqn/thesis": "thesis/index.ts",
};

/** What an example may take for given; each is made only for those that name it. */
const GIVEN: Readonly<Record<string, string>> = {
  network: `const network = await loadSpikingNetwork("models/cartpole-dqn-converted.safetensors");`,
  dqn: `const dqn = await loadDenseNetwork("models/cartpole-dqn.safetensors");`,
  states: `const { states } = await loadReplay("models/cartpole-dqn-replay");`,
  observations: `const observations = Float32Array.of(0.1, 0, -0.1, 0, 0, 0.2, 0.05, 0);`,
  state: `const state = Float32Array.of(0.1, 0, -0.1, 0);`,
  returns: `const returns = Array.from({ length: 40 }, (_, i) => 10 + i);`,
  display: `const display = { svg(_: string): void {}, markdown(_: string): void {} };`,
};

/** Every @example with the imports and the givens that it needs in front. */
export function examples(): Example[] {
  const { config } = ts.readConfigFile(path.join(root, "tsconfig.json"), (file) => ts.sys.readFile(file)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const files = Object.values(entries).map((file) => path.join(root, file));
  const program = ts.createProgram(files, { ...options, noEmit: true });
  const checker = program.getTypeChecker();
  const home = new Map<string, string>();
  const found = new Map<string, string>();
  for (const [module, file] of Object.entries(entries))
    for (const symbol of checker.getExportsOfModule(
      checker.getSymbolAtLocation(program.getSourceFile(path.join(root, file))!)!,
    )) {
      if (!home.has(symbol.name)) home.set(symbol.name, module);
      const real = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      for (const tag of real.getJsDocTags(checker))
        if (tag.name === "example") found.set(symbol.name, codeOf(ts.displayPartsToString(tag.text)));
    }
  return [...found].map(([name, code]) => ({ name: `@example of ${name}`, code: complete(code, home) }));
}

/** Up to an empty line that a sentence follows ("Errors: ..."), and without a fence. */
function codeOf(text: string): string {
  return text
    .replace(/^```\w*\n|\n```\s*$/g, "")
    .split(/\n\s*\n(?=[A-Z][a-z]+:? )/)[0]
    .trim();
}

function complete(example: string, home: ReadonlyMap<string, string>): string {
  let code = example;
  const declared = (name: string): boolean =>
    new RegExp(`(?:const|let|function|class)\\s+(?:\\{[^}]*\\b)?${name}\\b`).test(example);
  const used = (name: string, text: string): boolean =>
    new RegExp(`(?<![\\w"']|(?<!\\.\\.)\\.)${name}\\b(?!["':])`).test(text);
  for (const [name, given] of Object.entries(GIVEN))
    if (used(name, example) && !declared(name)) code = `${given}\n${code}`;
  const imports = new Map<string, string[]>();
  for (const [name, module] of home)
    if (used(name, code) && !declared(name)) imports.set(module, [...(imports.get(module) ?? []), name]);
  return [...[...imports].map(([module, names]) => `import { ${names.join(", ")} } from "${module}";`), code].join(
    "\n",
  );
}
