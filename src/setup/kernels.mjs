// The WASM kernels: built by scripts/build-kernels.mjs when their sources changed since the last build.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { explain } from "./errors.mjs";
import { managedHome, root } from "./home.mjs";
import { run } from "./process.mjs";

const builder = path.join(root, "scripts", "build-kernels.mjs");
const kernels = path.join(root, "src", "engines", "fast", "kernels");

/** The hash of everything that the kernels are made from. */
function sourcesHash() {
  const assembly = path.join(kernels, "assembly");
  const files = readdirSync(assembly, { recursive: true })
    .map(String)
    .filter((name) => /\.(ts|json)$/.test(name));
  const hash = createHash("sha256").update(readFileSync(builder));
  for (const name of files.sort()) hash.update(name).update(readFileSync(path.join(assembly, name)));
  return hash.digest("hex");
}

const stampFile = (env) => path.join(managedHome(env), "kernels.json");

/** Whether there is anything to build. The installed package brings its kernels with it. */
export function kernelsStale(env = process.env) {
  if (!existsSync(builder)) return false;
  try {
    const { sources, outputs } = JSON.parse(readFileSync(stampFile(env), "utf8"));
    return (
      sources !== sourcesHash() ||
      outputs.length === 0 ||
      !outputs.every((name) => existsSync(path.join(kernels, name)))
    );
  } catch {
    return true;
  }
}

export async function buildKernels({ env = process.env, signal } = {}) {
  const sources = sourcesHash();
  const { code, output } = await run(process.execPath, [builder], { cwd: root, env, signal });
  if (code !== 0) throw explain("Building the WASM kernels", output, { builder });
  const outputs = readdirSync(kernels).filter((name) => /\.(wasm|text\.ts)$/.test(name));
  await mkdir(managedHome(env), { recursive: true });
  await writeFile(stampFile(env), JSON.stringify({ sources, outputs }));
}
