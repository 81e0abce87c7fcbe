// npm run web:bundle: how large dsqn/web is in a page, by what a page imports. Sizes are those of minified modules, the kernels included.
import { build } from "esbuild";
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What pages import, and how many bytes of it may travel, gzipped. */
export const bundles = {
  "engine and model loader": { code: 'export { fastEngine, readModel } from "./src/web/index.ts";', limit: 60_000 },
  "everything": { code: 'export * from "./src/web/index.ts";', limit: 200_000 },
} as const;

/** The module that a bundler makes of `code` without configuration. */
export async function bundled(code: string, { resolveDir = root, minify = true } = {}): Promise<Uint8Array> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir, loader: "ts" },
    bundle: true,
    format: "esm",
    minify,
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0].contents;
}

export const gzipped = (bytes: Uint8Array): number => gzipSync(bytes, { level: 9 }).length;

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  for (const [name, { code, limit }] of Object.entries(bundles)) {
    const bytes = await bundled(code);
    process.stdout.write(`${name.padEnd(26)} ${bytes.length} bytes, ${gzipped(bytes)} gzipped (limit ${limit})\n`);
  }
