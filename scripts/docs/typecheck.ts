// Types of examples that are not files of the project: code blocks of documents, cells of notebooks, @example blocks.
import { fileURLToPath } from "node:url";
import path from "node:path";
import ts from "typescript";

/** A piece of code and where it stands. */
export interface Example {
  readonly name: string;
  readonly code: string;
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What the names mean that examples import; `tslab` is the notebooks' kernel, which is set up apart. */
const PATHS = {
  "dsqn": ["src/index.ts"],
  "dsqn/report": ["src/report/index.ts"],
  "dsqn/jobs": ["src/jobs/index.ts"],
  "dsqn/notebook": ["src/notebook/index.ts"],
  "dsqn/thesis": ["thesis/index.ts"],
  "dsqn/web": ["src/web/index.ts"],
};
const TSLAB = `declare module "tslab" {
  export const display: Record<"svg" | "html" | "markdown" | "text", (content: string) => void> & { png(bytes: Uint8Array): void };
}`;

/** What a page has, as far as examples use it. */
const PAGE = `declare const Worker: new (url: URL, options?: { type: "module" }) => import("dsqn/web").TrainingWorker;`;

/** What TypeScript has to say about the examples, a line each; all of them are checked as modules of one program. */
export function typeErrors(examples: readonly Example[]): string[] {
  const { config } = ts.readConfigFile(path.join(root, "tsconfig.json"), (file) => ts.sys.readFile(file)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const files = new Map([
    [path.join(root, "examples", "tslab.d.ts"), TSLAB],
    [path.join(root, "examples", "page.d.ts"), PAGE],
  ]);
  const names = new Map<string, string>();
  examples.forEach(({ name, code }, i) => {
    const file = path.join(root, "examples", `${i}.ts`);
    files.set(file, `${code}\nexport {};\n`);
    names.set(file, name);
  });
  const settings: ts.CompilerOptions = {
    ...options,
    noEmit: true,
    rootDir: root,
    noUnusedLocals: false,
    verbatimModuleSyntax: false,
    baseUrl: root,
    paths: PATHS,
  };
  const host = ts.createCompilerHost(settings);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (file) => files.has(file) || fileExists(file);
  host.readFile = (file) => files.get(file) ?? readFile(file);
  host.getSourceFile = (file, ...rest) => {
    const text = files.get(file);
    return text === undefined
      ? getSourceFile(file, ...rest)
      : ts.createSourceFile(file, text, {
          languageVersion: ts.ScriptTarget.ES2022,
          impliedNodeFormat: ts.ModuleKind.ESNext,
        });
  };
  const program = ts.createProgram([...files.keys()], settings, host);
  return [...names].flatMap(([file, name]) =>
    ts.getPreEmitDiagnostics(program, program.getSourceFile(file)).map(({ start = 0, messageText }) => {
      const { line } = program.getSourceFile(file)!.getLineAndCharacterOfPosition(start);
      return `${name}, line ${line + 1}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
    }),
  );
}
