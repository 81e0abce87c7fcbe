// Executes notebooks headlessly and compares what they put out with what they were committed with.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { differences } from "./compare.ts";
import { fromMarkdown, type Notebook, serialise, withOutputs } from "./notebook.ts";

const folder = new URL("../../notebooks-ts/", import.meta.url);

/** Those that `npm test` executes: the quickest that go through everything, from training to NEST. */
export const fastSubset = ["1-dqn-training", "certificate-explained"];

/** Longest that a single cell may take, in seconds. */
const CELL_SECONDS = 600;

/**
 * What a notebook cannot do without: "<!-- needs: models/a.safetensors, DSQN_TORCH_PYTHON -->" on its source's first line, files and
 * variables of the environment.
 */
const needs = (name: string): string[] =>
  /^<!-- needs: (.*?) -->/.exec(readFileSync(new URL(`source/${name}.md`, folder), "utf8"))?.[1].split(/,\s*/) ?? [];

const isThere = (need: string): boolean =>
  /^[A-Z_]+$/.test(need) ? Boolean(process.env[need]) : existsSync(new URL(`../${need}`, folder));

/** What of its needs is not here. */
export const lacks = (name: string): string | undefined => needs(name).find((need) => !isThere(need));

/** The notebooks that can't be executed here. */
export function skippedNames(): string[] {
  const names = readdirSync(new URL("source/", folder)).filter((name) => name.endsWith(".md"));
  return names.map((name) => name.slice(0, -".md".length)).filter((name) => lacks(name) !== undefined);
}

/** The notebooks that can be executed here, in the order in which to read them: the numbered ones first. */
export function notebookNames(): string[] {
  const names = readdirSync(new URL("source/", folder)).filter((name) => name.endsWith(".md"));
  return names
    .map((name) => name.slice(0, -".md".length))
    .filter((name) => lacks(name) === undefined)
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

/** As its source has it, without outputs. */
export const built = (name: string): Notebook =>
  fromMarkdown(readFileSync(new URL(`source/${name}.md`, folder), "utf8").replace(/^<!-- needs: .*? -->\n/, ""));

export const fileOf = (name: string): URL => new URL(`${name}.ipynb`, folder);

/** As committed, if it is. */
export function committed(name: string): Notebook | undefined {
  return existsSync(fileOf(name)) ? (JSON.parse(readFileSync(fileOf(name), "utf8")) as Notebook) : undefined;
}

/** Where execution stands. */
export interface CheckOptions {
  readonly python: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  readonly onCell?: (cell: number, of: number) => void;
}

/** An execution: the notebook with its outputs, and what went wrong. */
export interface Execution {
  readonly notebook: Notebook;
  readonly error: string | undefined;
  readonly seconds: number;
}

/** Executes the notebook of that name, as its source has it, on a copy. */
export async function execute(name: string, { python, env, signal, onCell }: CheckOptions): Promise<Execution> {
  const started = performance.now();
  const place = mkdtempSync(path.join(tmpdir(), "dsqn-notebook-"));
  try {
    const notebook = built(name);
    const [source, target] = ["in.ipynb", "out.ipynb"].map((file) => path.join(place, file));
    writeFileSync(source, serialise(notebook));
    const program = path.join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "execute.py");
    const child = spawn(python, [program, source, target, String(CELL_SECONDS)], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const stop = (): void => void child.kill("SIGTERM");
    signal?.addEventListener("abort", stop, { once: true });
    let error: string | undefined;
    let noise = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (noise = (noise + text).slice(-4000)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (!line.startsWith("{")) return;
      const said = JSON.parse(line) as { cell?: number; of?: number; error?: string };
      if (said.error !== undefined) error = said.cell ? `cell ${said.cell}: ${said.error.trim()}` : said.error;
      else onCell?.(said.cell!, said.of!);
    });
    const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
    signal?.removeEventListener("abort", stop);
    signal?.throwIfAborted();
    if (code !== 0) error ??= noise.trim() || `the execution ended with code ${code}`;
    const executed = existsSync(target) ? (JSON.parse(readFileSync(target, "utf8")) as Notebook) : notebook;
    return { notebook: withOutputs(notebook, executed), error, seconds: (performance.now() - started) / 1000 };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** What is wrong with an execution, a line each: its error, or where it differs from what is committed. */
export function problems(name: string, { notebook, error }: Execution): string[] {
  if (error !== undefined) return [error];
  const before = committed(name);
  return before
    ? differences(before, notebook)
    : ["there is no executed notebook to compare with: --update writes one"];
}
