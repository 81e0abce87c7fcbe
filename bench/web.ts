import { build } from "esbuild";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { UsageError } from "../src/errors.ts";
import { startBrowser } from "../tests/web/chromium.ts";
import { type BenchOptions, median, type Row } from "./measure.ts";

interface Work {
  decisions(bytes: Uint8Array, count: number, steps: boolean): number;
  learning(): Promise<number>;
}

/** One figure: the same bundle at the same work, in a page and in this Node. */
interface Figure {
  readonly name: string;
  readonly target: string;
  readonly here: (work: Work, bytes: Uint8Array) => number | Promise<number>;
  readonly there: (page: Page, bytes: number[]) => Promise<number>;
}

type Global = { work: Work };
const DECISIONS = 200_000;
const figures: readonly Figure[] = [
  {
    name: "decisions of CartPole's DSQN, T 20 (Chromium / Node)",
    target: "at least 0.9 x",
    here: (work, bytes) => work.decisions(bytes, DECISIONS, false),
    there: (page, bytes) =>
      page.evaluate(
        ([data, count]) => (globalThis as unknown as Global).work.decisions(Uint8Array.from(data), count, false),
        [bytes, DECISIONS] as const,
      ),
  },
  {
    name: "decisions and the world's steps (Chromium / Node)",
    target: "at least 0.9 x",
    here: (work, bytes) => work.decisions(bytes, DECISIONS, true),
    there: (page, bytes) =>
      page.evaluate(
        ([data, count]) => (globalThis as unknown as Global).work.decisions(Uint8Array.from(data), count, true),
        [bytes, DECISIONS] as const,
      ),
  },
  {
    name: "environment steps of a DSQN that learns CartPole (Chromium / Node)",
    target: "at least 0.9 x",
    here: (work) => work.learning(),
    there: (page) => page.evaluate(() => (globalThis as unknown as Global).work.learning()),
  },
];

/** dsqn/web in Chromium against the same bundle in Node, which take turns in every round. */
export default async function bench({ rounds = 9, signal, onProgress }: BenchOptions): Promise<Row[]> {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), "dsqn-bench-web-"));
  const started = await startBrowser();
  if ("reason" in started)
    throw new UsageError("BAD_ARGUMENT", `There is no Chromium to measure in (${started.reason}).`, {
      hint: "Name one with DSQN_CHROMIUM.",
    });
  try {
    const { outputFiles } = await build({
      entryPoints: [join(root, "bench/web/work.js")],
      bundle: true,
      format: "esm",
      write: false,
      alias: { "dsqn/web": join(root, "src/web/index.ts") },
    });
    const file = join(folder, "work.mjs");
    writeFileSync(file, outputFiles[0].contents);
    const work = (await import(pathToFileURL(file).href)) as Work;
    const page = await started.browser.newPage();
    await page.addScriptTag({
      type: "module",
      content: `${outputFiles[0].text.replace(/export \{([\s\S]*?)\};\s*$/, "globalThis.work = {$1};")}`,
    });
    await page.waitForFunction(() => "work" in globalThis);
    const bytes = readFileSync(join(root, "models/cartpole-dsqn.safetensors"));
    const rows: Row[] = [];
    for (const [k, { name, target, here, there }] of figures.entries()) {
      const [ours, peer]: [number[], number[]] = [[], []];
      for (let round = 0; round < rounds; round++) {
        signal?.throwIfAborted();
        onProgress?.({
          stage: "bench",
          done: k * rounds + round,
          total: figures.length * rounds,
          unit: "rounds",
          note: name,
        });
        peer.push(await here(work, bytes));
        ours.push(await there(page, [...bytes]));
      }
      const ratio = median(ours.map((one, round) => one / peer[round]));
      rows.push({ name, ours: median(ours), peer: median(peer), unit: "1/s", better: "higher", ratio, target });
    }
    return rows;
  } finally {
    await started.browser.close();
    rmSync(folder, { recursive: true });
  }
}
