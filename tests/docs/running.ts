import { execa } from "execa";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

const sources: Record<string, string> = {
  "dsqn": "src/index.ts",
  "dsqn/report": "src/report/index.ts",
  "dsqn/jobs": "src/jobs/index.ts",
  "dsqn/notebook": "src/notebook/index.ts",
  "dsqn/thesis": "thesis/index.ts",
};

/** A folder for examples to run in: the models are there, and what they write goes when it is removed. */
export function exampleFolder(): { readonly path: string; remove(): void } {
  const folder = mkdtempSync(path.join(tmpdir(), "dsqn-example-"));
  symlinkSync(path.join(root, "models"), path.join(folder, "models"));
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A program with "dsqn" being the sources. */
export const resolved = (code: string): string =>
  code.replace(
    /from "(dsqn[/\w]*)"/g,
    (_, from: string) => `from ${JSON.stringify(pathToFileURL(path.join(root, sources[from])).href)}`,
  );

/** Runs programs one after the other in one process, and says for each what went wrong, or null. */
export async function runExamples(
  programs: readonly { readonly name: string; readonly code: string; readonly folder: string }[],
): Promise<Map<string, string | null>> {
  const place = mkdtempSync(path.join(tmpdir(), "dsqn-programs-"));
  try {
    const list = programs.map(({ name, code, folder }, i) => {
      const file = path.join(place, `${i}.ts`);
      writeFileSync(file, `${resolved(code)}\nexport {};\n`);
      return { name, file, folder };
    });
    writeFileSync(path.join(place, "list.json"), JSON.stringify(list));
    const { stdout, stderr } = await execa(
      process.execPath,
      [path.join(root, "tests/docs/run-examples.mjs"), path.join(place, "list.json")],
      {
        reject: false,
      },
    );
    const results = Array.from(
      stdout.matchAll(/^@@(.*)$/gm),
      ([, line]) => JSON.parse(line) as { name: string; error: string | null },
    );
    const known = new Map(results.map(({ name, error }) => [name, error]));
    return new Map(
      programs.map(({ name }) => [name, known.has(name) ? known.get(name)! : `never ended: ${stderr.slice(-500)}`]),
    );
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
