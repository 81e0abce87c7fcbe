// tier: python
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { execa } from "execa";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type Block, blocksOf, commandsOf, documents, dsqnCommand } from "../../scripts/docs/blocks.ts";
import { typeErrors } from "../../scripts/docs/typecheck.ts";
import { ensurePython } from "../../src/setup/python-environment.ts";
import { exampleFolder, root, runExamples } from "./running.ts";

const blocks = documents.flatMap(blocksOf);
const nameOf = ({ document, line }: Block): string => `${document}, line ${line}`;
const inLanguage = (...languages: string[]): Block[] => blocks.filter(({ language }) => languages.includes(language));
const shell = inLanguage("sh", "bash", "console");

/** One folder per document: what an earlier block writes, a later one finds. */
const folders = new Map(documents.map((document) => [document, exampleFolder()]));
const folderOf = ({ document }: Block): string => folders.get(document)!.path;
afterAll(() => folders.forEach((folder) => folder.remove()));

/** A Python block that begins with "# path/to/file.py" is that file. */
const fileName = ({ code }: Block): string | undefined => /^# ([\w/-]+\.py)\n/.exec(code)?.[1];

describe("code blocks", () => {
  it("name their language, so that something runs them", () => {
    const known = ["ts", "sh", "bash", "console", "python", "json", ""];
    expect(blocks.filter(({ language }) => !known.includes(language)).map(nameOf)).toEqual([]);
    const commands = blocks.filter(
      ({ language, code }) => language === "" && /^\s*(?:npm|npx|dsqn [a-z]+ |import )/m.test(code),
    );
    expect(commands.map(nameOf)).toEqual([]);
  });

  it("that don't run say why", () => {
    for (const block of blocks)
      if (block.notRun !== undefined) expect(`${nameOf(block)}: ${block.notRun}`).toMatch(/: \S.{12,}/);
  });

  it("are fenced: an indented command would run nowhere", () => {
    const indented = documents.filter((document) =>
      /^ {4}(?:npm|npx|dsqn) /m.test(
        readFileSync(path.join(root, document), "utf8").replace(/^( *)```[\s\S]*?^\1```/gm, ""),
      ),
    );
    expect(indented).toEqual([]);
  });

  it("in JSON can be read", () => {
    for (const { code } of inLanguage("json")) expect(() => JSON.parse(code) as unknown).not.toThrow();
  });
});

describe("blocks in TypeScript", () => {
  const all = inLanguage("ts");
  const running = all.filter(({ notRun }) => notRun === undefined);
  let outcomes: Map<string, string | null>;
  beforeAll(async () => {
    for (const block of inLanguage("python")) {
      const file = fileName(block);
      if (!file) continue;
      mkdirSync(path.join(folderOf(block), path.dirname(file)), { recursive: true });
      writeFileSync(path.join(folderOf(block), file), block.code);
    }
    outcomes = await runExamples(
      running.map((block) => ({ name: nameOf(block), code: block.code, folder: folderOf(block) })),
    );
  }, 600_000);

  it("have the types that the library has", () => {
    expect(typeErrors(all.map((block) => ({ name: nameOf(block), code: block.code })))).toEqual([]);
  });

  it.each(running.map(nameOf))("%s runs", (name) => {
    expect(outcomes.get(name)).toBeNull();
  });
});

describe("blocks in Python", () => {
  it("are Python, and run unless they are files of an example", async () => {
    const { python } = await ensurePython(["base", "nest"]);
    for (const block of inLanguage("python")) {
      const program =
        block.notRun !== undefined || fileName(block)
          ? `compile(${JSON.stringify(block.code)}, "block", "exec")`
          : block.code;
      const { exitCode, stderr } = await execa(python, ["-c", program], {
        cwd: folderOf(block),
        env: { PYTHONPATH: path.join(root, "py-bridge") },
        reject: false,
      });
      expect([nameOf(block), exitCode, stderr]).toEqual([nameOf(block), 0, expect.any(String)]);
    }
  });
});

describe("shell blocks", () => {
  const running = shell.filter(({ notRun }) => notRun === undefined);

  it("that run hold commands of dsqn only: others say why they don't run", () => {
    const others = running.flatMap((block) =>
      commandsOf(block)
        .filter((command) => !dsqnCommand(command))
        .map((command) => `${nameOf(block)}: ${command}`),
    );
    expect(others).toEqual([]);
  });

  it.each(running.map((block) => [nameOf(block), block] as const))(
    "%s runs",
    async (_, block) => {
      for (const command of commandsOf(block)) {
        const { env, args } = dsqnCommand(command)!;
        const { exitCode, stderr } = await execa(process.execPath, [path.join(root, "scripts/dsqn.mjs"), ...args], {
          cwd: folderOf(block),
          env,
          reject: false,
        });
        expect([command, exitCode, stderr.slice(-600)]).toEqual([command, 0, expect.any(String)]);
      }
    },
    600_000,
  );
});
