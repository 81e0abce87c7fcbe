#!/usr/bin/env node
// npm run build: dist/src and dist/thesis from the sources: TypeScript compiled, everything else (kernels, set-up) copied; dist/web: the pages.
import { cpSync, rmSync } from "node:fs";
import path from "node:path";
import { explain, render } from "../src/setup/errors.mjs";
import { root } from "../src/setup/home.mjs";
import { buildKernels, kernelsStale } from "../src/setup/kernels.mjs";
import { run } from "../src/setup/process.mjs";

const dist = path.join(root, "dist");
const assembly = path.join(root, "src", "engines", "fast", "kernels", "assembly");
const pages = path.join(root, "src", "web", "pages");

try {
  if (kernelsStale()) await buildKernels();
  rmSync(dist, { recursive: true, force: true });
  const tsc = path.join(root, "node_modules", "typescript", "bin", "tsc");
  const { code, output } = await run(process.execPath, [tsc, "-p", "tsconfig.json"], { cwd: root });
  if (code !== 0) throw explain("Compiling", output, {});
  cpSync(path.join(root, "src"), path.join(dist, "src"), {
    recursive: true,
    filter: (file) => !file.startsWith(assembly) && !file.startsWith(pages) && !file.endsWith(".ts"),
  });
  const bundled = await run(process.execPath, ["--import", "./scripts/register-ts.mjs", "scripts/web/pages.ts"], {
    cwd: root,
  });
  if (bundled.code !== 0) throw explain("Bundling the pages", bundled.output, {});
} catch (error) {
  process.stderr.write(render(error));
  process.exitCode = 1;
}
