import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { DsqnError, UsageError } from "../../errors.ts";
import { isClone, root } from "../../setup/index.mjs";
import { css } from "./css.ts";
import { certificatePage } from "./markup/certificate.ts";
import { convertPage } from "./markup/convert.ts";
import { trainPage } from "./markup/train.ts";
import { watchPage } from "./markup/watch.ts";
import { forBrowsers } from "./stepper.ts";

const pages = path.join(root, "src/web/pages");
/** What an installed package brings instead of the sources. */
const shipped = path.join(root, "dist/web");

/** Scripts of the pages, and of their workers. */
const SCRIPTS = ["watch", "train", "certificate", "convert", "learner", "checker", "converter"];
/** Of models/. */
const MODELS = [
  ...["cartpole-dsqn", "cartpole-dqn-converted", "cartpole-thrift", "cartpole-dqn"],
  ...["mountaincar-dsqn", "mountaincar-dqn-converted", "mountaincar-thrift"],
  ...["breakout-thrift", "breakout-dsqn"],
];
const REPLAY = "cartpole-dqn-replay";

/** What pages were made of, file by file. */
export interface Built {
  readonly folder: string;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

/**
 * Writes the pages into `folder`, to be served by any host of files: every address in them is relative. In a clone they are bundled by
 * esbuild; an installed package brings them bundled.
 *
 * Errors: OUTPUT_TAKEN (a folder with files that are not pages of dsqn), WEB_NOT_BUILT.
 */
export async function buildPages(folder: string): Promise<Built> {
  await refuseOthers(folder);
  await rm(folder, { recursive: true, force: true });
  if (isClone) await bundlePages(folder);
  else await cp(shipped, folder, { recursive: true }).catch(notBuilt);
  const data = path.join(folder, "data");
  await mkdir(data, { recursive: true });
  const models = path.join(root, "models");
  for (const name of MODELS) await cp(path.join(models, `${name}.safetensors`), path.join(data, `${name}.safetensors`));
  await cp(path.join(models, REPLAY), path.join(data, REPLAY), { recursive: true });
  return listed(folder);
}

/** The pages without the models that they load: what a package brings. */
export async function bundlePages(folder: string): Promise<void> {
  const esbuild = await import("esbuild").catch(notBuilt);
  await esbuild.build({
    ...forBrowsers,
    entryPoints: [
      ...SCRIPTS.map((name) => ({ in: path.join(pages, name, "main.ts"), out: name })),
      { in: path.join(root, "src/engines/fast/kernels/thread.mjs"), out: "thread" },
    ],
    outdir: folder,
    splitting: true,
    format: "esm",
    chunkNames: "part-[hash]",
  });
  const markup = { index: watchPage, train: trainPage, certificate: certificatePage, convert: convertPage };
  for (const [name, page] of Object.entries(markup)) await writeFile(path.join(folder, `${name}.html`), page);
  await writeFile(path.join(folder, "style.css"), css);
  await writeFile(path.join(folder, "icon.svg"), icon);
  await cp(path.join(pages, "assets"), path.join(folder, "data"), { recursive: true });
}

function notBuilt(cause: unknown): never {
  throw new DsqnError("WEB_NOT_BUILT", "The pages are not built, and what builds them is not here.", {
    cause,
    hint: 'In a clone: "npm ci", then "dsqn web" again.',
  });
}

/** A spike. */
const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#15181d"/><path d="M4 21h6l2-3 3-12 4 20 2-7 1 2h6" fill="none" stroke="#ff9a5c" stroke-width="2.6" stroke-linejoin="round" stroke-linecap="round"/></svg>`;

async function listed(folder: string): Promise<Built> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = await Promise.all(
    names
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const file = path.join(entry.parentPath ?? entry.path, entry.name);
        return { name: path.relative(folder, file).replaceAll(path.sep, "/"), bytes: (await readFile(file)).length };
      }),
  );
  return { folder, files: files.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** A folder is replaced as a whole, so it has to be empty, or pages that were written before. */
async function refuseOthers(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  if (names.length === 0) return;
  const index = await readFile(path.join(folder, "index.html"), "utf8").catch(() => "");
  if (index.includes('<meta name="generator" content="dsqn"')) return;
  throw new UsageError("OUTPUT_TAKEN", `${folder} holds files that dsqn did not write: nothing was written.`, {
    hint: "Choose an empty folder with --out.",
    facts: { path: folder },
  });
}
